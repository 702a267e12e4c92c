"""`open_table`: from whatever holds rows to a `Table`."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa

from hagane.data.column_type import type_columns
from hagane.data.engine import Engine
from hagane.data.fetch_files import fetch_files
from hagane.data.origin import Origin, digest_files
from hagane.data.query_files import is_query, whole_file
from hagane.data.readers import DATABASES, READERS
from hagane.data.readers.bigquery_query import read_bigquery_query
from hagane.data.readers.frame import is_frame, read_frame
from hagane.data.readers.query import read_query
from hagane.data.readers.rows import read_rows
from hagane.data.source_files import find_files, kind_of_files
from hagane.data.source_uri import SourceUri, parse_uri
from hagane.data.table import Table
from hagane.data.wanted import Wanted
from hagane.errors import DataError, Fault
from hagane.memory_budget import MemoryBudget
from hagane.progress import SILENT, Progress

FOUND_OUT = Wanted()
"""Nothing is known: files are read as they look."""
Source: TypeAlias = Any
"""SQL, a path, a glob, a folder, a URL, several of these, a database's URI (`postgresql://…#table`), a pyarrow Table or
RecordBatchReader, a pandas or Polars DataFrame, an iterable of rows."""


def open_table(
    source: Source,
    *,
    tables: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
    bad_rows_folder: str | Path | None = None,
    wanted: Wanted = FOUND_OUT,
    memory_limit: str | int | None = None,
    dialect: str = "duckdb",
) -> Table:
    """A table over `source`, of which only the types are known so far, or the rows where they had to be parsed.

    `tables` (name → path) are what a query may name. Relative paths resolve against the current directory. Rows of text
    files are parsed once, into a temporary Parquet file; those that cannot be are written to `bad_rows_folder` (by
    default a temporary one) and reported by `Table.bad_rows`. `memory_limit` is what the work on its
    rows may take (`MemoryBudget.of`), by default half of the machine's.
    `dialect` is what a query is written in: `duckdb`, or `bigquery`, which runs with BigQuery's meaning.
    `wanted` is what a model knows of the text files that it was trained on.

    Raises DataError when a file is missing or unreadable, when SQL is wrong, or when two columns have one name.

    >>> import pyarrow as pa
    >>> table = open_table(pa.table({"age": [31, None], "job": ["pilot", "nurse"]}))
    >>> [(column.name, column.type.value) for column in table.schema]
    [('age', 'INT64'), ('job', 'STRING')]
    >>> open_table("SELECT 42 AS answer").num_rows
    1
    """
    engine = Engine(memory=MemoryBudget.of(memory_limit))
    folder = Path(bad_rows_folder) if bad_rows_folder is not None else None

    def open_path(path: str) -> Origin:
        return open_paths(engine, [path], folder, progress, wanted)

    if isinstance(source, str) and is_query(source):
        path = None if tables else whole_file(source)
        read = read_bigquery_query if dialect == "bigquery" else read_query
        origin = open_path(path) if path else read(engine, source, tables or {}, open_path, progress)
    elif isinstance(source, str | Path):
        origin = open_path(str(source))
    elif isinstance(source, Sequence) and all(isinstance(path, str | Path) for path in source):
        origin = open_paths(engine, [str(path) for path in source], folder, progress, wanted)
    elif isinstance(source, Iterable) and not is_frame(source) and not isinstance(source, pa.RecordBatchReader):
        origin = read_rows(engine, source, progress)
    else:
        origin = read_frame(engine, source)
    return Table(engine, origin, type_columns(engine.columns(f"SELECT * FROM {origin.sql}")))


def open_paths(
    engine: Engine,
    paths: Sequence[str],
    bad_rows_folder: Path | None,
    progress: Progress,
    wanted: Wanted,
) -> Origin:
    """Where the rows of files, URLs or one database lie, for `engine`. Raises DataError."""
    if not paths:
        step = "name at least one file, glob or folder, or give at least one row"
        raise DataError(Fault(what="the list is empty", expected="paths or rows", next_step=step))
    uris = [parse_uri(path) for path in paths]
    if databases := [uri for uri in uris if uri is not None and uri.scheme in DATABASES]:
        return _open_database(engine, databases, len(paths), progress)
    fetched = [None if uri is None else fetch_files(engine, uri, progress) for uri in uris]
    files = [
        file
        for path, copies in zip(paths, fetched, strict=True)
        for file in (find_files(path) if copies is None else copies.files)
    ]
    files = list(dict.fromkeys(files))
    reader = importlib.import_module(READERS[kind_of_files(files)])
    origin: Origin = reader.read(engine, files, bad_rows_folder, progress, wanted)
    local = [path for path, copies in zip(paths, fetched, strict=True) if copies is None]
    if len(local) == len(paths) or not origin.files:
        return origin  # what was parsed is known by its rows
    identities = [copies.identity for copies in fetched if copies is not None]
    return replace(origin, identity=lambda: _identity(identities, local))


def _identity(fetched: Sequence[str], local: Sequence[str]) -> str:
    """Of files some of which were fetched: their copies have other names and times in every run."""
    return "|".join([*fetched, digest_files([file for path in local for file in find_files(path)])])


def _open_database(engine: Engine, databases: Sequence[SourceUri], num_sources: int, progress: Progress) -> Origin:
    if num_sources > 1:
        raise DataError(
            Fault(
                what="a database cannot be read together with other sources as one table",
                where=databases[0].url,
                next_step="name each under `tables`, and join or UNION ALL them in the query of `data`",
            )
        )
    reader = importlib.import_module(DATABASES[databases[0].scheme])
    origin: Origin = reader.read(engine, databases[0], progress)
    return origin

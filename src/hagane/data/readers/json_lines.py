"""JSON lines, gzip too: one object a line, parsed once into Parquet; lines that are none are set aside.

A `.json` file that is one array of objects is read as well. A column's type is that of the first 20,480 objects; a
later value of another type makes its line a bad row, except that integers become FLOAT64 where decimals turn up.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hagane.data.bad_rows import BadRow, keep_bad_rows
from hagane.data.engine import Engine, quote_name, quote_text
from hagane.data.file_stamp import FileStamp, check_files
from hagane.data.origin import Origin, content_identity, parquet_sql
from hagane.data.readers.json_columns import JsonColumn, infer_columns
from hagane.data.readers.json_objects import Objects, copy_objects
from hagane.data.wanted import Wanted
from hagane.errors import DataError, Fault
from hagane.progress import Progress


def read(
    engine: Engine,
    files: Sequence[Path],
    bad_rows_folder: Path | None,
    progress: Progress,
    wanted: Wanted,
) -> Origin:
    """Files of JSON objects, values text where `types` says so. Raises DataError when no line of them is an object."""
    stamps = [FileStamp.of(file) for file in files]
    clean, target = engine.new_file("lines", ".jsonl"), engine.new_file("json", ".parquet")
    with progress.phase("parse JSON") as phase:
        objects = copy_objects(files, clean)
        if not len(objects.line_numbers):
            raise DataError(_no_objects(files, objects))
        columns = infer_columns(engine, clean, wanted.types)
        rejects = [*objects.rejects, *_misfits(engine, clean, columns, objects)]
        _convert(engine, clean, columns, target)
        num_good = len(objects.line_numbers) + len(objects.rejects) - len(rejects)
        phase.advance(num_good)
    clean.unlink()
    check_files(stamps)
    return Origin(
        sql=parquet_sql([target]),
        identity=content_identity(target),
        parquet=(target,),
        bad_rows=keep_bad_rows(sorted(rejects, key=lambda row: (row.file, row.line_number)), num_good, bad_rows_folder),
    )


def _rows(clean: Path, columns: Sequence[JsonColumn]) -> str:
    """Every object as a row of JSON values."""
    types = ", ".join(f"{quote_text(column.name)}: 'JSON'" for column in columns)
    return f"read_json({quote_text(str(clean))}, format='newline_delimited', columns={{{types}}})"


def _misfit(columns: Sequence[JsonColumn]) -> str:
    """SQL: why a row does not fit its columns' types, or NULL."""
    branches = (
        f"WHEN {quote_name(column.name)} IS NOT NULL AND ({column.value}) IS NULL THEN {quote_text(column.complaint)}"
        for column in columns
        if not column.is_nested
    )
    listed = " ".join(branches)
    return f"CASE {listed} END" if listed else "NULL"


def _misfits(engine: Engine, clean: Path, columns: Sequence[JsonColumn], objects: Objects) -> list[BadRow]:
    packed = ", ".join(f"{quote_text(column.name)}, {quote_name(column.name)}" for column in columns)
    found = engine.query(
        f"SELECT * FROM (SELECT row_number() OVER () - 1 AS row, {_misfit(columns)} AS reason, "
        f"CAST(json_object({packed}) AS VARCHAR) AS text FROM {_rows(clean, columns)}) WHERE reason IS NOT NULL"
    ).to_pylist()
    return [BadRow(*objects.place(row["row"]), row["reason"], row["text"]) for row in found]


def _convert(engine: Engine, clean: Path, columns: Sequence[JsonColumn], target: Path) -> None:
    values = ", ".join(f"{column.value} AS {quote_name(column.name)}" for column in columns)
    engine.run(
        f"COPY (SELECT {values} FROM {_rows(clean, columns)} WHERE ({_misfit(columns)}) IS NULL) "
        f"TO {quote_text(str(target))} (FORMAT parquet)"
    )


def _no_objects(files: Sequence[Path], objects: Objects) -> Fault:
    first = objects.rejects[0] if objects.rejects else None
    return Fault(
        what="no line is a JSON object",
        where=", ".join(map(str, files)),
        expected="one object a line, or one array of objects",
        received=f"line {first.line_number}: {first.reason}" if first else "nothing",
    )

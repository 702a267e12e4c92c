"""Any DuckDB query over files and named tables: run once, its rows kept, so that every pass sees the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

import msgspec

from hagane.data.bad_rows import BadRows, join_bad_rows
from hagane.data.check_column_names import check_column_names
from hagane.data.engine import Engine, quote_text
from hagane.data.farm_fingerprint import farm_fingerprint
from hagane.data.origin import Origin, content_identity, parquet_sql
from hagane.data.query_files import files_read_as_tables
from hagane.data.repeatable_rows import repeatable_rows
from hagane.data.source_files import KINDS, SUFFIXES, find_files
from hagane.errors import DataError
from hagane.progress import Progress
from hagane.sql.one_statement import one_statement

OpenPath = Callable[[str], Origin]
_FINGERPRINT = re.compile(r"\bfarm_fingerprint\b", re.IGNORECASE)


def read_query(
    engine: Engine, query: str, tables: Mapping[str, str], open_path: OpenPath, progress: Progress
) -> Origin:
    """Run `query` and keep its rows as Parquet in the engine's folder.

    The rows of a query that joins or groups and says no ORDER BY are put into a fixed order of their own (by hash).

    Each of `tables` (name → path), and each text file named after FROM or JOIN, is read by our own readers, so that its
    bad rows are set aside instead of ending the query. BigQuery's FARM_FINGERPRINT may be called.
    Raises DataError with the SQL underlined.
    """
    query = one_statement(query, dialect="duckdb")
    _check_files(query)
    if _FINGERPRINT.search(query):
        engine.add_function("farm_fingerprint", farm_fingerprint, "VARCHAR", "BIGINT")
    origins = {name: open_path(path) for name, path in tables.items()}
    origins |= {path: open_path(path) for path in files_read_as_tables(query) if _is_ours(path)}
    for name, origin in origins.items():
        engine.define(name, f"SELECT * FROM {origin.sql}")
    return keep_rows(engine, query, origins.values(), progress)


def keep_rows(
    engine: Engine, query: str, origins: Iterable[Origin], progress: Progress, *, shown_sql: str = ""
) -> Origin:
    """Run `query` over tables that the engine knows, made of `origins`, and keep its rows. Raises DataError."""
    columns = engine.columns(query, shown_sql=shown_sql)
    check_column_names([name for name, _ in columns], query=shown_sql or query)
    rows = repeatable_rows(
        query,
        [name for name, _ in columns],
        lambda sql: "".join(engine.query(f"EXPLAIN {sql}")["explain_value"].to_pylist()),
    )
    path = engine.new_file("query", ".parquet")
    with progress.phase("run the query"):
        engine.run(f"COPY ({rows}) TO {quote_text(str(path))} (FORMAT parquet)", shown_sql=query)
    num_rows = engine.query(f"SELECT count(*) AS n FROM {parquet_sql([path])}")["n"][0].as_py()
    bad = join_bad_rows([*(origin.bad_rows for origin in origins if origin.bad_rows.count)])
    return Origin(
        sql=parquet_sql([path]),
        identity=content_identity(path),
        parquet=(path,),
        bad_rows=bad if bad.count else BadRows(total=num_rows),
    )


def _check_files(query: str) -> None:
    """Raise DataError for every file named as a table that is not there, with the nearest name."""
    faults = []
    for path in files_read_as_tables(query):
        try:
            if "://" not in path and path.lower().endswith(SUFFIXES):
                find_files(path)
        except DataError as error:
            start = query.index(quote_text(path))
            faults.append(msgspec.structs.replace(error.faults[0], sql=query, start=start, end=start + len(path) + 2))
    if faults:
        raise DataError(*faults)


def _is_ours(path: str) -> bool:
    """Whether our readers read it, not DuckDB: text files, and what lies elsewhere."""
    return "://" in path or path.lower().endswith((*KINDS["csv"], *KINDS["json_lines"]))

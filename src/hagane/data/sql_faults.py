"""`sql_faults`: what DuckDB raises, as the errors of ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from hagane.data.sql_error import sql_error

_DUCKDB_SAYS = re.compile(r"(?:\w+ )+Error: ")
"""How its sentences begin; of what it hands on as a stream, pyarrow raises some as OSError."""


@contextmanager
def sql_faults(sql: str) -> Iterator[None]:
    """Raise what DuckDB raises as a DataError, the fault underlined in `sql`; its RuntimeError for Ctrl-C as Ctrl-C."""
    try:
        yield
    except (duckdb.Error, pa.ArrowException, OSError, RuntimeError) as error:
        if isinstance(error, duckdb.InterruptException) or str(error).strip().endswith("Query interrupted"):
            raise KeyboardInterrupt from None
        if isinstance(error, RuntimeError) and not isinstance(error, duckdb.Error):
            raise
        if isinstance(error, OSError) and not _DUCKDB_SAYS.match(str(error)):
            raise
        raise sql_error(error, sql) from None

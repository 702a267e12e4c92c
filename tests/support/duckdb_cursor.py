"""`duckdb_cursor`: DuckDB for a test that asks it thousands of times."""

from __future__ import annotations

import functools

import duckdb


@functools.cache
def _database() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(":memory:")


def duckdb_cursor() -> duckdb.DuckDBPyConnection:
    """A connection with its own settings and views to one empty database of the process: a fiftieth of a new one."""
    return _database().cursor()

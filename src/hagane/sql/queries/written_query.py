"""`WrittenQuery`: a query as DuckDB's SQL, and what its columns are."""

from __future__ import annotations

from dataclasses import dataclass

from hagane.sql.queries.scope import Columns


@dataclass(frozen=True, slots=True)
class WrittenQuery:
    """A whole query, without parentheses around it."""

    sql: str
    columns: Columns
    struct: bool = False
    """Whether it is SELECT AS STRUCT or AS VALUE: its one column is the row."""


def quoted(name: str) -> str:
    """An identifier of DuckDB's.

    >>> quoted('a"b')
    '"a""b"'
    """
    return '"' + name.replace('"', '""') + '"'

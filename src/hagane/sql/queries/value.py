"""`Value`: an expression of a query as DuckDB's SQL, with the type it has in BigQuery."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from hagane.sql.queries.query_type import QueryType


class _NotConstant:
    def __repr__(self) -> str:
        return "NOT_CONSTANT"


NOT_CONSTANT: Final = _NotConstant()
AGGREGATE_END = "\ue0f1"
"""Stands behind an aggregate, where FILTER may be put; taken out of what is handed on."""
LONGEST_REPEATED = 300
"""Characters of SQL that may be written twice where a value is needed twice; DuckDB computes them once."""


@dataclass(frozen=True, slots=True)
class Value:
    """SQL that may stand anywhere an operand may, its type, and its value where the text says it."""

    sql: str
    type: QueryType
    constant: Any = NOT_CONSTANT
    point: tuple[str, str] | None = None
    """Longitude and latitude, of a GEOGRAPHY made of them here."""

    @property
    def is_constant(self) -> bool:
        """Whether the text says the value."""
        return self.constant is not NOT_CONSTANT

    @property
    def repeatable(self) -> bool:
        """Whether its SQL may be written more than once: it is short, and the same each time."""
        return len(self.sql) <= LONGEST_REPEATED and "random()" not in self.sql and "uuid()" not in self.sql

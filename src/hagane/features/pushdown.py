"""Which expressions DuckDB may compute in the graph's place when an analyzer is fitted."""

from __future__ import annotations

from hagane.sql.expression import Call, ColumnRef, Expression, walk
from hagane.types import SqlType

OPERATORS = frozenset(("+", "-", "*", "NEG", "DIV", "MOD", "=", "!=", "<", "<=", ">", ">=", "AND", "OR", "NOT", "IN"))
BITS = frozenset(("&", "|", "^", "~", "<<", ">>", "BIT_COUNT"))
CONDITIONALS = frozenset(
    ("IS NULL", "IS DISTINCT FROM", "CASE", "COALESCE", "NULLIF", "CAST", "CONCAT", "ML.FEATURE_CROSS")
)
TIME = frozenset(("EXTRACT", "UNIX_SECONDS", "UNIX_MILLIS", "UNIX_MICROS", "UNIX_DATE"))
EXACT = OPERATORS | BITS | CONDITIONALS | TIME
"""Functions that DuckDB and the graph compute alike, to the last bit, on whole numbers, BOOL, text and time.

The property tests of `sql.to_duckdb` hold them to it. Whatever touches FLOAT64 is left to the graph.
"""


def can_push_down(expression: Expression) -> bool:
    """Whether DuckDB and the graph give the same value for it, proven.

    A column as it lies; a whole number read as FLOAT64, which rounds once and alike; and exact functions of anything
    but FLOAT64.

    >>> can_push_down(ColumnRef("fare", SqlType.FLOAT64))
    True
    >>> can_push_down(Call("LN", (ColumnRef("fare", SqlType.FLOAT64),), SqlType.FLOAT64))
    False
    """
    if isinstance(expression, ColumnRef):
        return True
    if isinstance(expression, Call) and expression.function == "CAST" and expression.type is SqlType.FLOAT64:
        return expression.arguments[0].type is not SqlType.STRING and _is_exact(expression.arguments[0])
    return _is_exact(expression)


def _is_exact(expression: Expression) -> bool:
    return all(
        node.type is not SqlType.FLOAT64 and (not isinstance(node, Call) or node.function in EXACT)
        for node in walk(expression)
    )

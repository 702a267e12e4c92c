"""The feature language as typed trees: what is computed, apart from how.

`sql.bind` makes them from text; `features.compiler` turns them into ONNX nodes, `sql.to_duckdb` into DuckDB's SQL.
Every node knows its type and, where it came from text, the span it came from. Nodes compare by meaning: spans do not
count, so that equal subexpressions are found and compiled once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from hagane.types import SqlType


@dataclass(frozen=True, slots=True)
class Span:
    """Characters [start, end) of the expression's SQL text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ColumnRef:
    """A raw column of the data."""

    name: str
    type: SqlType
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant. `value` is bool, int, float, str or None (a typed NULL); TIMESTAMP is int µs, DATE int days."""

    value: bool | int | float | str | None
    type: SqlType
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A scalar function or operator applied to arguments.

    `function` is the canonical name in `sql.functions.FUNCTIONS` (`+`, `AND`, `CASE`, `LN`, `EXTRACT`, …).
    `modifiers` are the parts that are not values: EXTRACT's part, CAST's safety, ML.BUCKETIZE's points.
    CASE takes (condition, value)* and an else value. `safe` is the SAFE. prefix: where the function itself fails, NULL
    without `row_error`; never said of functions that cannot fail.
    """

    function: str
    arguments: tuple[Expression, ...]
    type: SqlType
    modifiers: tuple[object, ...] = ()
    span: Span | None = field(default=None, compare=False)
    safe: bool = False


@dataclass(frozen=True, slots=True)
class Analyze:
    """An analytic ML function, `ML.X(argument, options…) OVER ()`: learns from the data, then maps each row.

    `options` are its further arguments as plain values, in the order of the function's signature, defaults filled in.
    """

    function: str
    argument: Expression
    type: SqlType
    options: tuple[object, ...] = ()
    span: Span | None = field(default=None, compare=False)


Expression = ColumnRef | Literal | Call | Analyze


def children(expression: Expression) -> tuple[Expression, ...]:
    """The direct subexpressions."""
    match expression:
        case Call(arguments=arguments):
            return arguments
        case Analyze(argument=argument):
            return (argument,)
        case _:
            return ()


def walk(expression: Expression) -> Iterator[Expression]:
    """Every node, parents before children."""
    yield expression
    for child in children(expression):
        yield from walk(child)


def columns_of(expression: Expression) -> tuple[str, ...]:
    """Names of the raw columns read, in order of first mention."""
    return tuple(dict.fromkeys(node.name for node in walk(expression) if isinstance(node, ColumnRef)))

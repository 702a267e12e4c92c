"""The one rewriter to DuckDB: a typed tree as DuckDB's SQL, with the meaning that `docs/semantics.md` gives it.

Where DuckDB departs (NaN equal to itself, 1 / 0 = inf, LEAST over NULL, DAYOFWEEK from 0, …) the SQL says what is
meant instead. Values used twice are bound by a lambda, so that the text grows with the expression and not beyond;
its variables begin with `hagane_`, lest they hide a column.
TIMESTAMP values are naive TIMESTAMPs in UTC, whatever the session's time zone.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from hagane.sql.duckdb_functions import RENDER
from hagane.sql.duckdb_literals import DUCKDB_TYPES, column_sql, literal_sql
from hagane.sql.expression import Call, ColumnRef, Expression, Literal
from hagane.sql.functions import FUNCTIONS, Signature

Bound = tuple[str, ...]


def to_duckdb(expression: Expression, *, safe: bool = True) -> str:
    """DuckDB's SQL for `expression` over the columns it reads.

    With `safe` an error gives NULL; without, a row with an error raises (ConversionException), and `TRY(…)` of it
    is NULL. Raises TypeError for an analyzer: that is learned, not computed.

    >>> from hagane.types import SqlType
    >>> to_duckdb(Call("+", (ColumnRef("a", SqlType.INT64), Literal(1, SqlType.INT64)), SqlType.INT64))
    'TRY(CAST("a" AS BIGINT) + CAST(1 AS BIGINT))'
    """
    renderer = _Renderer()
    value = renderer.value(expression)
    if safe:
        return value
    type_ = DUCKDB_TYPES[expression.type]
    failure = f"CAST(CAST(CAST('row error' AS BIGINT) AS VARCHAR) AS {type_})"
    return f"CASE WHEN {renderer.error(expression) or 'FALSE'} THEN {failure} ELSE {value} END"


def row_error(expression: Expression) -> str:
    """DuckDB's SQL for whether evaluating `expression` meets an error: TRUE or FALSE, never NULL.

    >>> from hagane.types import SqlType
    >>> row_error(Call("+", (ColumnRef("a", SqlType.INT64), Literal(1, SqlType.INT64)), SqlType.INT64))
    '(CAST("a" AS BIGINT) IS NOT NULL AND TRY(CAST("a" AS BIGINT) + CAST(1 AS BIGINT)) IS NULL)'
    """
    return _Renderer().error(expression) or "FALSE"


class _Renderer:
    def __init__(self) -> None:
        self._numbers = count(1)

    def value(self, expression: Expression) -> str:
        match expression:
            case Literal():
                return literal_sql(expression)
            case ColumnRef():
                return column_sql(expression)
            case Call("CASE", arguments):
                return self._case([self.value(argument) for argument in arguments])
            case Call():
                return self._bind(expression, lambda bound: RENDER[expression.function](expression, bound))
            case _:
                raise TypeError(f"{expression.function} is learned from data, not computed from a row")

    def error(self, expression: Expression) -> str:
        """Whether `expression` meets an error; an empty string where it cannot."""
        match expression:
            case Call("CASE", arguments):
                return self._case_error(arguments)
            case Call("COALESCE", arguments):
                return self._coalesce_error(arguments)
            case Call():
                signature = FUNCTIONS[expression.function]
                own = [self._own_error(expression)] if can_fail(expression, signature) and not expression.safe else []
                return _any([*(self.error(argument) for argument in expression.arguments), *own])
            case _:
                return ""

    def _own_error(self, call: Call) -> str:
        """A strict function fails where it is NULL and no argument is."""
        if call.function == "ELEMENT":
            array = self.value(call.arguments[0])
            return f"({array} IS NOT NULL AND len({array}) <= {call.modifiers[0]})"
        arguments = [a for a in call.arguments if not isinstance(a, Literal) or a.value is None]
        there = [f"{self.value(argument)} IS NOT NULL" for argument in arguments]
        return f"({' AND '.join([*there, f'{self.value(call)} IS NULL'])})"

    def _case(self, parts: list[str]) -> str:
        pairs = zip(parts[:-1:2], parts[1:-1:2], strict=True)
        return f"CASE {' '.join(f'WHEN {when} THEN {then}' for when, then in pairs)} ELSE {parts[-1]} END"

    def _case_error(self, arguments: tuple[Expression, ...]) -> str:
        if len(arguments) == 1:
            return self.error(arguments[0])
        condition, value = arguments[:2]
        then, otherwise = self.error(value), self._case_error(arguments[2:])
        branch = f"CASE WHEN {self.value(condition)} THEN {then or 'FALSE'} ELSE {otherwise or 'FALSE'} END"
        return _any([self.error(condition), branch if then or otherwise else ""])

    def _coalesce_error(self, arguments: tuple[Expression, ...]) -> str:
        if len(arguments) == 1:
            return self.error(arguments[0])
        rest = self._coalesce_error(arguments[1:])
        branch = f"CASE WHEN {self.value(arguments[0])} IS NULL THEN {rest} ELSE FALSE END" if rest else ""
        return _any([self.error(arguments[0]), branch])

    def _bind(self, call: Call, body: Callable[[Bound], str]) -> str:
        """`body` over names of the arguments: their text where it is short, else variables of lambdas."""
        names: list[str] = []
        bindings: list[tuple[str, str]] = []
        for argument in call.arguments:
            text = self.value(argument)
            if isinstance(argument, Call) and call.function not in _ONCE:
                names.append(f"hagane_v{next(self._numbers)}")
                bindings.append((text, names[-1]))
            else:
                names.append(text)
        sql = body(tuple(names))
        for text, name in reversed(bindings):
            sql = f"list_transform([{text}], lambda {name}: {sql})[1]"
        return sql


_ONCE = frozenset({
    "NOT", "AND", "OR", "IS NULL", "COALESCE", "CONCAT", "LENGTH", "LOWER", "STARTS_WITH",
    "ENDS_WITH", "REGEXP_CONTAINS", "ML.FEATURE_CROSS", "FLOOR", "CEIL", "UNIX_MICROS", "UNIX_DATE",
    "IS_NAN", "IS_INF", "ATAN", "TANH", "ASINH", "CBRT", "IS DISTINCT FROM", "&", "|", "^", "~", "BIT_COUNT",
    "ARRAY", "ARRAY_LENGTH",
})  # fmt: skip
"""Functions whose SQL mentions every argument once."""


def can_fail(call: Call, signature: Signature) -> bool:
    """Whether the function itself can meet an error on arguments of these types (its arguments apart).

    >>> from hagane.types import SqlType
    >>> column = ColumnRef("a", SqlType.INT64)
    >>> [can_fail(Call(name, (column,), SqlType.INT64), FUNCTIONS[name]) for name in ("ABS", "SIGN")]
    [True, False]
    """
    if not signature.fails or signature.safe:
        return False
    type_ = call.arguments[0].type.value
    match call.function:
        case "NEG" | "ABS":
            return type_ == "INT64"
        case "ROUND":
            return isinstance(call.modifiers[0], int) and call.modifiers[0] < 0
        case "CAST":
            return cast_can_fail(call) and not call.modifiers[0]
        case _:
            return True


def cast_can_fail(call: Call) -> bool:
    """Whether a CAST may find no value (marked or not)."""
    source = call.arguments[0].type.value
    return source == "STRING" or (source == "FLOAT64" and call.type.value == "INT64")


def _any(parts: list[str]) -> str:
    there = [part for part in parts if part]
    return there[0] if len(there) == 1 else f"({' OR '.join(there)})" if there else ""

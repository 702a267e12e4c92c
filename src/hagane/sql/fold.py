"""Calls of constants are constants: `60 * 60` is 3600 wherever a constant may stand.

Only functions whose value is exact, by `docs/semantics.md`, so that nobody can tell a folded call from one that the
graph computes. A call that errs stays a call, since it marks its row; so does one whose value no constant has: NaN, and
-0.0.
"""

from __future__ import annotations

import datetime
import math
import operator
from collections.abc import Callable
from typing import Any

from hagane.sql.expression import Call, Expression, Literal
from hagane.sql.functions import FUNCTIONS
from hagane.types import SqlType

_INT64 = range(-(2**63), 2**63)
_EXACT = 2**53
_EPOCH_DAY = datetime.date(1970, 1, 1).toordinal()
_MICROSECONDS_A_DAY = 86_400_000_000


class _NoConstantError(Exception):
    """The value is none that a constant can have: it is left to the graph."""


def fold(call: Call) -> Expression:
    """The constant that a call of constants is, with the span of the call; any other call as it is.

    >>> two = Literal(2, SqlType.INT64)
    >>> fold(Call("*", (two, two), SqlType.INT64)).value
    4
    >>> fold(Call("DIV", (two, Literal(0, SqlType.INT64)), SqlType.INT64)).function
    'DIV'
    """
    literals = [argument for argument in call.arguments if isinstance(argument, Literal)]
    if len(literals) < len(call.arguments) or call.function not in _STRICT | _LENIENT:
        return call
    values = [literal.value for literal in literals]
    is_safe = call.safe or FUNCTIONS[call.function].safe or (call.function == "CAST" and bool(call.modifiers[0]))
    try:
        value = _value(call, values)
    except _NoConstantError:
        return call
    except (ArithmeticError, ValueError):
        if not is_safe:
            return call
        value = None
    return Literal(value, call.type, span=call.span)


def _value(call: Call, values: list[Any]) -> Any:
    if call.function in _LENIENT:
        return _LENIENT[call.function](*values)
    if None in values:
        return None
    value = _STRICT[call.function](call, *values)
    if isinstance(value, float):
        if math.isinf(value) and all(map(math.isfinite, values)):
            raise OverflowError
        if math.isnan(value) or (value == 0 and math.copysign(1, value) < 0):
            raise _NoConstantError
    elif call.type is SqlType.INT64 and value not in _INT64:
        raise OverflowError
    return value


def _plain(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda call, *values: function(*values)


def _truncated(x: int, y: int) -> int:
    return abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1)


def _remainder(x: int, y: int) -> int:
    return x - y * _truncated(x, y)


def _shifted(x: int, y: int, sign: int) -> int:
    """Bits moved, zeros coming in on either side."""
    if y < 0:
        raise ValueError
    bits = x % 2**64
    moved = 0 if y >= 64 else (bits << y) % 2**64 if sign > 0 else bits >> y
    return moved - 2**64 if moved >= 2**63 else moved


def _nearest(x: float) -> float:
    """The nearest whole number, halves away from zero."""
    if not math.isfinite(x):
        return x
    floor = math.floor(abs(x))
    return math.copysign(floor + (abs(x) - floor >= 0.5), x)


def _whole(function: Callable[[float], int]) -> Callable[..., float]:
    return lambda call, x: math.copysign(function(x), x) if math.isfinite(x) else x


def _decimal(function: Callable[[float], float]) -> Callable[..., float]:
    """ROUND and TRUNC without decimals: those with some are left to the graph."""

    def apply(call: Call, x: float) -> float:
        if call.modifiers[0] != 0:
            raise _NoConstantError
        return function(x)

    return apply


def _power(x: float, y: float) -> float:
    """Where it is a whole number that a FLOAT64 holds, and so the same everywhere."""
    if not (x.is_integer() and y.is_integer() and 0 <= y <= 64 and 1 <= abs(x) <= _EXACT):
        raise _NoConstantError
    value = int(x) ** int(y)
    if abs(value) > _EXACT:
        raise _NoConstantError
    return float(value)


def _cast(call: Call, value: Any) -> Any:
    match call.arguments[0].type, call.type:
        case SqlType.FLOAT64, SqlType.INT64:
            return int(_nearest(value))
        case SqlType.BOOL, SqlType.STRING:
            return str(value).lower()
        case SqlType.INT64, SqlType.STRING:
            return str(value)
        case (SqlType.INT64, SqlType.BOOL) | (SqlType.BOOL, SqlType.INT64) | (SqlType.BOOL, SqlType.FLOAT64):
            return {SqlType.BOOL: bool, SqlType.INT64: int, SqlType.FLOAT64: float}[call.type](value)
        case SqlType.DATE, SqlType.STRING:
            return datetime.date.fromordinal(value + _EPOCH_DAY).isoformat()
        case SqlType.DATE, SqlType.TIMESTAMP:
            return value * _MICROSECONDS_A_DAY
        case SqlType.TIMESTAMP, SqlType.DATE:
            return value // _MICROSECONDS_A_DAY
    raise _NoConstantError


def _case(*values: Any) -> Any:
    pairs = zip(values[:-1:2], values[1:-1:2], strict=True)
    return next((value for condition, value in pairs if condition), values[-1])


def _and(x: bool | None, y: bool | None) -> bool | None:
    return False if x is False or y is False else None if x is None or y is None else True


def _or(x: bool | None, y: bool | None) -> bool | None:
    return True if x or y else None if x is None or y is None else False


_STRICT: dict[str, Callable[..., Any]] = {
    "+": _plain(operator.add),
    "-": _plain(operator.sub),
    "*": _plain(operator.mul),
    "/": _plain(operator.truediv),
    "SAFE_DIVIDE": _plain(operator.truediv),
    "NEG": _plain(operator.neg),
    "ABS": _plain(abs),
    "DIV": _plain(_truncated),
    "MOD": _plain(_remainder),
    "POW": _plain(_power),
    "FLOOR": _whole(math.floor),
    "CEIL": _whole(math.ceil),
    "ROUND": _decimal(_nearest),
    "TRUNC": _decimal(lambda x: math.copysign(math.trunc(x), x) if math.isfinite(x) else x),
    "LEAST": _plain(lambda *values: min(values)),
    "GREATEST": _plain(lambda *values: max(values)),
    "&": _plain(operator.and_),
    "|": _plain(operator.or_),
    "^": _plain(operator.xor),
    "~": _plain(operator.invert),
    "<<": _plain(lambda x, y: _shifted(x, y, 1)),
    ">>": _plain(lambda x, y: _shifted(x, y, -1)),
    "=": _plain(operator.eq),
    "!=": _plain(operator.ne),
    "<": _plain(operator.lt),
    "<=": _plain(operator.le),
    ">": _plain(operator.gt),
    ">=": _plain(operator.ge),
    "NOT": _plain(operator.not_),
    "CONCAT": _plain(lambda *texts: "".join(texts)),
    "LENGTH": _plain(len),
    "BYTE_LENGTH": _plain(lambda text: len(text.encode())),
    "CAST": _cast,
}
"""Functions that are NULL for NULL → their value of the call and plain values; ArithmeticError, ValueError: it errs."""

_LENIENT: dict[str, Callable[..., Any]] = {
    "AND": _and,
    "OR": _or,
    "IS NULL": lambda x: x is None,
    "CASE": _case,
    "COALESCE": lambda *values: next((value for value in values if value is not None), None),
}
"""Functions that see NULL → their value of plain values."""

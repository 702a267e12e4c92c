"""`CAST` and `SAFE_CAST` among all types that BigQuery casts; `UNIX_DATE`, which only changes the type.

FLOAT64 becomes INT64 by rounding halves away from zero; FLOAT64 to STRING is refused (ONNX Runtime writes 8 digits).
"""

from __future__ import annotations

from functools import reduce

from hagane.errors import ExpressionError, Fault
from hagane.features import emit_float, emit_read_number, emit_read_time, emit_text
from hagane.features.emit import Emitter
from hagane.features.emit_date import DAY_MICROSECONDS
from hagane.features.emit_format import Clock, element_text
from hagane.features.emit_integer import divide_floor, modulo, whole
from hagane.features.emit_logic import BOOL, FLOAT64, INT64, STRING, cast, either, negate, where
from hagane.features.scalar.dates import is_no_moment
from hagane.features.scalar.operation import Operation, strict
from hagane.features.value import Value
from hagane.sql import cast_patterns
from hagane.types import SqlType

_LARGEST_INT64 = 2**63


def convert(op: Operation) -> Value:
    """CAST(x AS type); modifiers: (safe,)."""
    (x,), e = op.arguments, op.emitter
    is_safe = bool(op.modifiers and op.modifiers[0])
    match x.type, op.type:
        case source, target if source is target:
            return x
        case SqlType.INT64, SqlType.FLOAT64:
            return strict(op, cast(e, x.data, FLOAT64), bound=float(_LARGEST_INT64 if x.bound is None else x.bound))
        case SqlType.FLOAT64, SqlType.INT64:
            data, failed = emit_float.to_int64(e, x.data)
            return strict(op, data, failed=failed, is_safe=is_safe, fails_on_nan=True, bound=_LARGEST_INT64)
        case SqlType.INT64 | SqlType.FLOAT64, SqlType.BOOL:
            return strict(op, cast(e, x.data, BOOL))
        case SqlType.BOOL, SqlType.INT64 | SqlType.FLOAT64:
            return strict(op, cast(e, x.data, INT64 if op.type is SqlType.INT64 else FLOAT64), bound=1)
        case SqlType.INT64, SqlType.STRING:
            return strict(op, cast(e, x.data, STRING))
        case SqlType.BOOL, SqlType.STRING:
            words = e.constant([["true"]], object), e.constant([["false"]], object)
            return strict(op, where(e, x.data, *words))
        case SqlType.STRING, target:
            return _read(op, x, is_safe=is_safe)
        case SqlType.DATE, SqlType.TIMESTAMP:
            return strict(op, e.node("Mul", x.data, whole(e, DAY_MICROSECONDS)), bound=_LARGEST_INT64)
        case SqlType.TIMESTAMP, SqlType.DATE:
            return strict(op, divide_floor(e, x.data, DAY_MICROSECONDS), bound=_LARGEST_INT64)
        case SqlType.DATE | SqlType.TIMESTAMP, SqlType.STRING:
            return strict(op, _time_text(e, x))
    raise ExpressionError(_refusal(op, x.type))


def _read(op: Operation, text: Value, *, is_safe: bool) -> Value:
    """A value that a text says; an error where it says none."""
    e = op.emitter
    match op.type:
        case SqlType.BOOL:
            data = emit_text.matches(e, text.data, cast_patterns.TRUE)
            failed = negate(e, either(e, data, emit_text.matches(e, text.data, cast_patterns.FALSE)))
            return strict(op, data, failed=failed, is_safe=is_safe)
        case SqlType.FLOAT64:
            data, failed = emit_read_number.to_float64(e, text.data)
            return strict(op, data, failed=failed, is_safe=is_safe)
        case SqlType.INT64:
            data, failed = emit_read_number.to_int64(e, text.data)
        case SqlType.DATE:
            data, failed = emit_read_time.to_date(e, text.data)
        case _:
            data, failed = emit_read_time.to_timestamp(e, text.data)
            failed = either(e, failed, is_no_moment(e, data))
    return strict(op, data, failed=failed, is_safe=is_safe, bound=_LARGEST_INT64)


def _time_text(e: Emitter, x: Value) -> str:
    """`2020-01-02`, and for a TIMESTAMP ` 03:04:05`, three or six decimals where it has them, `+00`."""
    if x.type is SqlType.DATE:
        return _joined(e, Clock(x.data, x.data, x.data), ("E4Y", "-", "m", "-", "d"))
    clock = Clock(divide_floor(e, x.data, DAY_MICROSECONDS), x.data, x.data)
    start = _joined(e, clock, ("E4Y", "-", "m", "-", "d", " ", "H", ":", "M", ":"))
    whole_second, milli, micro = (element_text(e, name, clock) for name in ("S", "E3S", "E6S"))
    zero = whole(e, 0)
    is_milli = e.node("Equal", modulo(e, x.data, 1_000), zero)
    is_second = e.node("Equal", modulo(e, x.data, 1_000_000), zero)
    second = where(e, is_second, whole_second, where(e, is_milli, milli, micro))
    return e.node("StringConcat", e.node("StringConcat", start, second), e.constant([["+00"]], object))


def _joined(e: Emitter, clock: Clock, parts: tuple[str, ...]) -> str:
    texts = [element_text(e, part, clock) if part.isalnum() else e.constant([[part]], object) for part in parts]
    return reduce(lambda a, b: e.node("StringConcat", a, b), texts)


def relabel(op: Operation) -> Value:
    """The same number as another type: UNIX_MICROS, UNIX_DATE."""
    (x,) = op.arguments
    return strict(op, x.data, bound=x.bound)


def _refusal(op: Operation, source: SqlType) -> Fault:
    return Fault(
        what=f"CAST from {source} to {op.type} cannot be compiled",
        expected="a CAST that BigQuery has, other than FLOAT64 to STRING",
        next_step="move it into the data query",
    )

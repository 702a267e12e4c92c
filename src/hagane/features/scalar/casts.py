"""`CAST` and `SAFE_CAST` among INT64, FLOAT64 and BOOL, and to STRING; `UNIX_DATE`, which only changes the type.

FLOAT64 becomes INT64 by rounding halves away from zero; FLOAT64 to STRING is refused (ONNX Runtime writes 8 digits).
"""

from __future__ import annotations

from hagane.errors import ExpressionError, Fault
from hagane.features import emit_float
from hagane.features.emit_logic import BOOL, FLOAT64, INT64, STRING, cast, where
from hagane.features.scalar.operation import Operation, strict
from hagane.features.value import Value
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
    raise ExpressionError(_refusal(op, x.type))


def relabel(op: Operation) -> Value:
    """The same number as another type: UNIX_MICROS, UNIX_DATE."""
    (x,) = op.arguments
    return strict(op, x.data, bound=x.bound)


def _refusal(op: Operation, source: SqlType) -> Fault:
    return Fault(
        what=f"CAST from {source} to {op.type} cannot be compiled",
        expected="a CAST among INT64, FLOAT64 and BOOL, or from INT64 or BOOL to STRING",
        next_step="move it into the data query",
    )

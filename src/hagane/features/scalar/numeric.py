"""Mathematical functions. FLOAT64 unless said; errors where BigQuery raises them.

Source: GoogleSQL's reference, "Mathematical functions".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast as typed

from hagane.features import emit_float, emit_integer
from hagane.features.emit import Emitter
from hagane.features.emit_logic import both, either, negate, where
from hagane.features.scalar.arithmetic import overflow
from hagane.features.scalar.operation import Operation, strict
from hagane.features.value import Value
from hagane.types import SqlType


def plain(operator: str) -> Callable[[Operation], Value]:
    """A FLOAT64 function that is one ONNX operator and never fails (`Floor`, `Ceil`)."""

    def render(op: Operation) -> Value:
        (x,) = op.arguments
        return strict(
            op, op.emitter.node(operator, x.data), is_quiet=True, bound=None if x.bound is None else x.bound + 1
        )

    return render


def logarithm(op: Operation) -> Value:
    """LN(x): an error for x <= 0."""
    x = op.arguments[0].data
    return strict(op, op.emitter.node("Log", x), failed=_not_positive(op, x), is_quiet=True)


def logarithm10(op: Operation) -> Value:
    """LOG10(x): an error for x <= 0."""
    x = op.arguments[0].data
    return strict(op, emit_float.log10(op.emitter, x), failed=_not_positive(op, x), is_quiet=True)


def logarithm_base(op: Operation) -> Value:
    """LOG(x, base): an error for x <= 0, base <= 0 and base = 1; NaN for an infinite base."""
    e, (x, base) = op.emitter, (argument.data for argument in op.arguments)
    is_one = e.node("Equal", base, emit_float.number(e, 1.0))
    failed = either(e, _not_positive(op, x), either(e, _not_positive(op, base), is_one))
    return strict(op, emit_float.log_base(e, x, base), failed=failed, is_quiet=True, fails_on_nan=True)


def exponential(op: Operation) -> Value:
    """EXP(x): an error where it overflows."""
    result = op.emitter.node("Exp", op.arguments[0].data)
    return strict(op, result, failed=overflow(op, result), is_quiet=True)


def square_root(op: Operation) -> Value:
    """SQRT(x): an error for x < 0."""
    e, (x,) = op.emitter, op.arguments
    failed = e.node("Less", x.data, emit_float.number(e, 0.0))
    bound = None if x.bound is None else x.bound + 1
    return strict(op, e.node("Sqrt", x.data), failed=failed, is_quiet=True, bound=bound)


def power(op: Operation) -> Value:
    """POW(x, y): an error where x and y are finite and the result is not (x < 0 to a fraction, 0 to less than 0)."""
    e, result = op.emitter, op.emitter.node("Pow", *(argument.data for argument in op.arguments))
    unbounded = [argument.data for argument in op.arguments if argument.bound is None]
    failed = negate(e, emit_float.is_finite(e, result))
    for data in unbounded:
        failed = both(e, failed, emit_float.is_finite(e, data))
    return strict(op, result, failed=failed, fails_on_nan=len(unbounded) < 2)


def absolute(op: Operation) -> Value:
    """ABS(x); INT64_MIN is an error."""
    (x,) = op.arguments
    if op.type is SqlType.INT64:
        data, failed = emit_integer.absolute(op.emitter, x.data)
        is_bounded = x.bound is not None and x.bound <= emit_integer.INT64_MAX
        return strict(op, data, failed=None if is_bounded else failed, bound=x.bound)
    return strict(op, op.emitter.node("Abs", x.data), is_quiet=True, bound=x.bound)


def sign(op: Operation) -> Value:
    """SIGN(x): -1, 0 or 1; NaN for NaN."""
    x = op.arguments[0].data
    if op.type is SqlType.INT64:
        return strict(op, emit_integer.sign(op.emitter, x), bound=1)
    return strict(op, op.emitter.node("Sign", x), is_quiet=True)


def truncate(op: Operation) -> Value:
    """TRUNC(x, n): towards zero.

    For n > 0, x * 10^n is truncated and divided by 10^n, x itself where that is 2^52 or more; for n < 0, x / 10^-n is
    truncated and multiplied; x itself where rounding led away from zero (docs/semantics.md).
    """
    e, (x,) = op.emitter, op.arguments
    digits = typed(int, op.modifiers[0])
    if digits == 0:
        data = emit_float.truncate(e, x.data)
    elif digits > 0:
        data = _to_decimals(op, x.data, digits, emit_float.truncate)
    else:
        unit = emit_float.number(e, float(f"1e{-digits}"))
        data = e.node("Mul", emit_float.truncate(e, e.node("Div", x.data, unit)), unit)
    if digits != 0:
        is_farther = e.node("Greater", e.node("Abs", data), e.node("Abs", x.data))
        data = where(e, is_farther, x.data, data)
    return strict(op, data, is_quiet=True, bound=x.bound)


def is_nan(op: Operation) -> Value:
    """IS_NAN(x)."""
    return strict(op, emit_float.is_nan(op.emitter, op.arguments[0].data))


def is_infinite(op: Operation) -> Value:
    """IS_INF(x)."""
    return strict(op, emit_float.is_infinite(op.emitter, op.arguments[0].data), is_quiet=True)


def round_digits(op: Operation) -> Value:
    """ROUND(x, n): halves away from zero.

    For n > 0, x * 10^n is rounded and divided by 10^n, x itself where that is 2^52 or more; for n < 0, x / 10^-n is
    rounded and multiplied, an error where that overflows (docs/semantics.md).
    """
    e, (x,) = op.emitter, op.arguments
    digits = typed(int, op.modifiers[0]) if op.modifiers else 0
    if digits == 0:
        bound = None if x.bound is None else x.bound + 1
        return strict(op, emit_float.round_half_away(e, x.data), is_quiet=True, bound=bound)
    if digits > 0:
        return strict(op, _to_decimals(op, x.data, digits, emit_float.round_half_away), is_quiet=True)
    unit = emit_float.number(e, float(f"1e{-digits}"))
    result = e.node("Mul", emit_float.round_half_away(e, e.node("Div", x.data, unit)), unit)
    return strict(op, result, failed=overflow(op, result), is_quiet=True)


def extreme(*, greatest: bool) -> Callable[[Operation], Value]:
    """LEAST or GREATEST: NULL where one is NULL, NaN where one is NaN (int64 Min and Max are wrong in vector code)."""

    def render(op: Operation) -> Value:
        e, result = op.emitter, op.arguments[0].data
        for argument in op.arguments[1:]:
            if argument.type is SqlType.BOOL:
                result = (either if greatest else both)(e, result, argument.data)
            elif argument.type is SqlType.FLOAT64:
                result = (emit_float.greatest if greatest else emit_float.least)(e, result, argument.data)
            else:
                comparison = e.node("Greater" if greatest else "Less", argument.data, result)
                result = where(e, comparison, argument.data, result)
        bounds = [argument.bound for argument in op.arguments]
        bound = None if None in bounds else max(bound for bound in bounds if bound is not None)
        return strict(op, result, is_quiet=op.type is SqlType.FLOAT64, bound=bound)

    return render


def _not_positive(op: Operation, x: str) -> str:
    return op.emitter.node("LessOrEqual", x, emit_float.number(op.emitter, 0.0))


def _to_decimals(op: Operation, x: str, digits: int, to_whole: Callable[[Emitter, str], str]) -> str:
    e, unit = op.emitter, emit_float.number(op.emitter, float(f"1e{digits}"))
    scaled = e.node("Mul", x, unit)
    rounded = e.node("Div", to_whole(e, scaled), unit)
    return where(e, e.node("Less", e.node("Abs", scaled), emit_float.number(e, 2.0**52)), rounded, x)

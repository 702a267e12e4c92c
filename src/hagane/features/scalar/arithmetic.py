"""`+ - * / NEG DIV MOD SAFE_DIVIDE IEEE_DIVIDE`: INT64 exact or an error, FLOAT64 by IEEE 754.

A FLOAT64 result is an error where finite operands make an infinite one; where the sizes of the operands are known to be
too small for that, nothing is checked.

Source: GoogleSQL's reference, "Arithmetic operators" and "Mathematical functions".
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from hagane.features import emit_float, emit_integer
from hagane.features.emit_logic import any_error, both, either, negate
from hagane.features.scalar.operation import Operation, strict
from hagane.features.value import Value
from hagane.types import SqlType

Checked = Callable[..., tuple[str, str]]


def add(op: Operation) -> Value:
    """x + y."""
    return _arithmetic(op, "Add", emit_integer.add, _sum_bound(op))


def subtract(op: Operation) -> Value:
    """x - y."""
    return _arithmetic(op, "Sub", emit_integer.subtract, _sum_bound(op))


def multiply(op: Operation) -> Value:
    """x * y."""
    x, y = op.arguments
    bound = None if x.bound is None or y.bound is None else x.bound * y.bound
    return _arithmetic(op, "Mul", emit_integer.multiply, bound)


def negative(op: Operation) -> Value:
    """-x."""
    (x,) = op.arguments
    if op.type is SqlType.FLOAT64:
        return strict(op, op.emitter.node("Neg", x.data), is_quiet=True, bound=x.bound)
    return _integer(op, emit_integer.negate, x.bound)


def divide(op: Operation) -> Value:
    """x / y: an error where y is 0 or finite operands make an infinite quotient."""
    return _divide(op, is_safe=False)


def safe_divide(op: Operation) -> Value:
    """x / y: NULL where `/` is an error."""
    return _divide(op, is_safe=True)


def ieee_divide(op: Operation) -> Value:
    """x / y, infinite or NaN where IEEE 754 says so."""
    bound = _quotient_bound(op)
    return strict(op, _quotient(op), is_quiet=True, bound=bound if bound is not None and math.isfinite(bound) else None)


def scale(op: Operation) -> Value:
    """$SCALE(x, center, scale): (x - center) / scale by IEEE 754, never an error: what fitted scalers are made of."""
    x, center, by = op.arguments
    e = op.emitter
    return strict(op, e.node("Div", e.node("Sub", x.data, center.data), by.data), is_quiet=True)


def divide_whole(op: Operation) -> Value:
    """DIV(x, y): towards zero; an error where y is 0, and for INT64_MIN / -1."""
    x, y = op.arguments
    e = op.emitter
    if y.constants is not None and not np.isin(y.constants, (0, -1)).any() and x.constants is None:
        return strict(op, e.node("Div", x.data, y.data), bound=x.bound)
    return _integer_result(op, *emit_integer.divide(e, x.data, y.data), bound=x.bound)


def remainder(op: Operation) -> Value:
    """MOD(x, y), with the sign of x; an error where y is 0."""
    x, y = op.arguments
    return _integer_result(op, *emit_integer.remainder(op.emitter, x.data, y.data), bound=y.bound)


def overflow(op: Operation, result: str) -> str:
    """Where FLOAT64 arguments are finite and the result is infinite."""
    e, result_infinite = op.emitter, emit_float.is_infinite(op.emitter, result)
    origins = [emit_float.is_infinite(e, argument.data) for argument in op.arguments if argument.bound is None]
    infinite = any_error(e, *origins)
    return result_infinite if infinite is None else both(e, result_infinite, negate(e, infinite))


def _arithmetic(op: Operation, operator: str, checked: Checked, bound: float | None) -> Value:
    if op.type is SqlType.INT64:
        return _integer(op, checked, bound, unchecked=operator)
    result = op.emitter.node(operator, *(argument.data for argument in op.arguments))
    return _float_result(op, result, bound, keeps_infinity=operator != "Mul" or op.arguments[1].finite_nonzero)


def _float_result(
    op: Operation, result: str, bound: float | None, *, keeps_infinity: bool = False, zero: str | None = None
) -> Value:
    """A quiet result, an error where it overflowed or the divisor was `zero`.

    `keeps_infinity`: an infinite first operand always makes an infinite or NaN result.
    """
    e, (x, *rest) = op.emitter, op.arguments
    if bound is not None and math.isfinite(bound):
        return strict(op, result, failed=zero, is_quiet=True, bound=bound, fails_on_nan=True)
    if keeps_infinity and x.bound is None and all(y.bound is not None and y.valid is None for y in rest):
        failed = e.node("Xor", emit_float.is_infinite(e, result), emit_float.is_infinite(e, x.data))
    else:
        failed = overflow(op, result)
    failed = failed if zero is None else either(e, failed, zero)
    return strict(op, result, failed=failed, is_quiet=True, fails_on_nan=zero is not None)


def _integer(op: Operation, checked: Checked, bound: float | None, *, unchecked: str | None = None) -> Value:
    data = [argument.data for argument in op.arguments]
    if unchecked and bound is not None and bound <= emit_integer.INT64_MAX:
        return strict(op, op.emitter.node(unchecked, *data), bound=bound)
    return _integer_result(op, *checked(op.emitter, *data), bound=bound)


def _integer_result(op: Operation, data: str, failed: str, *, bound: float | None) -> Value:
    limit = 2**63
    return strict(op, data, failed=failed, bound=limit if bound is None else min(bound, limit))


def _divide(op: Operation, *, is_safe: bool) -> Value:
    y = op.arguments[1]
    e, bound = op.emitter, _quotient_bound(op)
    zero = None if y.finite_nonzero else e.node("Equal", y.data, emit_float.number(e, 0.0))
    value = _float_result(op, _quotient(op), bound, keeps_infinity=y.finite_nonzero, zero=zero)
    if not is_safe or (zero is None and value.bound is not None):
        return value
    error = any_error(e, *(argument.error for argument in op.arguments))
    return Value(value.data, value.valid, error, value.type, value.width)


def _quotient(op: Operation) -> str:
    x, y = op.arguments
    is_one = x.constants is not None and bool((x.constants == 1.0).all())
    return emit_float.divide(op.emitter, x.data, y.data, is_one=is_one)


def _sum_bound(op: Operation) -> float | None:
    x, y = op.arguments
    return None if x.bound is None or y.bound is None else x.bound + y.bound


def _quotient_bound(op: Operation) -> float | None:
    x, y = op.arguments
    if x.bound is None or not y.finite_nonzero or y.constants is None:
        return None
    with np.errstate(over="ignore"):
        return float(np.float64(x.bound) / np.abs(y.constants).astype(np.float64).min())

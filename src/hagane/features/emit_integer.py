"""Exact INT64 arithmetic: every function gives a tensor, and a bool tensor that is true where it failed.

Sums and products wrap in ONNX Runtime and are checked afterwards; a division's operands are made harmless first, since
INT64_MIN / -1 and INT64_MIN % -1 end the process. int64 Min, Max, Clip and Sign are wrong in its vector code and never
emitted; a constant 1 is never a dividend, since DivMulFusion turns (1 div b) * c into c div b.
"""

from __future__ import annotations

import numpy as np

from hagane.features.emit import Emitter
from hagane.features.emit_logic import FLOAT64, INT64, both, cast, either, where

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1


def whole(e: Emitter, value: int) -> str:
    """A constant that broadcasts."""
    return e.constant([[value]], np.int64)


def add(e: Emitter, a: str, b: str) -> tuple[str, str]:
    """a + b; fails where both operands have the sign that the sum has not (Warren, Hacker's Delight, section 2-13)."""
    result = e.node("Add", a, b)
    return result, _is_negative(
        e, e.node("BitwiseAnd", e.node("BitwiseXor", a, result), e.node("BitwiseXor", b, result))
    )


def subtract(e: Emitter, a: str, b: str) -> tuple[str, str]:
    """a - b; fails where the signs differ and the result has not a's (Warren, section 2-13)."""
    result = e.node("Sub", a, b)
    return result, _is_negative(e, e.node("BitwiseAnd", e.node("BitwiseXor", a, b), e.node("BitwiseXor", a, result)))


def multiply(e: Emitter, a: str, b: str) -> tuple[str, str]:
    """a * b; fails where the wrapped product is far from the float64 product.

    Wrapping is off by a multiple of 2^64, rounding by less than 2^12 for a product that fits: 2^62 lies between.
    """
    result = e.node("Mul", a, b)
    estimate = e.node("Mul", cast(e, a, FLOAT64), cast(e, b, FLOAT64))
    distance = e.node("Abs", e.node("Sub", cast(e, result, FLOAT64), estimate))
    return result, e.node("GreaterOrEqual", distance, e.constant([[2.0**62]]))


def negate(e: Emitter, a: str) -> tuple[str, str]:
    """-a; fails for the smallest number."""
    return e.node("Neg", a), e.node("Equal", a, whole(e, INT64_MIN))


def absolute(e: Emitter, a: str) -> tuple[str, str]:
    """|a|; fails for the smallest number."""
    return where(e, _is_negative(e, a), e.node("Neg", a), a), e.node("Equal", a, whole(e, INT64_MIN))


def sign(e: Emitter, a: str) -> str:
    """-1, 0 or 1 (int64 Sign is wrong in the vector code)."""
    positive = where(e, e.node("Greater", a, whole(e, 0)), whole(e, 1), whole(e, 0))
    return where(e, _is_negative(e, a), whole(e, -1), positive)


def divide(e: Emitter, a: str, b: str) -> tuple[str, str]:
    """a / b towards zero; fails where b is 0 or the quotient overflows. Operands are replaced there."""
    overflows = both(e, e.node("Equal", a, whole(e, INT64_MIN)), e.node("Equal", b, whole(e, -1)))
    fails = either(e, e.node("Equal", b, whole(e, 0)), overflows)
    divisor, dividend = where(e, fails, whole(e, 1), b), where(e, fails, whole(e, 0), a)
    return e.node("Div", dividend, divisor), fails


def remainder(e: Emitter, a: str, b: str) -> tuple[str, str]:
    """a - b * (a / b), with a's sign; fails where b is 0. A divisor of 0 or -1 is replaced by 1 (remainder 0)."""
    fails = e.node("Equal", b, whole(e, 0))
    divisor = where(e, either(e, fails, e.node("Equal", b, whole(e, -1))), whole(e, 1), b)
    floored = e.node("Mod", a, divisor, fmod=0)
    differ = e.node("Xor", _is_negative(e, a), _is_negative(e, divisor))
    is_off = both(e, differ, e.node("Not", e.node("Equal", floored, whole(e, 0))))
    return where(e, is_off, e.node("Sub", floored, divisor), floored), fails


def plus(e: Emitter, a: str, b: str | int) -> str:
    """a + b, wrapped: for numbers of which the sum is known to fit, or checked otherwise."""
    return e.node("Add", a, whole(e, b) if isinstance(b, int) else b)


def minus(e: Emitter, a: str, b: str | int) -> str:
    """a - b, wrapped."""
    return e.node("Sub", a, whole(e, b) if isinstance(b, int) else b)


def times(e: Emitter, a: str, factor: int) -> str:
    """a * factor, wrapped."""
    return a if factor == 1 else e.node("Mul", a, whole(e, factor))


def over(e: Emitter, a: str, positive: int) -> str:
    """a / positive, towards zero."""
    assert positive > 0
    return a if positive == 1 else e.node("Div", a, whole(e, positive))


def divide_floor(e: Emitter, a: str, positive: int) -> str:
    """a / positive, rounded down; `positive` > 1 is a constant."""
    assert positive > 1
    quotient = e.node("Div", a, whole(e, positive))
    is_above = e.node("Less", a, e.node("Mul", quotient, whole(e, positive)))
    return e.node("Sub", quotient, cast(e, is_above, INT64))


def modulo(e: Emitter, a: str, positive: int) -> str:
    """a - positive * divide_floor(a, positive): from 0 to positive - 1."""
    assert positive > 1
    return e.node("Mod", a, whole(e, positive), fmod=0)


def _is_negative(e: Emitter, a: str) -> str:
    return e.node("Less", a, whole(e, 0))

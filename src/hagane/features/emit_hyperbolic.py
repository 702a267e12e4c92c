"""Hyperbolic functions of FLOAT64, their inverses, and the cube root.

Made of Exp, Log and Pow where these lose nothing, of Taylor's series where they would cancel. Within the ulps that
`docs/semantics.md` states. Source: M. Abramowitz and I. Stegun, 4.5 and 4.6; W. Kahan's log1p as told by D. Goldberg,
"What Every Computer Scientist Should Know About Floating-Point Arithmetic", theorem 4.
"""

from __future__ import annotations

import math

from hagane.features.emit import Emitter
from hagane.features.emit_float import is_finite, number
from hagane.features.emit_logic import both, where
from hagane.features.emit_trigonometry import polynomial

_NEAR_OVERFLOW = 709.0
"""From here on e^x may overflow where sinh x does not; x - 1 is exact there."""
_TAIL = 500.0
"""From here on e^-|x| is nothing beside e^|x|; 100 - |x| is exact."""
_ALL_BUT_ONE = 30.0
"""tanh x is 1 from here on."""
_SQUARE_SWALLOWS_ONE = 2.0**28
_SINH_TERMS = 10


def sinh_and_cosh(e: Emitter, x: str) -> tuple[str, str]:
    """sinh x and cosh x, infinite where they overflow."""
    size = e.node("Abs", x)
    is_large = e.node("Greater", size, number(e, _NEAR_OVERFLOW))
    power = e.node("Exp", where(e, is_large, e.node("Sub", size, number(e, 1.0)), size))
    half = e.node("Mul", power, where(e, is_large, number(e, math.e / 2), number(e, 0.5)))
    other = e.node("Div", number(e, 0.25), half)
    far = e.node("Sub", half, other)
    signed = where(e, e.node("Less", x, number(e, 0.0)), e.node("Neg", far), far)
    square = e.node("Mul", x, x)
    series = polynomial(e, square, [1 / math.factorial(2 * k + 1) for k in range(1, _SINH_TERMS)])
    near = e.node("Add", x, e.node("Mul", e.node("Mul", x, square), series))
    sinh = where(e, e.node("Less", size, number(e, 1.0)), near, signed)
    return sinh, e.node("Add", half, other)


def reciprocals(e: Emitter, x: str) -> tuple[str, str]:
    """1 / sinh x and 1 / cosh x: far out 2 e^-|x|, which is there where e^|x| no longer is."""
    sinh, cosh = sinh_and_cosh(e, x)
    size = e.node("Abs", x)
    is_far = e.node("Greater", size, number(e, _TAIL))
    tail = e.node("Mul", e.node("Exp", e.node("Sub", number(e, 100.0), size)), number(e, 2 * math.exp(-100)))
    signed = where(e, e.node("Less", x, number(e, 0.0)), e.node("Neg", tail), tail)
    return where(e, is_far, signed, e.node("Reciprocal", sinh)), where(e, is_far, tail, e.node("Reciprocal", cosh))


def bounded(e: Emitter, x: str) -> str:
    """x, or ±30 where it lies beyond: for quotients of sinh and cosh, which are ±1 there."""
    limit = number(e, _ALL_BUT_ONE)
    below = where(e, e.node("Greater", x, limit), limit, x)
    return where(e, e.node("Less", below, e.node("Neg", limit)), e.node("Neg", limit), below)


def asinh(e: Emitter, x: str) -> str:
    """sign(x) log(|x| + sqrt(x^2 + 1))."""
    size, one = e.node("Abs", x), number(e, 1.0)
    is_large = e.node("Greater", size, number(e, _SQUARE_SWALLOWS_ONE))
    small = where(e, is_large, one, size)
    square = e.node("Mul", small, small)
    rest = e.node("Div", square, e.node("Add", one, e.node("Sqrt", e.node("Add", square, one))))
    result = where(e, is_large, _log_of_double(e, size), _log1p(e, e.node("Add", small, rest)))
    return where(e, e.node("Less", x, number(e, 0.0)), e.node("Neg", result), result)


def acosh(e: Emitter, x: str) -> str:
    """log(x + sqrt(x^2 - 1)); NaN for x < 1."""
    one = number(e, 1.0)
    is_large = e.node("Greater", x, number(e, _SQUARE_SWALLOWS_ONE))
    is_wrong = e.node("Less", x, one)
    above = e.node("Sub", where(e, is_large, one, x), one)
    root = e.node("Sqrt", e.node("Mul", above, e.node("Add", above, number(e, 2.0))))
    result = where(e, is_large, _log_of_double(e, x), _log1p(e, e.node("Add", above, root)))
    return where(e, is_wrong, number(e, math.nan), result)


def atanh(e: Emitter, x: str) -> str:
    """log((1 + x) / (1 - x)) / 2; not finite for |x| >= 1."""
    size, one = e.node("Abs", x), number(e, 1.0)
    ratio = e.node("Div", e.node("Add", size, size), e.node("Sub", one, size))
    result = e.node("Mul", _log1p(e, ratio), number(e, 0.5))
    return where(e, e.node("Less", x, number(e, 0.0)), e.node("Neg", result), result)


def cube_root(e: Emitter, x: str) -> str:
    """The real cube root: a power, and one step of Newton's method, y - (y - x / y^2) / 3."""
    size = e.node("Abs", x)
    root = e.node("Pow", size, number(e, 1 / 3))
    step = e.node("Sub", root, e.node("Div", size, e.node("Mul", root, root)))
    better = e.node("Sub", root, e.node("Mul", step, number(e, 1 / 3)))
    is_plain = both(e, is_finite(e, size), e.node("Greater", size, number(e, 0.0)))
    result = where(e, is_plain, better, size)
    return where(e, e.node("Less", x, number(e, 0.0)), e.node("Neg", result), result)


def _log1p(e: Emitter, u: str) -> str:
    """log(1 + u) for u >= 0 or NaN: log(w) u / (w - 1), w = 1 + u as rounded."""
    one = number(e, 1.0)
    w = e.node("Add", u, one)
    is_tiny = e.node("Equal", w, one)
    divisor = where(e, is_tiny, one, e.node("Sub", w, one))
    return where(e, is_tiny, u, e.node("Mul", e.node("Log", w), e.node("Div", u, divisor)))


def _log_of_double(e: Emitter, x: str) -> str:
    return e.node("Add", e.node("Log", x), number(e, math.log(2)))

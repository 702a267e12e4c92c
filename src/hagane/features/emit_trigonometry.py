"""Sine and cosine of FLOAT64 from sums and products alone.

ONNX Runtime's own Sin and Cos look at neighbouring rows; single additions and multiplications are rounded by IEEE 754
wherever they run, so what is made of them is the same for a row in any batch and on any machine. Below one ulp
(measured) for |x| <= LARGEST_ANGLE.

Source: W. J. Cody and W. Waite, "Software Manual for the Elementary Functions" (1980), chapter 8: x - k pi/2 with
pi/2 in pieces, so that each product is exact; the sums keep what they round off (D. E. Knuth, TAOCP 2, 4.2.2).
"""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np

from hagane.features.emit import Emitter
from hagane.features.emit_float import number
from hagane.features.emit_logic import both, either, where

LARGEST_ANGLE = 2.0**31
"""Radians. Up to here k has 31 bits and its products with pieces of 22 bits are exact."""
_PIECES = tuple(
    float.fromhex(piece)
    for piece in ("0x1.921fb00000000p+0", "0x1.5110b00000000p-22", "0x1.1846980000000p-44", "0x1.3198800000000p-69",
                  "0x1.1701b839a2520p-88")
)  # fmt: skip
"""Their sum is pi/2: four pieces of 22 bits, and the rest."""
_TERMS = 9


class Angle(NamedTuple):
    """x as `quarter` * pi/2 + (`high` + `low`), |high| <= pi/4; `quarter` is 0, 1, 2 or 3 (a float64)."""

    quarter: str
    high: str
    low: str


def sine_and_cosine(e: Emitter, x: str) -> tuple[str, str]:
    """sin x and cos x; NaN for infinite and NaN x, and no meaning beyond LARGEST_ANGLE."""
    angle = reduce(e, x)
    sine, cosine = _near_zero(e, angle)
    is_odd = either(e, _is(e, angle, 1), _is(e, angle, 3))
    s, c = where(e, is_odd, cosine, sine), where(e, is_odd, sine, cosine)
    s_negative = e.node("Greater", angle.quarter, number(e, 1.5))
    c_negative = either(e, _is(e, angle, 1), _is(e, angle, 2))
    return where(e, s_negative, e.node("Neg", s), s), where(e, c_negative, e.node("Neg", c), c)


def is_beyond(e: Emitter, x: str) -> str:
    """Whether x is finite and farther than LARGEST_ANGLE from 0."""
    size = e.node("Abs", x)
    return both(e, e.node("Greater", size, number(e, LARGEST_ANGLE)), e.node("Less", size, number(e, math.inf)))


def reduce(e: Emitter, x: str) -> Angle:
    """x without its quarter turns."""
    turns = e.node("Round", e.node("Mul", x, number(e, 2 / math.pi)))
    first, *pieces, rest = (e.node("Mul", turns, number(e, piece)) for piece in _PIECES)
    high, lows = e.node("Sub", x, first), []
    for piece in pieces:
        high, low = exact_sum(e, high, e.node("Neg", piece))
        lows.append(low)
    low = e.node("Sub", functools.reduce(lambda a, b: e.node("Add", a, b), lows), rest)
    total = e.node("Add", high, low)
    low = e.node("Sub", low, e.node("Sub", total, high))
    quarters = e.node("Floor", e.node("Mul", turns, number(e, 0.25)))
    return Angle(e.node("Sub", turns, e.node("Mul", quarters, number(e, 4.0))), total, low)


def exact_sum(e: Emitter, a: str, b: str) -> tuple[str, str]:
    """a + b rounded, and what the rounding took away, exactly (Knuth's TwoSum)."""
    total = e.node("Add", a, b)
    of_b = e.node("Sub", total, a)
    of_a = e.node("Sub", total, of_b)
    return total, e.node("Add", e.node("Sub", a, of_a), e.node("Sub", b, of_b))


def polynomial(e: Emitter, x: str, coefficients: list[float]) -> str:
    """c0 + c1 x + c2 x^2 + … by Horner's rule."""
    result = number(e, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        result = e.node("Add", e.node("Mul", result, x), number(e, coefficient))
    return result


def _near_zero(e: Emitter, angle: Angle) -> tuple[str, str]:
    """sin and cos of high + low by Taylor's series, whose tails are below 1e-19.

    sin r = r + r^3 S(r^2), cos r = 1 - r^2 / 2 + r^4 C(r^2); `low` enters by the derivatives -sin and cos.
    """
    r, low = angle.high, angle.low
    square = e.node("Mul", r, r)
    s = polynomial(e, square, [(-1) ** k / math.factorial(2 * k + 1) for k in range(1, _TERMS)])
    c = polynomial(e, square, [(-1) ** k / math.factorial(2 * k) for k in range(2, _TERMS + 1)])
    half = e.node("Mul", square, number(e, 0.5))
    one = number(e, 1.0)
    flat = e.node("Sub", one, half)
    slope = e.node("Mul", low, flat)
    sine = e.node("Add", r, e.node("Add", e.node("Mul", e.node("Mul", r, square), s), slope))
    lost = e.node("Sub", e.node("Sub", one, flat), half)
    rest = e.node("Sub", e.node("Mul", e.node("Mul", square, square), c), e.node("Mul", r, low))
    return sine, e.node("Add", flat, e.node("Add", lost, rest))


def _is(e: Emitter, angle: Angle, quarter: int) -> str:
    return e.node("Equal", angle.quarter, e.constant([[float(quarter)]], np.float64))

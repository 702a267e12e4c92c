"""The arc tangent of FLOAT64 from sums, products and quotients alone: the same for a row in any batch.

atan z = atan c + atan t with t = (z - c) / (1 + c z), c the nearest eighth, so that |t| <= 1/16 and Taylor's series
needs eight terms. Within 2 ulp (measured). Source: M. Abramowitz and I. Stegun, 4.4.34 and 4.4.42.
"""

from __future__ import annotations

import math

import numpy as np

from hagane.features.emit import Emitter
from hagane.features.emit_float import number
from hagane.features.emit_logic import INT64, both, cast, where
from hagane.features.emit_trigonometry import polynomial

_EIGHTHS = 8
_HIGH = (0.0, 0.12435499454676144, 0.24497866312686414, 0.35877067027057225, 0.4636476090008061, 0.5585993153435624,
         0.6435011087932844, 0.7188299996216245, 0.7853981633974483)  # fmt: skip
_LOW = (0.0, -3.1253241424539383e-18, 1.0698755618734451e-17, -2.4623815582638635e-17, 2.2698777452961687e-17,
        -5.4556305485916264e-18, 1.5834785051444286e-17, -2.1478388444456983e-17, 3.061616997868383e-17)  # fmt: skip
_HALF_PI, _HALF_PI_LOW = 1.5707963267948966, 6.123233995736766e-17
_TERMS = 8


def arc(e: Emitter, y: str, x: str) -> str:
    """The angle of the point (x, y), from -pi to pi; 0 at the origin; NaN where one of them is.

    The sign of a zero does not count: the angle of (-1, -0.0) is pi.
    """
    height, size = e.node("Abs", y), e.node("Abs", x)
    is_steep = e.node("Greater", height, size)
    ratio = _ratio(e, where(e, is_steep, size, height), where(e, is_steep, height, size))
    angle = _of_ratio(e, ratio)
    zero = number(e, 0.0)
    is_left = e.node("Less", x, zero)
    is_straight = both(e, is_left, e.node("Not", is_steep))
    turned = where(e, e.node("Xor", is_steep, is_left), e.node("Neg", angle), angle)
    base = where(e, is_steep, number(e, _HALF_PI), where(e, is_straight, number(e, math.pi), zero))
    low = where(e, is_steep, number(e, _HALF_PI_LOW), where(e, is_straight, number(e, 2 * _HALF_PI_LOW), zero))
    positive = e.node("Add", base, e.node("Add", turned, low))
    return where(e, e.node("Less", y, zero), e.node("Neg", positive), positive)


def _ratio(e: Emitter, smaller: str, greater: str) -> str:
    """smaller / greater, from 0 to 1: 0 for 0 / 0, 1 for inf / inf."""
    is_origin = e.node("Equal", greater, number(e, 0.0))
    infinity, one = number(e, math.inf), number(e, 1.0)
    is_diagonal = both(e, e.node("Equal", smaller, infinity), e.node("Equal", greater, infinity))
    divisor = where(e, is_diagonal, one, where(e, is_origin, one, greater))
    return e.node("Div", where(e, is_diagonal, one, smaller), divisor)


def _of_ratio(e: Emitter, z: str) -> str:
    """atan z for 0 <= z <= 1; NaN for NaN."""
    nearest = e.node("Round", e.node("Mul", z, number(e, float(_EIGHTHS))))
    step = where(e, e.node("GreaterOrEqual", nearest, number(e, 0.0)), nearest, number(e, 0.0))
    index = cast(e, step, INT64)
    c = e.node("Mul", step, number(e, 1 / _EIGHTHS))
    t = e.node("Div", e.node("Sub", z, c), e.node("Add", e.node("Mul", c, z), number(e, 1.0)))
    square = e.node("Mul", t, t)
    series = polynomial(e, square, [(-1) ** k / (2 * k + 1) for k in range(1, _TERMS + 1)])
    rest = e.node("Add", t, e.node("Mul", e.node("Mul", t, square), series))
    high, low = (e.node("Gather", e.constant(table, np.float64), index, axis=0) for table in (_HIGH, _LOW))
    return e.node("Add", high, e.node("Add", rest, low))

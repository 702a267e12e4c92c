"""FLOAT64 functions that ONNX Runtime has not, or has with another rounding."""

from __future__ import annotations

import math

import numpy as np

from hagane.features.emit import Emitter
from hagane.features.emit_logic import BOOL, INT64, both, cast, either, negate, where


def number(e: Emitter, value: float) -> str:
    """A constant that broadcasts."""
    return e.constant([[value]], np.float64)


def is_infinite(e: Emitter, a: str) -> str:
    """Whether a is +inf or -inf."""
    return e.node("IsInf", a)


def is_finite(e: Emitter, a: str) -> str:
    """Whether a is neither infinite nor NaN."""
    return e.node("Less", e.node("Abs", a), number(e, math.inf))


def is_nan(e: Emitter, a: str) -> str:
    """Whether a is NaN."""
    return e.node("IsNaN", a)


def divide(e: Emitter, a: str, b: str, *, is_one: bool) -> str:
    """a / b by IEEE 754. A constant 1 is divided by Reciprocal: DivMulFusion would turn (1 / b) * c into c / b."""
    return e.node("Reciprocal", b) if is_one else e.node("Div", a, b)


def truncate(e: Emitter, a: str) -> str:
    """a without its fraction; keeps infinities and NaN, not the sign of a zero (ONNX Runtime's Where forgets it)."""
    return where(e, e.node("Less", a, number(e, 0.0)), e.node("Ceil", a), e.node("Floor", a))


def round_half_away(e: Emitter, a: str) -> str:
    """a rounded to whole numbers, halves away from zero (ONNX's Round takes halves to even)."""
    whole = truncate(e, a)
    is_far = e.node("GreaterOrEqual", e.node("Abs", e.node("Sub", a, whole)), number(e, 0.5))
    return where(e, is_far, e.node("Add", whole, e.node("Sign", a)), whole)


def to_int64(e: Emitter, a: str) -> tuple[str, str]:
    """a rounded to INT64, halves away from zero; fails for NaN and for what does not fit."""
    rounded = round_half_away(e, a)
    fits = both(
        e,
        e.node("GreaterOrEqual", rounded, number(e, -(2.0**63))),
        e.node("Less", rounded, number(e, 2.0**63)),
    )
    return cast(e, where(e, fits, rounded, number(e, 0.0)), INT64), negate(e, fits)


def to_bool(e: Emitter, a: str) -> str:
    """Whether a number is not 0."""
    return cast(e, a, BOOL)


def log10(e: Emitter, a: str) -> str:
    """Logarithm to base 10, exact for powers of ten."""
    estimate = e.node("Mul", e.node("Log", a), number(e, 1 / math.log(10)))
    return _snap(e, estimate, number(e, 10.0), a)


def log_base(e: Emitter, a: str, base: str) -> str:
    """Logarithm to a base, exact for its small whole powers; NaN for an infinite base."""
    estimate = e.node("Div", e.node("Log", a), e.node("Log", base))
    return where(e, is_infinite(e, base), number(e, math.nan), _snap(e, estimate, base, a))


def _snap(e: Emitter, estimate: str, base: str, a: str) -> str:
    """The whole number within 4 ulp of the estimate where base to its power is a exactly, else the estimate."""
    whole = e.node("Round", estimate)
    distance = e.node("Abs", e.node("Sub", estimate, whole))
    is_near = e.node("LessOrEqual", distance, e.node("Mul", e.node("Abs", whole), number(e, 2.0**-50)))
    return where(e, both(e, is_near, e.node("Equal", e.node("Pow", base, whole), a)), whole, estimate)


def least(e: Emitter, a: str, b: str) -> str:
    """The smaller; NaN where either is."""
    return where(e, either(e, e.node("Less", b, a), is_nan(e, b)), b, a)


def greatest(e: Emitter, a: str, b: str) -> str:
    """The greater; NaN where either is."""
    return where(e, either(e, e.node("Greater", b, a), is_nan(e, b)), b, a)

"""INT64 and FLOAT64 read from text.

Cast to numbers is C's `stoll` and `stod`: it raises for the whole batch where a text is no number, does not fit, or is
a subnormal, and ignores what follows a number. So patterns decide first, what they refuse is replaced, and a number out
of the range of `stod` is read with another exponent.
"""

from __future__ import annotations

import math

import numpy as np

from hagane.features import emit_text
from hagane.features.emit import Emitter
from hagane.features.emit_float import number
from hagane.features.emit_integer import whole
from hagane.features.emit_logic import FLOAT64, INT64, STRING, both, cast, either, negate, where
from hagane.sql import cast_patterns
from hagane.sql.functions import WHITE_SPACE

_HEX_DIGITS = "0123456789abcdefABCDEF"
_FAR = 99_999
_PLAIN, _LARGEST, _SMALLEST = 290, 320, -350
"""Decimal exponents: within ±290 a number is read as it is; above 320 it is infinite, below -350 zero."""
_DOWN, _UP = 28, 300
_TOO_LARGE = 1.7976931348623159e280
"""2^1024 - 2^970, from where on a number is infinite, times 1e-28: there the largest FLOAT64 is one double below."""
_NEAR_ZERO = 2.2250738585072024e-8
"""Of the number times 1e300: from here on it is no subnormal."""


def to_int64(e: Emitter, text: str) -> tuple[str, str]:
    """The whole number that a text says, to base 10 or with 0x to base 16; and whether it says none."""
    is_decimal = emit_text.matches(e, text, cast_patterns.DECIMAL)
    is_hex = emit_text.matches(e, text, cast_patterns.HEX)
    decimal = cast(e, where(e, is_decimal, text, _text(e, "0")), INT64)
    return where(e, is_hex, _hex(e, text, is_hex), decimal), negate(e, either(e, is_decimal, is_hex))


def to_float64(e: Emitter, text: str) -> tuple[str, str]:
    """The number that a text says, nearest of all (subnormal ones within 1 ulp); and whether it says none."""
    is_infinite = emit_text.matches(e, text, cast_patterns.INFINITE)
    is_nan = emit_text.matches(e, text, cast_patterns.NOT_A_NUMBER)
    is_long = emit_text.matches(e, text, cast_patterns.LONG_NUMBER)
    is_number = both(e, emit_text.matches(e, text, cast_patterns.NUMBER), negate(e, is_long))
    size = _size(e, where(e, is_number, text, _text(e, "0")))
    size = where(e, is_infinite, number(e, math.inf), where(e, is_nan, number(e, math.nan), size))
    is_negative = emit_text.matches(e, text, cast_patterns.NEGATIVE)
    known = either(e, is_number, either(e, is_infinite, is_nan))
    return where(e, is_negative, e.node("Neg", size), size), negate(e, known)


def _hex(e: Emitter, text: str, is_hex: str) -> str:
    """At most 16 digits, filled up with zeros in front, two by two, in two halves that are exact as FLOAT64 sums."""
    plain = emit_text.trim(e, where(e, is_hex, text, _text(e, "0x0")), WHITE_SPACE, "both")
    digits = e.node("StringConcat", _text(e, "0" * 16), emit_text.behind(e, plain, rf"\A{cast_patterns.HEX_PREFIX}"))
    tokens = emit_text.found(e, emit_text.first(e, digits, r"[0-9a-fA-F]{16}\z"), "[0-9a-fA-F]{2}", "00")
    keys = [high + low for high in _HEX_DIGITS for low in _HEX_DIGITS]
    values = e.node("LabelEncoder", tokens, domain="ai.onnx.ml", keys_strings=keys,
                    values_int64s=[int(key, 16) for key in keys], default_int64=0)  # fmt: skip
    high, low = (_weighted(e, values, start, e.extent(text).width) for start in (0, 4))
    size = e.node("Add", e.node("Mul", high, whole(e, 2**32)), low)
    is_negative = emit_text.matches(e, text, cast_patterns.NEGATIVE)
    return where(e, is_negative, e.node("Neg", size), size)


def _weighted(e: Emitter, values: str, start: int, width: int) -> str:
    """Four of eight pairs of digits as a number below 2^32."""
    bounds = (e.constant([bound], np.int64) for bound in (start, start + 4, 2))
    digits = e.node("Slice", values, *bounds, width=width)
    terms = e.node("Mul", digits, e.constant([[[256**power for power in range(3, -1, -1)]]], np.int64), width=width)
    return e.node("ReduceSum", terms, e.constant([2], np.int64), keepdims=0, width=width)


def _size(e: Emitter, text: str) -> str:
    """The number without its sign."""
    digits = emit_text.first(e, text, "[0-9.]+")
    mantissa, exponent = cast(e, digits, FLOAT64), _exponent(e, text)
    magnitude = e.node("Add", _decimal_exponent(e, mantissa), exponent)
    is_zero = e.node("Equal", mantissa, number(e, 0.0))
    is_high = e.node("Greater", magnitude, whole(e, _PLAIN))
    is_low = e.node("Less", magnitude, whole(e, -_PLAIN))
    is_infinite, is_lost = (
        e.node("Greater", magnitude, whole(e, _LARGEST)),
        e.node("Less", magnitude, whole(e, _SMALLEST)),
    )
    is_readable = negate(e, either(e, is_zero, either(e, is_infinite, is_lost)))
    shift = where(e, is_high, whole(e, -_DOWN), where(e, is_low, whole(e, _UP), whole(e, 0)))
    moved = _shifted(
        e,
        where(e, is_readable, digits, _text(e, "0")),
        where(e, is_readable, e.node("Add", exponent, shift), whole(e, 0)),
    )
    is_too_large = both(e, is_high, e.node("GreaterOrEqual", moved, number(e, _TOO_LARGE)))
    is_subnormal = both(e, is_low, e.node("Less", moved, number(e, _NEAR_ZERO)))
    is_direct = both(e, is_readable, negate(e, either(e, is_too_large, is_subnormal)))
    direct = e.node("Abs", cast(e, where(e, is_direct, text, _text(e, "0")), FLOAT64))
    scaled = where(e, is_subnormal, e.node("Mul", moved, number(e, 1e-300)), number(e, math.inf))
    beyond = where(e, both(e, is_infinite, negate(e, is_zero)), number(e, math.inf), number(e, 0.0))
    return where(e, is_direct, direct, where(e, is_readable, scaled, beyond))


def _exponent(e: Emitter, text: str) -> str:
    """What stands behind the e; 0 where there is none, ±99999 where it is five digits or more."""
    is_far = emit_text.matches(e, text, cast_patterns.FAR_EXPONENT)
    written = emit_text.first(e, text, "[eE][+-]?[0-9]+")
    sign_and_digits = emit_text.behind(e, written, r"\A[eE]")
    is_there = negate(e, either(e, is_far, e.node("Equal", written, _text(e, ""))))
    exponent = cast(e, where(e, is_there, sign_and_digits, _text(e, "0")), INT64)
    is_negative = emit_text.matches(e, written, "[eE]-[0-9]+")
    return where(e, is_far, where(e, is_negative, whole(e, -_FAR), whole(e, _FAR)), exponent)


def _decimal_exponent(e: Emitter, mantissa: str) -> str:
    """The power of ten of a number, which may be off by one; 0 of 0. No answer hangs on its last bit."""
    is_zero = e.node("Equal", mantissa, number(e, 0.0))
    logarithm = e.node("Mul", e.node("Log", where(e, is_zero, number(e, 1.0), mantissa)), number(e, 1 / math.log(10)))
    return cast(e, e.node("Floor", logarithm), INT64)


def _shifted(e: Emitter, digits: str, exponent: str) -> str:
    """digits * 10^exponent, read by `stod`."""
    text = e.node("StringConcat", e.node("StringConcat", digits, _text(e, "e")), cast(e, exponent, STRING))
    return cast(e, text, FLOAT64)


def _text(e: Emitter, text: str) -> str:
    return e.constant([[text]], object)

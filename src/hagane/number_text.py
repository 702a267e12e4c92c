"""Numbers as people read them, by one set of rules (docs/contributing.md): on the terminal, on pages, in sentences.

Thousands are set apart by commas; from 1e9, and below a thousandth, a number is a mantissa and a power of ten
(`1.630e9`, never `1.63e+09`). Units stand behind a space, the percent sign among them, as the SI has it.
"""

from __future__ import annotations

import math

MISSING = "–"
LARGE, SMALL = 1e9, 1e-3
SMALL_IN_WORDS = 1e-4


def figure_text(value: float | None) -> str:
    """A figure in four digits, so that close models can be told apart in a column; a dash where there is none.

    >>> [figure_text(value) for value in (0.92714, 0.99998, 1.0, 0.0001234, 68812.4, -3.25, 1.63e9, 0.0, None)]
    ['0.9271', '>0.9999', '1.0000', '1.234e-4', '68,812', '-3.2500', '1.630e9', '0', '–']
    """
    if value is None or not math.isfinite(value):
        return MISSING
    size = abs(value)
    if size == 0:
        return "0"
    if size >= LARGE or size < SMALL:
        return _power_text(value, 3)
    if 0.99995 <= value < 1:
        return ">0.9999"
    return f"{value:,.{max(0, 4 - len(str(int(size))) + (size < 10))}f}" if size < 10_000 else f"{value:,.0f}"


def brief_text(value: float | None, digits: int = 4) -> str:
    """A number in a sentence: at most `digits` significant digits, and no zeros behind them.

    >>> [brief_text(value) for value in (0.5, 0.92714, 2.0, 68812.4, 37407168, 0.0000123, -12.5, None)]
    ['0.5', '0.9271', '2', '68,812', '3.741e7', '1.23e-5', '-12.5', '–']
    """
    if value is None or not math.isfinite(value):
        return MISSING
    size = abs(value)
    if size >= min(LARGE, 10.0 ** (digits + 3)) or 0 < size < SMALL_IN_WORDS:
        return _power_text(value, digits - 1, trimmed=True)
    return f"{value:,.0f}" if size >= 1000 else _trimmed(f"{value:.{digits}g}")


def supported_digits(value: float, low: float, high: float, most: int = 4) -> int:
    """How many significant digits of a figure its interval supports: two of half the interval's width, at most `most`.

    >>> supported_digits(0.92714, 0.8972, 0.9533), supported_digits(0.92714, 0.92709, 0.92719)
    (3, 4)
    >>> supported_digits(0.5, 0.1, 0.9)
    2
    """
    half = abs(high - low) / 2
    if value == 0 or not half or not all(map(math.isfinite, (value, half))):
        return most
    return min(most, max(2, math.floor(math.log10(abs(value))) - math.floor(math.log10(half)) + 2))


def percent_text(share: float | None) -> str:
    """A share as per cent, in one decimal; nothing and everything only where it is exactly that.

    >>> [percent_text(share) for share in (0.0, 0.1234, 1.0, 0.99996, 0.00004, None)]
    ['0 %', '12.3 %', '100 %', '>99.9 %', '<0.1 %', '–']
    """
    if share is None or not math.isfinite(share):
        return MISSING
    if 0 < share < 0.0005:
        return "<0.1 %"
    if 0.9995 <= share < 1:
        return ">99.9 %"
    return f"{100 * share:.0f} %" if share in (0, 1) else f"{100 * share:.1f} %"


def share_text(share: float) -> str:
    """A share as per cent where there is little room, in two digits; a dash for nothing.

    >>> [share_text(share) for share in (0.0, 0.0001, 0.0123, 0.283, 0.9999, 1.0)]
    ['–', '<0.1 %', '1.2 %', '28 %', '>99 %', '100 %']
    """
    if share <= 0:
        return MISSING
    if share < 0.001:
        return "<0.1 %"
    if 0.99 < share < 1:
        return ">99 %"
    return f"{100 * share:.1f} %" if share < 0.0995 else f"{100 * share:.0f} %"


def tiny_text(value: float | None, digits: int = 3) -> str:
    """A number where there is little room: `digits` digits, and a letter for thousands, millions and milliards.

    >>> [tiny_text(value) for value in (0.4999, -124.35, 2013, 14999, 1356998400, 35.0, 0.00012, 0, 1e300, None)]
    ['0.5', '-124', '2013', '15k', '1.36G', '35', '0.00012', '0', '1e300', '–']
    """
    if value is None or not math.isfinite(value):
        return MISSING
    size = abs(value)
    if 1000 <= size < 10_000:
        return _trimmed(f"{value:.{max(0, digits - 4)}f}")
    for unit, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if unit <= size < 1e12:
            return f"{value / unit:.{digits}g}{letter}"
    return _power_text(value, digits - 1, trimmed=True) if size >= 1e12 else _trimmed(f"{value:.{digits}g}")


def _power_text(value: float, decimals: int, *, trimmed: bool = False) -> str:
    """A mantissa and a power of ten, without what no reader needs: the plus, the zeros before it."""
    mantissa, exponent = f"{value:.{decimals}e}".split("e")
    return f"{_trimmed(mantissa) if trimmed else mantissa}e{int(exponent)}"


def _trimmed(text: str) -> str:
    """Without zeros behind the point; of a power of ten (of Python's `g`) as `_power_text` has it."""
    if "e" in text:
        mantissa, exponent = text.split("e")
        return f"{_trimmed(mantissa)}e{int(exponent)}"
    return text.rstrip("0").rstrip(".") if "." in text else text

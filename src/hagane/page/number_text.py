"""Numbers as people read them."""

from __future__ import annotations

import math

MINUS = "−"


def number_text(value: float | None) -> str:
    """Three or four significant figures, thousands apart; a dash where there is no number.

    >>> [number_text(value) for value in (0.92714, 0.99984, 1.0, 0.000123, 68812.4, -3.25, 1.5e9, None)]
    ['0.927', '0.9998', '1.000', '0.000123', '68,812', '−3.250', '1.50e9', '–']
    """
    if value is None or not math.isfinite(value):
        return "–"
    size = abs(value)
    if size == 0:
        return "0"
    if size >= 1e9 or size < 1e-5:
        text = _scientific(size)
    elif size >= 1000:
        text = f"{size:,.0f}"
    elif size >= 10:
        text = f"{size:.4g}"
    else:
        text = _near_one(size) if 0.9995 <= size < 1 else f"{size:.3f}" if size >= 0.1 else f"{size:.3g}"
    return (MINUS if value < 0 else "") + text


def percent_text(share: float | None) -> str:
    """A share as per cent; nothing and everything only where it is exactly that.

    >>> [percent_text(share) for share in (0.1234, 1.0, 0.99996, 0.00004, None)]
    ['12.3 %', '100 %', '>99.9 %', '<0.1 %', '–']
    """
    if share is None:
        return "–"
    if 0 < share < 0.0005:
        return "<0.1 %"
    if 0.9995 <= share < 1:
        return ">99.9 %"
    return f"{share:.0%}".replace("%", " %") if share in (0, 1) else f"{100 * share:.1f} %"


def tick_text(value: float, digits: int = 4) -> str:
    """Short, for an axis; as many significant digits as are needed, up to `digits`.

    >>> [tick_text(value) for value in (0.25, 500000.0, 2024.0, -25000.0, 0.0)]
    ['0.25', '500k', '2024', '−25k', '0']
    """
    size = abs(value)
    sign = MINUS if value < 0 else ""
    if size >= 1e12 or size < 1e4:
        return sign + f"{size:.{digits}g}"
    unit, letter = next(pair for pair in ((1e9, "G"), (1e6, "M"), (1e3, "k")) if size >= pair[0])
    return sign + f"{size / unit:.{digits}g}{letter}"


def _near_one(size: float) -> str:
    text = f"{size:.4f}"
    return ">0.9999" if text == "1.0000" else text


def _scientific(size: float) -> str:
    mantissa, exponent = f"{size:.2e}".split("e")
    return f"{mantissa}e{int(exponent)}"

"""Figures as the terminal shows them."""

from __future__ import annotations

import math

from rich.cells import cell_len, set_cell_size

MISSING = "–"


def figure_text(value: float | None) -> str:
    """A figure in four digits, so that close models can be told apart; a dash where there is none.

    >>> [figure_text(value) for value in (0.92714, 1.0, 0.0001234, 68812.4, -3.25, 1.5e9, 0.0, None)]
    ['0.9271', '1.0000', '1.234e-4', '68,812', '-3.2500', '1.500e9', '0', '–']
    """
    if value is None or not math.isfinite(value):
        return MISSING
    size = abs(value)
    if size == 0:
        return "0"
    if size >= 1e9 or size < 1e-3:
        mantissa, exponent = f"{value:.3e}".split("e")
        return f"{mantissa}e{int(exponent)}"
    if size >= 10_000:
        return f"{value:,.0f}"
    return f"{value:,.{max(0, 4 - len(str(int(size))) + (size < 10))}f}"


def short_text(value: object, width: int) -> str:
    """A value on one line, at most `width` places wide; line ends and other controls shown as '·'.

    >>> short_text("two\\nlines", 20), short_text("abcdefgh", 5), short_text("京都府", 5), short_text(None, 9)
    ('two·lines', 'abcd…', '京都…', 'NULL')
    """
    if value is None:
        return "NULL"
    text = "".join(character if character.isprintable() else "·" for character in str(value))
    return text if cell_len(text) <= width else set_cell_size(text, max(0, width - 1)).rstrip() + "…"


def tiny_text(value: float | None) -> str:
    """A number in three or four digits.

    >>> [tiny_text(value) for value in (0.4999, -124.35, 2013, 14999, 1356998400, 35.0, 0.00012, 0, 1e300, None)]
    ['0.5', '-124', '2013', '15k', '1.36G', '35', '0.00012', '0', '1e+300', '–']
    """
    if value is None or not math.isfinite(value):
        return MISSING
    if 1000 <= abs(value) < 10_000:
        return f"{value:.0f}"
    for unit, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if unit <= abs(value) < 1e12:
            return f"{value / unit:.3g}{letter}"
    return f"{value:.3g}"


def share_text(share: float) -> str:
    """A share in per cent, two digits; nothing and everything only where it is exactly that.

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

"""Figures as the terminal shows them."""

from __future__ import annotations

import math

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
    """A value on one line of at most `width` characters; line ends and other controls shown as '·'.

    >>> short_text("two\\nlines", 20), short_text("abcdefgh", 5), short_text(None, 9)
    ('two·lines', 'abcd…', 'NULL')
    """
    if value is None:
        return "NULL"
    text = "".join(character if character.isprintable() else "·" for character in str(value))
    return text if len(text) <= width else text[: width - 1] + "…"

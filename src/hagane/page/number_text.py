"""`number_text` and its like: numbers on a page, as `hagane.number_text` has them, with a minus sign of its own."""

from __future__ import annotations

from hagane.number_text import figure_text, tiny_text

MINUS = "−"


def number_text(value: float | None) -> str:
    """A figure in four digits; a dash where there is no number.

    >>> [number_text(value) for value in (0.92714, 0.99998, 1.0, 0.000123, 68812.4, -3.25, 1.5e9, None)]
    ['0.9271', '>0.9999', '1.0000', '1.230e-4', '68,812', '−3.2500', '1.500e9', '–']
    """
    return with_minus(figure_text(value))


def tick_text(value: float, digits: int = 4) -> str:
    """Short, for an axis; as many significant digits as are needed, up to `digits`.

    >>> [tick_text(value) for value in (0.25, 500000.0, 2024.0, -25000.0, 0.0, 1e12)]
    ['0.25', '500k', '2024', '−25k', '0', '1e12']
    """
    return with_minus(tiny_text(value, digits))


def with_minus(text: str) -> str:
    """A number's text with the sign that is as wide as a plus.

    >>> with_minus("-1.5e-4")
    '−1.5e-4'
    """
    return f"{MINUS}{text[1:]}" if text.startswith("-") else text

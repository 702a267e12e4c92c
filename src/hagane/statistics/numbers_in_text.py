"""`number_in_text`: whether the values of a text column are numbers with something around them."""

from __future__ import annotations

import re

from hagane.statistics.statistics import ColumnStatistics
from hagane.types import SqlType

LEAST_SHARE = 0.95
"""Of the values that are known."""
MIN_VALUES = 2
"""As many are known of a column in which no value repeats: the extremes."""
_DIGITS = r"(?:\d{1,3}(?:[.,'’\u00a0\u202f ]\d{3})+|\d+)(?:[.,]\d+)?"
_BEFORE = r"(?:[A-Z]{2,3}\$? |[^\w\s.,#/:;\"'()\[\]{}-]{1,2} ?)?[-+−]?"
_AFTER = r"(?: ?(?:[^\W\d_]{1,3}[²³23]?|[^\w\s.,#/:;\"'()\[\]{}-]{1,2}))?"
_NUMBER = re.compile(_BEFORE + _DIGITS + _AFTER)
"""A currency or a sign, digits with thousands and decimals set apart as anyone may, a unit."""


def number_in_text(column: ColumnStatistics) -> str:
    """An example where nearly every known value is a number that was read as text; else empty.

    What is made of digits alone is one where lengths differ and nothing begins with 0: else it may well be a code.

    >>> from hagane.statistics.statistics import TopValue
    >>> def text(*values):
    ...     top = tuple(TopValue(value, 1) for value in values)
    ...     return ColumnStatistics(
    ...         name="x", type=SqlType.STRING, count=9, num_nulls=0, num_distinct=9, top_values=top
    ...     )
    >>> number_in_text(text("$1,200", "$950", "$8")), number_in_text(text("10115", "20095", "80331"))
    ('$1,200', '')
    """
    known = (column.min, column.max, *(top.value for top in column.top_values))
    values = list(dict.fromkeys(str(value) for value in known if value is not None))
    if column.type is not SqlType.STRING or len(values) < MIN_VALUES or _is_code(values):
        return ""
    numbers = [value for value in values if _NUMBER.fullmatch(value.strip())]
    return numbers[0] if len(numbers) >= LEAST_SHARE * len(values) else ""


def _is_code(values: list[str]) -> bool:
    digits = [value for value in values if value.isdigit()]
    leading = any(value.startswith("0") and len(value) > 1 for value in digits)
    return leading or (len(digits) == len(values) and len(set(map(len, values))) == 1)

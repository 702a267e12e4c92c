"""`rows_of_window`: how many rows a window has that is cut by their number."""

from __future__ import annotations

import re

CALENDAR = ("hour", "day", "week", "month")
WINDOWS_TEXT = f"{', '.join(CALENDAR)}, or so many rows: 5000 rows"
_ROWS = re.compile(r"([1-9]\d{0,11})\s*rows")


def rows_of_window(every: str) -> int | None:
    """None for an hour, a day, a week or a month, and for what is no window.

    >>> rows_of_window("5000 rows"), rows_of_window("5000rows"), rows_of_window("day")
    (5000, 5000, None)
    """
    found = _ROWS.fullmatch(every.strip())
    return int(found[1]) if found else None

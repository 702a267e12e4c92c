"""`usual_volume`: how much traffic is usual at a window's time, by earlier windows."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import NamedTuple

from hagane.monitoring.time_of_week import time_of_week
from hagane.monitoring.windows import Windows

LEAST_ALIKE = 3
"""Windows at the same time of the week (months and weeks: any) of which the median is told."""
LEAST_WINDOWS = 7
"""Windows of which the least and the most are told: a week of days, a week of one hour."""


class UsualVolume(NamedTuple):
    """Rows."""

    low: float
    high: float

    def fraction(self, num_rows: float) -> float:
        """What part of the usual they are: 1 within.

        >>> usual = UsualVolume(100.0, 200.0)
        >>> usual.fraction(50), usual.fraction(150), usual.fraction(600)
        (0.5, 1.0, 3.0)
        """
        if num_rows < self.low:
            return num_rows / self.low
        return num_rows / self.high if num_rows > self.high else 1.0


def usual_volume(earlier: Mapping[int, float], start: int, windows: Windows) -> UsualVolume | None:
    """The median of the windows at the same time of the week; while there are too few, the range of a week of them.

    `earlier`: start (µs) → rows, of windows before this one. None while there is too little history.

    >>> day = 86_400_000_000
    >>> usual_volume({week * 7 * day: 100.0 + week for week in range(3)}, 21 * day, Windows("day"))
    UsualVolume(low=101.0, high=101.0)
    """
    before = {when: rows for when, rows in earlier.items() if when < start}
    place = time_of_week(start, windows)
    alike = [rows for when, rows in before.items() if time_of_week(when, windows) == place]
    if len(alike) >= LEAST_ALIKE:
        middle = statistics.median(alike)
        return UsualVolume(middle, middle) if middle else None
    near = [rows for when, rows in before.items() if time_of_week(when, windows).hour == place.hour]
    if len(near) < LEAST_WINDOWS or not min(near):
        return None
    return UsualVolume(min(near), max(near))

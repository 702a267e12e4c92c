"""`time_of_week`: at which place of the week a window begins."""

from __future__ import annotations

import datetime
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from hagane.monitoring.windows import Windows


class TimeOfWeek(NamedTuple):
    """0 where the windows do not tell them apart."""

    weekday: int
    hour: int


@lru_cache(maxsize=16_384)
def time_of_week(start: int, windows: Windows) -> TimeOfWeek:
    """Of a window that begins at `start` (µs), by the clocks of its zone; weeks and months are all alike.

    >>> time_of_week(0, Windows("day")), time_of_week(3_600_000_000, Windows("hour")), time_of_week(0, Windows("month"))
    (TimeOfWeek(weekday=3, hour=0), TimeOfWeek(weekday=3, hour=1), TimeOfWeek(weekday=0, hour=0))
    """
    if windows.every not in ("hour", "day"):
        return TimeOfWeek(0, 0)
    moment = datetime.datetime.fromtimestamp(start // 1_000_000, datetime.UTC).astimezone(ZoneInfo(windows.time_zone))
    return TimeOfWeek(moment.weekday(), moment.hour if windows.every == "hour" else 0)

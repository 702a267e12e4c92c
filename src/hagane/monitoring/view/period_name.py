"""`period_name`: a stretch of time as people call it."""

from __future__ import annotations

from hagane.monitoring.windows import Window, Windows


def period_name(period: Window, time_zone: str = "UTC") -> str:
    """A month, a day or an hour by its name; else from when to when: days where both ends are one's, else hours.

    >>> hour = 3_600_000_000
    >>> period_name(Window(0, 31 * 24 * hour)), period_name(Window(0, 48 * hour)), period_name(Window(0, 30 * hour))
    ('1970-01', '1970-01-01 to 1970-01-03', '1970-01-01 00:00 to 1970-01-02 06:00')
    """
    for every in ("month", "day", "hour"):
        windows = Windows(every, time_zone)
        if windows.of(period.start) == period:
            return windows.text(period)
    days = Windows("day", time_zone)
    is_days = all(days.of(moment).start == moment for moment in (period.start, period.end))
    shown = days if is_days else Windows("hour", time_zone)
    begin, end = (shown.text(Window(moment, moment + 1)) for moment in (period.start, period.end))
    return f"{begin} to {end}"

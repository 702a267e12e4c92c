"""`Windows`: into which stretches of time the traffic is cut."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

Every = Literal["hour", "day", "week", "month"]
_HOUR = 3_600_000_000


class Window(msgspec.Struct, frozen=True, order=True):
    """Moments in µs since 1970 UTC: `start` within, `end` not."""

    start: int
    end: int


class Windows(msgspec.Struct, frozen=True):
    """Hours, days, weeks (from Monday) or months, as the calendar of `time_zone` has them.

    They have no gap and no overlap: a day on which clocks are changed has 23 or 25 hours, and an hour that clocks show
    twice is two windows.

    >>> berlin = Windows("day", "Europe/Berlin")
    >>> moment = int(datetime.datetime(2026, 10, 25, 12, tzinfo=datetime.UTC).timestamp()) * 1_000_000
    >>> window = berlin.of(moment)
    >>> (window.end - window.start) // 3_600_000_000, berlin.text(window)
    (25, '2026-10-25')
    """

    every: Every = "day"
    time_zone: str = "UTC"

    def of(self, time: int) -> Window:
        """The window in which a moment lies."""
        zone = ZoneInfo(self.time_zone)
        if self.every == "hour":
            return self._hour(time, zone)
        local = _at(time, zone)
        first = self._first_day(local.date())
        return Window(_midnight(first, zone), _midnight(self._next(first), zone))

    def between(self, since: int, until: int) -> Iterator[Window]:
        """Every window that has a part in [since, until), the earliest first."""
        time = since
        while time < until:
            window = self.of(time)
            yield window
            time = window.end

    def text(self, window: Window) -> str:
        """As people call it, in its time zone: `2026-11-21 15:00`, `2026-11-21`, `2026-11`; a week by its Monday."""
        local = _at(window.start, ZoneInfo(self.time_zone))
        if self.every == "hour":
            return local.strftime("%Y-%m-%d %H:%M")
        return local.strftime("%Y-%m" if self.every == "month" else "%Y-%m-%d")

    def _hour(self, time: int, zone: ZoneInfo) -> Window:
        """Hours by the clock of the zone: where it is half an hour off UTC, so are they."""
        start = time - _into_hour(time, zone)
        if _at(time, zone).utcoffset() != _at(start, zone).utcoffset():  # clocks were changed within the hour
            start = _change(start, time, zone)
        end = start - _into_hour(start, zone) + _HOUR
        after = _at(end - 1, zone).utcoffset()
        return Window(start, end if after == _at(start, zone).utcoffset() else _change(start, end - 1, zone))

    def _first_day(self, day: datetime.date) -> datetime.date:
        if self.every == "week":
            return day - datetime.timedelta(days=day.weekday())
        return day.replace(day=1) if self.every == "month" else day

    def _next(self, first: datetime.date) -> datetime.date:
        if self.every == "month":
            return (first + datetime.timedelta(days=31)).replace(day=1)
        return first + datetime.timedelta(days=7 if self.every == "week" else 1)


def _at(time: int, zone: ZoneInfo) -> datetime.datetime:
    whole, micros = divmod(time, 1_000_000)
    return (datetime.datetime.fromtimestamp(whole, datetime.UTC) + datetime.timedelta(microseconds=micros)).astimezone(
        zone
    )


def _into_hour(time: int, zone: ZoneInfo) -> int:
    local = _at(time, zone)
    return (local.minute * 60 + local.second) * 1_000_000 + local.microsecond


def _midnight(day: datetime.date, zone: ZoneInfo) -> int:
    """The first moment of a day; where clocks skip midnight, the moment at which they do."""
    found = int(datetime.datetime.combine(day, datetime.time(), zone).timestamp()) * 1_000_000
    return found if _at(found - 1, zone).date() < day else _change(found - 2 * _HOUR, found, zone)


def _change(low: int, high: int, zone: ZoneInfo) -> int:
    """The moment in (low, high] at which the zone's clocks are changed: offsets differ at its ends."""
    before = _at(low, zone).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        if _at(middle, zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high

"""`Windows`: into which stretches of time the traffic is cut."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from hagane.spec.rows_of_window import CALENDAR, rows_of_window

_HOUR = 3_600_000_000
_YEARS = range(2000, 2038)


class Window(msgspec.Struct, frozen=True, order=True):
    """Moments in µs since 1970 UTC: `start` within, `end` not."""

    start: int
    end: int


class Windows(msgspec.Struct, frozen=True):
    """Hours, days, weeks (from Monday) or months, as the calendar of `time_zone` has them; or `5000 rows`.

    Those of rows are cut where the rows are (`hagane.workflow.cut_rows`). Those of the calendar have no gap and no
    overlap: a day on which clocks are changed has 23 or 25 hours, and an hour that clocks show twice is two windows.

    >>> berlin = Windows("day", "Europe/Berlin")
    >>> moment = int(datetime.datetime(2026, 10, 25, 12, tzinfo=datetime.UTC).timestamp()) * 1_000_000
    >>> window = berlin.of(moment)
    >>> (window.end - window.start) // 3_600_000_000, berlin.text(window)
    (25, '2026-10-25')
    """

    every: str = "day"
    time_zone: str = "UTC"

    @property
    def num_rows(self) -> int | None:
        """Of windows that are cut by their rows: how many each has."""
        return rows_of_window(self.every)

    @property
    def series(self) -> str:
        """What their summaries are kept by. Zones that are whole hours off UTC have the same hours, and share them.

        >>> Windows("hour", "Europe/Berlin").series, Windows("hour", "Asia/Kolkata").series, Windows("day").series
        ('hour', 'hour Asia/Kolkata', 'day UTC')
        """
        if self.num_rows is not None:
            return f"{self.num_rows} rows"
        if self.every == "hour" and _has_whole_hours(self.time_zone):
            return "hour"
        return f"{self.every} {self.time_zone}"

    @property
    def parts(self) -> Windows | None:
        """The shorter ones of which each of these is made without a rest; None of hours and rows."""
        if self.every == "day":
            return Windows("hour", self.time_zone)
        return Windows("day", self.time_zone) if self.every in CALENDAR[2:] else None

    @property
    def plural(self) -> str:
        """As people call them.

        >>> Windows("day").plural, Windows("5000 rows").plural
        ('days', 'windows of 5,000 rows')
        """
        return f"{self.every}s" if self.num_rows is None else f"windows of {self.num_rows:,} rows"

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

    def name(self, time: int) -> str:
        """As people call the window in which a moment lies; one of rows is called by its beginning."""
        return self.text(Window(time, time + 1) if self.num_rows else self.of(time))

    def text(self, window: Window) -> str:
        """As people call it, in its time zone: `2026-11-21 15:00`, `2026-11-21`, `2026-11`; a week by its Monday.

        An hour that clocks show twice is told with its offset: `2026-10-25 02:00+0100`.
        """
        local = _at(window.start, ZoneInfo(self.time_zone))
        if self.num_rows is not None:
            return local.strftime("%Y-%m-%d %H:%M:%S")
        if self.every == "hour":
            is_twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
            return local.strftime("%Y-%m-%d %H:%M%z" if is_twice else "%Y-%m-%d %H:%M")
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


@lru_cache(maxsize=64)
def _has_whole_hours(zone: str) -> bool:
    """Whether the zone's clocks show whole hours when UTC's do, as far as anybody has logged or will."""
    looked_at = ZoneInfo(zone)
    moments = (datetime.datetime(year, month, 15, tzinfo=looked_at) for year in _YEARS for month in range(1, 13))
    return all((moment.utcoffset() or datetime.timedelta()).seconds % 3600 == 0 for moment in moments)


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

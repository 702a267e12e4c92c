"""`period_of`: a stretch of time as people write it."""

from __future__ import annotations

import datetime
import re
import time
from zoneinfo import ZoneInfo

from hagane.errors import DataError, Fault
from hagane.monitoring.windows import Window, Windows

EXPECTED = "a year, a month, a day (2026, 2026-01, 2026-01-31), FROM..TO, or the last 7d, 24h"
_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
_AGO = re.compile(r"(\d{1,5})\s*(h|d|w)")
_HOURS = {"h": 1, "d": 24, "w": 168}
_HOUR = 3_600_000_000


def period_of(text: str, *, time_zone: str = "UTC", now: int | None = None, where: str = "") -> Window:
    """In µs since 1970; days begin and end as those of the zone do. Of FROM..TO the end, TO, is not part of it.

    Raises DataError with what can be written, and for a period without an end after its beginning.

    >>> january = period_of("2026-01")
    >>> january == period_of("2026-01-01..2026-02-01"), (january.end - january.start) // 86_400_000_000
    (True, 31)
    """
    ago = _AGO.fullmatch(text.strip())
    if ago:
        end = time.time_ns() // 1000 if now is None else now
        return Window(end - int(ago[1]) * _HOURS[ago[2]] * _HOUR, end)
    try:
        first, dots, last = text.partition("..")
        if not dots:
            return _calendar(first.strip(), time_zone)
        found = Window(_moment(first.strip(), time_zone), _moment(last.strip(), time_zone))
    except ValueError:
        raise DataError(Fault(what=f"{text[:60]!r} is no period", where=where, expected=EXPECTED)) from None
    if found.end <= found.start:
        raise DataError(Fault(what=f"{text[:60]!r} ends before it begins", where=where, expected="FROM..TO"))
    return found


def _calendar(text: str, zone: str) -> Window:
    """A year, a month or a day. Raises ValueError."""
    found = _DATE.fullmatch(text)
    if found is None:
        raise ValueError
    year, month, day = (int(part) if part else None for part in found.groups())
    assert year is not None
    first = datetime.date(year, month or 1, day or 1)
    if day:
        after = first + datetime.timedelta(days=1)
    else:
        after = datetime.date(year + 1, 1, 1) if not month else (first + datetime.timedelta(days=31)).replace(day=1)
    return Window(_midnight(first, zone), _midnight(after, zone))


def _moment(text: str, zone: str) -> int:
    """The beginning of a year, a month, a day; or a moment, of the zone where it names none. Raises ValueError."""
    if _DATE.fullmatch(text):
        return _calendar(text, zone).start
    moment = datetime.datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))
    return round(moment.timestamp() * 1e6)


def _midnight(day: datetime.date, zone: str) -> int:
    noon = datetime.datetime.combine(day, datetime.time(12), ZoneInfo(zone)).timestamp()
    return Windows("day", zone).of(int(noon) * 1_000_000).start

"""Time zones as tables of offsets: fixed ones, and named ones by the rules of the IANA database.

The rules come from the `tzdata` package at a pinned version, through the standard library's `zoneinfo`, so that every
machine compiles the same table. A table holds what happened, then the rules in force carried on. The Gregorian
calendar repeats after 400 years, weekdays included, and so do rules: moments after `FOREVER` are looked up in the 400
years that begin there.
"""

from __future__ import annotations

import bisect
import datetime
import functools
import re
from typing import NamedTuple

_UTC_NAMES = ("UTC", "Z", "GMT", "ETC/UTC", "ETC/GMT")
_OFFSET = re.compile(r"(?:UTC)?([+-])(\d{1,2})(?::?(\d{2}))?", re.IGNORECASE)
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_DAY = 86_400
_MAX_OFFSET_HOURS = 14

CYCLE = 146_097 * _DAY
"""Seconds in 400 years."""
FOREVER = 47_482 * _DAY
"""2100-01-01 in seconds since 1970: from here on every zone keeps to a rule of the year."""


class ZoneTable(NamedTuple):
    """`offsets[i]` seconds are added to UTC from `points[i - 1]` (seconds since 1970, UTC) on, until `points[i]`."""

    points: tuple[int, ...]
    offsets: tuple[int, ...]

    @property
    def local_points(self) -> tuple[int, ...]:
        """The points on local clocks: where a clock goes back, the first of the two times is meant; where it is put
        forward, a time that does not exist is read with the offset before."""
        pairs = zip(self.offsets, self.offsets[1:], strict=False)
        return tuple(point + max(pair) for point, pair in zip(self.points, pairs, strict=True))


def find_zone(text: str) -> str | None:
    """The canonical name of a zone (`UTC`, `+09:00`, `Asia/Tokyo`), or None where there is none.

    >>> find_zone("Etc/UTC"), find_zone("+9"), find_zone("Asia/Tokyo"), find_zone("Asia/Tokio")
    ('UTC', '+09:00', 'Asia/Tokyo', None)
    """
    if text.upper() in _UTC_NAMES:
        return "UTC"
    if found := _OFFSET.fullmatch(text):
        hours, minutes = int(found[2]), int(found[3] or 0)
        if minutes >= 60 or hours * 60 + minutes > _MAX_OFFSET_HOURS * 60:
            return None
        return f"{found[1]}{hours:02}:{minutes:02}" if hours or minutes else "UTC"
    return text if text in zone_names() else None


@functools.cache
def zone_names() -> frozenset[str]:
    """The names of the IANA database."""
    import importlib.resources

    return frozenset(importlib.resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())


@functools.cache
def zone_table(name: str) -> ZoneTable:
    """The table of a zone by its canonical name.

    >>> zone_table("-03:30")
    ZoneTable(points=(), offsets=(-12600,))
    >>> zone_table("Asia/Tokyo").offsets[-1]
    32400
    """
    if name == "UTC":
        return ZoneTable((), (0,))
    if found := _OFFSET.fullmatch(name):
        seconds = int(found[2]) * 3600 + int(found[3]) * 60
        return ZoneTable((), (-seconds if found[1] == "-" else seconds,))
    return _named_table(name)


def _named_table(name: str) -> ZoneTable:
    """Asks the zone for its offset day by day (week by week where rules hold) and narrows each change down."""
    import importlib.resources
    import zoneinfo

    package, _, file = f"tzdata.zoneinfo.{name.replace('/', '.')}".rpartition(".")
    with importlib.resources.files(package).joinpath(file).open("rb") as data:
        zone = zoneinfo.ZoneInfo.from_file(data, key=name)

    def offset(seconds: int) -> int:
        there = (_EPOCH + datetime.timedelta(seconds=seconds)).astimezone(zone)
        return int((there.utcoffset() or datetime.timedelta()).total_seconds())

    start = int((datetime.datetime(1800, 1, 1, tzinfo=datetime.UTC) - _EPOCH).total_seconds())
    points: list[int] = []
    offsets = [offset(start)]
    while start < FOREVER + CYCLE + 366 * _DAY:
        end = start + (_DAY if start < FOREVER else 7 * _DAY)
        while offset(end) != offsets[-1]:
            before = offsets[-1]
            seconds = range(start, end + 1)
            points.append(seconds[bisect.bisect_left(seconds, True, key=lambda second: offset(second) != before)])
            offsets.append(offset(points[-1]))
            start = points[-1]
        start = end
    return ZoneTable(tuple(points), tuple(offsets))

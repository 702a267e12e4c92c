"""Offsets of time zones, looked up in the table of a zone's changes."""

from __future__ import annotations

import numpy as np

from hagane.features import emit_table
from hagane.features.emit import Emitter
from hagane.features.emit_integer import divide_floor, minus, modulo, plus, whole
from hagane.features.emit_logic import FLOAT64, cast, where
from hagane.sql.zones import CYCLE, FOREVER, zone_table

_SECOND = 1_000_000


def to_local(e: Emitter, microseconds: str, zone: str) -> str:
    """µs since 1970 UTC as µs on the zone's clock."""
    if zone == "UTC":
        return microseconds
    table = zone_table(zone)
    return plus(e, microseconds, _offset(e, microseconds, table.points, table.offsets))


def to_utc(e: Emitter, microseconds: str, zone: str) -> str:
    """µs on the zone's clock as µs since 1970 UTC; the first of two, and the offset before for a time left out."""
    if zone == "UTC":
        return microseconds
    table = zone_table(zone)
    return minus(e, microseconds, _offset(e, microseconds, table.local_points, table.offsets))


def _offset(e: Emitter, microseconds: str, points: tuple[int, ...], offsets: tuple[int, ...]) -> str:
    """µs to add: a row of seconds beyond `FOREVER` is looked up in the first cycle behind it."""
    table = np.array(offsets, np.int64) * _SECOND
    if not points:
        return whole(e, int(table[0]))
    seconds = divide_floor(e, microseconds, _SECOND)
    beyond = plus(e, modulo(e, minus(e, seconds, whole(e, FOREVER)), CYCLE), whole(e, FOREVER))
    seconds = where(e, e.node("Greater", seconds, whole(e, FOREVER)), beyond, seconds)
    width = e.extent(microseconds).width
    place = emit_table.count_points(e, cast(e, seconds, FLOAT64), [[float(point) for point in points]] * width)
    return emit_table.read(e, place, [table] * width, allowed=None)

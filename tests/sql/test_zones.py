"""Tables of time zones against the standard library and DuckDB's ICU, neither of which we wrote."""

from __future__ import annotations

import bisect
import datetime
import random
import zoneinfo

import duckdb
import pytest

from hagane.sql.zones import CYCLE, FOREVER, find_zone, zone_names, zone_table

ZONES = ["America/New_York", "Europe/Dublin", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kathmandu",
         "America/St_Johns", "Pacific/Apia", "Africa/Monrovia"]  # fmt: skip
EPOCH = datetime.datetime(1970, 1, 1)


def seconds(moment: datetime.datetime) -> int:
    return (moment - EPOCH) // datetime.timedelta(seconds=1)


def moments(zone: str) -> list[int]:
    """Moments of the years 2 to 9998, many of them next to a change."""
    generator = random.Random(zone)
    low, high = seconds(datetime.datetime(2, 1, 1)), seconds(datetime.datetime(9998, 1, 1))
    changes = [point for point in zone_table(zone).points if point < FOREVER]
    near = [point + step for point in changes for step in (-3601, -1, 0, 1, 1799, 3600)]
    return [*near, *(generator.randrange(low, high) for _ in range(500))]


def looked_up(points: tuple[int, ...], offsets: tuple[int, ...], second: int) -> int:
    if second > FOREVER:
        second = (second - FOREVER) % CYCLE + FOREVER
    return offsets[bisect.bisect_right(points, second)]


@pytest.mark.parametrize("zone", ZONES)
def test_offsets_are_those_of_zoneinfo(zone: str) -> None:
    paths = zoneinfo.TZPATH
    zoneinfo.reset_tzpath(())  # the package's rules, whatever the machine has
    try:
        table, there = zone_table(zone), zoneinfo.ZoneInfo.no_cache(zone)
    finally:
        zoneinfo.reset_tzpath(paths)
    for second in moments(zone):
        moment = EPOCH + datetime.timedelta(seconds=second)
        offset = moment.replace(tzinfo=datetime.UTC).astimezone(there).utcoffset()
        assert looked_up(*table, second) == offset.total_seconds(), moment
        local = moment.replace(tzinfo=there).utcoffset()
        assert looked_up(table.local_points, table.offsets, second) == local.total_seconds(), moment


@pytest.mark.parametrize("zone", ZONES[:3])
def test_offsets_are_those_of_duckdb(zone: str) -> None:
    chosen = [second for second in moments(zone) if 0 < second < seconds(datetime.datetime(2037, 1, 1))]
    with duckdb.connect() as connection:
        utc = "timezone('UTC', make_timestamp(s * 1000000::BIGINT))"
        query = f"SELECT epoch(timezone(?, {utc}))::BIGINT - s FROM (SELECT unnest(?::BIGINT[]) AS s)"
        found = connection.execute(query, [zone, chosen]).fetchall()
    assert [offset for (offset,) in found] == [looked_up(*zone_table(zone), second) for second in chosen]


def test_names() -> None:
    assert [find_zone(name) for name in ("utc", "Z", "+00:00", "UTC+9", "-3:30", "+1430", "+14", "+1:60", "JST")] == [
        "UTC", "UTC", "UTC", "+09:00", "-03:30", None, "+14:00", None, None]  # fmt: skip
    assert "Asia/Tokyo" in zone_names()

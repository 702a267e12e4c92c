"""Windows: no moment is in none or in two, and each is what the calendar of its zone says."""

from __future__ import annotations

import datetime
import itertools
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hagane.monitoring.windows import Window, Windows

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Sao_Paulo",
         "Asia/Beirut", "Pacific/Apia", "America/Havana"]  # fmt: skip
"""Whole, half and quarter hours, a change of half an hour, midnights that are skipped or come twice, a day left out."""
MOMENTS = st.integers(0, 2_000_000_000_000_000)
HOUR = 3_600_000_000


@pytest.mark.parametrize("every", ["hour", "day", "week", "month"])
@given(MOMENTS, st.sampled_from(ZONES))
def test_every_moment_has_one_window(every: str, time: int, zone: str) -> None:
    windows = Windows(every, zone)
    window = windows.of(time)
    assert window.start <= time < window.end
    assert windows.of(window.start) == window == windows.of(window.end - 1)
    assert windows.of(window.end).start == window.end
    assert windows.of(window.start - 1).end == window.start


@given(MOMENTS, st.sampled_from(ZONES))
def test_a_day_is_one_date_and_an_hour_one_hour_of_the_clock(time: int, zone: str) -> None:
    day, hour = Windows("day", zone).of(time), Windows("hour", zone).of(time)
    dates = {local(moment, zone).date() for moment in (day.start, time, day.end - 1)}
    assert len(dates) == 1
    shown = {(local(moment, zone).date(), local(moment, zone).hour, local(moment, zone).utcoffset())
             for moment in (hour.start, time, hour.end - 1)}  # fmt: skip
    assert len(shown) == 1
    assert hour.end - hour.start <= HOUR


@given(MOMENTS, st.integers(1, 40 * 24 * HOUR), st.sampled_from(ZONES))
def test_between_covers_without_gaps(since: int, length: int, zone: str) -> None:
    found = list(Windows("day", zone).between(since, since + length))
    assert found[0].start <= since
    assert found[-1].end >= since + length
    assert all(before.end == after.start for before, after in itertools.pairwise(found))


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("every", ["hour", "day"])
def test_no_gap_where_clocks_are_changed(every: str, zone: str) -> None:
    start = at("2011-01-01T00:00:00+00:00")
    ends = [start + day * 24 * HOUR for day in range(2 * 366)]
    changes = [a for a, b in itertools.pairwise(ends) if local(a, zone).utcoffset() != local(b, zone).utcoffset()]
    windows = Windows(every, zone)
    for change in changes:
        for window in windows.between(change - 26 * HOUR, change + 50 * HOUR):
            assert windows.of(window.start) == window == windows.of(window.end - 1)
            assert 0 < window.end - window.start <= (HOUR if every == "hour" else 25 * HOUR)
            assert local(window.start, zone).date() == local(window.end - 1, zone).date()
            assert windows.of(window.end).start == window.end


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    moment = at("2026-11-21T23:30:00+00:00")
    assert Windows("week").text(Windows("week").of(moment)) == "2026-11-16"
    assert Windows("month").text(Windows("month").of(moment)) == "2026-11"
    assert Windows("day", "Asia/Tokyo").text(Windows("day", "Asia/Tokyo").of(moment)) == "2026-11-22"
    assert Windows("hour").of(moment) == Window(at("2026-11-21T23:00:00+00:00"), at("2026-11-22T00:00:00+00:00"))


def test_an_hour_that_comes_twice_is_two_windows() -> None:
    hours = list(
        Windows("hour", "Europe/Berlin").between(at("2026-10-24T22:00:00+00:00"), at("2026-10-25T23:00:00+00:00"))
    )
    assert len(hours) == 25


def at(text: str) -> int:
    return int(datetime.datetime.fromisoformat(text).timestamp()) * 1_000_000


def local(time: int, zone: str) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(time // 1_000_000, datetime.UTC).astimezone(ZoneInfo(zone))

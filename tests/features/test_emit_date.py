"""The calendar against Python's datetime, and its 400-year period beyond it."""

from __future__ import annotations

import datetime
from collections.abc import Callable

import numpy as np
import pytest

from hagane.features.emit import Emitter
from hagane.features.emit_date import DAY_MICROSECONDS, TIME_PARTS, date_part, time_part
from hagane.runtime.session import Session

EPOCH = datetime.date(1970, 1, 1)
PARTS: dict[str, Callable[[datetime.date], int]] = {
    "YEAR": lambda day: day.year,
    "QUARTER": lambda day: (day.month + 2) // 3,
    "MONTH": lambda day: day.month,
    "WEEK": lambda day: int(day.strftime("%U")),
    "ISOWEEK": lambda day: day.isocalendar().week,
    "ISOYEAR": lambda day: day.isocalendar().year,
    "DAY": lambda day: day.day,
    "DAYOFWEEK": lambda day: day.isoweekday() % 7 + 1,
    "DAYOFYEAR": lambda day: day.timetuple().tm_yday,
}


def run(emit: Callable[[Emitter, str, str], str], part: str, values: list[int]) -> list[int]:
    e = Emitter()
    e.output("y", emit(e, e.input("x", np.int64, ("n", 1)), part), np.int64, ("n", 1))
    return Session(e.model().SerializeToString()).run({"x": np.array(values)[:, None]}, ["y"])["y"][:, 0].tolist()


def days() -> list[datetime.date]:
    """Every day of some years, the ends of all years, and days strewn over the whole calendar."""
    every = [
        datetime.date(year, 1, 1) + datetime.timedelta(k) for year in (1899, 1900, 1969, 2000, 2012) for k in range(366)
    ]
    ends = [
        datetime.date(year, month, day)
        for year in range(1, 10_000, 7)
        for month, day in ((1, 1), (2, 28), (3, 1), (12, 31))
    ]
    strewn = np.random.default_rng(0).integers(1, datetime.date.max.toordinal() + 1, 2000).tolist()
    return [*every, *ends, *(datetime.date.fromordinal(ordinal) for ordinal in strewn)]


@pytest.mark.parametrize("part", PARTS)
def test_dates(part: str) -> None:
    dates = days()
    assert run(date_part, part, [(day - EPOCH).days for day in dates]) == [PARTS[part](day) for day in dates]


@pytest.mark.parametrize("part", PARTS)
def test_the_calendar_repeats_every_400_years(part: str) -> None:
    numbers = list(range(-200_000, 200_000, 997))
    early = run(date_part, part, [number - 146_097 * 50 for number in numbers])
    shift = 400 * 50 if part.endswith("YEAR") and part != "DAYOFYEAR" else 0
    assert early == [value - shift for value in run(date_part, part, numbers)]


@pytest.mark.parametrize("part", TIME_PARTS)
def test_times(part: str) -> None:
    numbers = [
        0,
        1,
        -1,
        999_999,
        DAY_MICROSECONDS - 1,
        -DAY_MICROSECONDS,
        1_700_000_000_123_456,
        -62_135_596_800_000_000,
    ]
    moments = [datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=number) for number in numbers]
    expected = {
        "HOUR": [moment.hour for moment in moments],
        "MINUTE": [moment.minute for moment in moments],
        "SECOND": [moment.second for moment in moments],
        "MILLISECOND": [moment.microsecond // 1000 for moment in moments],
        "MICROSECOND": [moment.microsecond for moment in moments],
    }
    assert run(time_part, part, numbers) == expected[part]


def test_extreme_numbers_harm_nothing() -> None:
    """Far outside the calendar there is no promise but that other rows are right."""
    for part, of in PARTS.items():
        assert run(date_part, part, [2**63 - 1, -(2**63), 15_706])[2] == of(datetime.date(2013, 1, 1))

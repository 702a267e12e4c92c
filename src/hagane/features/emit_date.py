"""Calendar arithmetic in INT64, proleptic Gregorian, for any count of days.

Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days. The year begins in March there,
so that the leap day is its last day; 400 years are an era of 146,097 days.
"""

from __future__ import annotations

from typing import NamedTuple

from hagane.features.emit import Emitter
from hagane.features.emit_integer import divide_floor, minus, modulo, over, plus, times, whole
from hagane.features.emit_logic import INT64, both, cast, either, negate, where
from hagane.sql.functions import WEEKS

DAY_MICROSECONDS = 86_400_000_000
_ERA_DAYS = 146_097
_EPOCH_DAY = 719_468
"""Days from 0000-03-01 to 1970-01-01."""
TIME_PARTS = {
    "HOUR": (3_600_000_000, 24),
    "MINUTE": (60_000_000, 60),
    "SECOND": (1_000_000, 60),
    "MILLISECOND": (1_000, 1_000),
    "MICROSECOND": (1, 1_000_000),
}
"""Part → (microseconds in one, how many there are)."""
_BOUNDS = {"QUARTER": 4, "MONTH": 12, "ISOWEEK": 53, "DAY": 31, "DAYOFWEEK": 7, "DAYOFYEAR": 366}


class Civil(NamedTuple):
    """A date's parts as tensors; `day_of_year` from 1."""

    year: str
    month: str
    day: str
    day_of_year: str


def time_part(e: Emitter, microseconds: str, part: str) -> str:
    """HOUR, MINUTE, SECOND, MILLISECOND or MICROSECOND of µs since 1970."""
    size, count = TIME_PARTS[part]
    return modulo(e, microseconds if size == 1 else divide_floor(e, microseconds, size), count)


def bound_of(part: str) -> int | None:
    """The greatest value of a calendar part; None for years."""
    return 53 if part in WEEKS else _BOUNDS.get(part)


def date_part(e: Emitter, days: str, part: str) -> str:
    """A calendar part of days since 1970; WEEK begins on Sunday, WEEK(day) on that day, ISO weeks on Monday."""
    match part:
        case "DAYOFWEEK":
            return plus(e, modulo(e, plus(e, days, 4), 7), 1)
        case "ISOWEEK":
            return plus(e, over(e, plus(e, civil(e, _thursday(e, days)).day_of_year, -1), 7), 1)
        case "ISOYEAR":
            return civil(e, _thursday(e, days)).year
    date = civil(e, days)
    match part:
        case "QUARTER":
            return over(e, plus(e, date.month, 2), 3)
        case week if week in WEEKS:
            since_begin = modulo(e, plus(e, days, 4 - WEEKS.index(week)), 7)
            return over(e, minus(e, plus(e, date.day_of_year, 6), since_begin), 7)
    return {"YEAR": date.year, "MONTH": date.month, "DAY": date.day, "DAYOFYEAR": date.day_of_year}[part]


def civil(e: Emitter, days: str) -> Civil:
    """Year, month, day and day of the year of days since 1970."""
    shifted = plus(e, days, _EPOCH_DAY)
    era = divide_floor(e, shifted, _ERA_DAYS)
    day_of_era = modulo(e, shifted, _ERA_DAYS)
    year_of_era = _year_of_era(e, day_of_era)
    march_day = _march_day(e, day_of_era, year_of_era)
    march_month = over(e, plus(e, times(e, march_day, 5), 2), 153)
    day = plus(e, minus(e, march_day, over(e, plus(e, times(e, march_month, 153), 2), 5)), 1)
    is_before_march = e.node("GreaterOrEqual", march_month, whole(e, 10))
    month = where(e, is_before_march, plus(e, march_month, -9), plus(e, march_month, 3))
    march_year = plus(e, year_of_era, times(e, era, 400))
    year = plus(e, march_year, cast(e, is_before_march, INT64))
    from_march = plus(e, plus(e, march_day, 60), cast(e, _is_leap(e, year_of_era), INT64))
    return Civil(year, month, day, where(e, is_before_march, plus(e, march_day, -305), from_march))


def _year_of_era(e: Emitter, day: str) -> str:
    """(day - day / 1460 + day / 36524 - day / 146096) / 365."""
    leap_days = minus(e, over(e, day, 1_460), over(e, day, 36_524))
    return over(e, minus(e, day, plus(e, leap_days, over(e, day, 146_096))), 365)


def _march_day(e: Emitter, day_of_era: str, year: str) -> str:
    """Days since the 1st of March: day - (365 year + year / 4 - year / 100)."""
    before = minus(e, plus(e, times(e, year, 365), over(e, year, 4)), over(e, year, 100))
    return minus(e, day_of_era, before)


def _is_leap(e: Emitter, year_of_era: str) -> str:
    """Whether the calendar year in which this March lies has a 29th of February."""
    by_four = e.node("Equal", modulo(e, year_of_era, 4), whole(e, 0))
    by_hundred = e.node("Equal", modulo(e, year_of_era, 100), whole(e, 0))
    return both(e, by_four, either(e, negate(e, by_hundred), e.node("Equal", year_of_era, whole(e, 0))))


def _thursday(e: Emitter, days: str) -> str:
    """The Thursday of the ISO week: its year and its day of the year name the week."""
    return plus(e, minus(e, days, modulo(e, plus(e, days, 3), 7)), 3)

"""Calendar arithmetic on days since 1970: from parts to days, beginnings of weeks and years, steps, differences.

Source of `days_of`: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
"""

from __future__ import annotations

from hagane.features.emit import Emitter
from hagane.features.emit_date import Civil, civil, date_part
from hagane.features.emit_integer import divide_floor, minus, modulo, over, plus, times, whole
from hagane.features.emit_logic import INT64, cast, either, negate, where
from hagane.sql.functions import FIRST_DAY, LAST_DAY, WEEKS

MOST_STEPS = 4_000_000
"""More days than there are from year 1 to 9999: whoever goes farther leaves them."""
_MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}


def is_outside(e: Emitter, x: str, low: int, high: int) -> str:
    """Whether a whole number is less than `low` or more than `high`."""
    return either(e, e.node("Less", x, whole(e, low)), e.node("Greater", x, whole(e, high)))


def is_no_day(e: Emitter, days: str) -> str:
    """Whether a day lies outside the years 1 to 9999."""
    return is_outside(e, days, FIRST_DAY, LAST_DAY)


def days_of(e: Emitter, year: str, month: str, day: str) -> str:
    """Days since 1970 of a date of the proleptic Gregorian calendar; the month is one of 1 to 12."""
    is_early = e.node("Less", month, whole(e, 3))
    year = minus(e, year, cast(e, is_early, INT64))
    era, year_of_era = divide_floor(e, year, 400), modulo(e, year, 400)
    from_march = where(e, is_early, plus(e, month, 9), plus(e, month, -3))
    before = over(e, plus(e, times(e, from_march, 153), 2), 5)
    leap_days = minus(e, over(e, year_of_era, 4), over(e, year_of_era, 100))
    day_of_era = _sum(e, times(e, year_of_era, 365), leap_days, before, day)
    return _sum(e, times(e, era, 146_097), day_of_era, whole(e, -719_469))


def date_from_parts(e: Emitter, year: str, month: str, day: str) -> tuple[str, str]:
    """The day that three whole numbers name, and whether there is none in the years 1 to 9999."""
    fails = either(e, is_outside(e, year, 1, 9999), is_outside(e, month, 1, 12))
    first = days_of(e, where(e, fails, whole(e, 1), year), where(e, fails, whole(e, 1), month), whole(e, 1))
    usable = where(e, is_outside(e, day, 1, 31), whole(e, 0), day)
    fails = either(e, fails, is_outside(e, usable, 1, 31))
    days = plus(e, first, plus(e, usable, -1))
    return days, either(e, fails, negate(e, e.node("Equal", civil(e, days).day, usable)))


def truncate_date(e: Emitter, days: str, part: str) -> str:
    """The first day of the part (one of `sql.functions.SPANS`) in which a day lies."""
    if part in WEEKS or part == "ISOWEEK":
        return week_begin(e, days, _weekday(part))
    match part:
        case "DAY":
            return days
        case "ISOYEAR":
            return iso_year_begin(e, date_part(e, days, "ISOYEAR"))
    date = civil(e, days)
    return _first_of(e, date, part)


def week_begin(e: Emitter, days: str, weekday: int) -> str:
    """The day, at or before, that is a `weekday` (0 = Sunday); 1970 began on a Thursday."""
    return minus(e, days, modulo(e, plus(e, days, 4 - weekday), 7))


def iso_year_begin(e: Emitter, year: str) -> str:
    """The Monday of the week in which the 4th of January lies."""
    return week_begin(e, days_of(e, year, whole(e, 1), whole(e, 4)), 1)


def last_day(e: Emitter, days: str, part: str) -> str:
    """The last day of the part in which a day lies: the day before the next part."""
    if part in WEEKS or part == "ISOWEEK":
        return plus(e, week_begin(e, days, _weekday(part)), 6)
    if part == "ISOYEAR":
        return plus(e, iso_year_begin(e, plus(e, date_part(e, days, "ISOYEAR"), 1)), -1)
    date = civil(e, days)
    year, month = _month_later(e, date, _first_month(e, date, part), _MONTHS[part])
    return plus(e, days_of(e, year, month, whole(e, 1)), -1)


def count_between(e: Emitter, a: str, b: str, part: str) -> str:
    """How many boundaries of the part lie between the days b and a."""
    if part in WEEKS or part == "ISOWEEK":
        weekday = _weekday(part)
        return over(e, minus(e, week_begin(e, a, weekday), week_begin(e, b, weekday)), 7)
    if part == "DAY":
        return minus(e, a, b)
    return minus(e, _number_of(e, a, part), _number_of(e, b, part))


def add_steps(e: Emitter, days: str, steps: str, part: str) -> tuple[str, str]:
    """The day so many parts later (months end on their last day at the latest), and whether it leaves the years."""
    is_far = is_outside(e, steps, -MOST_STEPS, MOST_STEPS)
    near = where(e, is_far, whole(e, 0), steps)
    if part in ("DAY", "WEEK"):
        later = plus(e, days, near if part == "DAY" else times(e, near, 7))
    else:
        later = _add_months(e, days, near if part == "MONTH" else times(e, near, _MONTHS[part]))
    return later, either(e, is_far, is_no_day(e, later))


def _add_months(e: Emitter, days: str, months: str) -> str:
    date = civil(e, days)
    counted = _sum(e, times(e, date.year, 12), date.month, months, whole(e, -1))
    year, month = divide_floor(e, counted, 12), plus(e, modulo(e, counted, 12), 1)
    first = days_of(e, year, month, whole(e, 1))
    next_year, next_month = divide_floor(e, plus(e, counted, 1), 12), plus(e, modulo(e, plus(e, counted, 1), 12), 1)
    length = minus(e, days_of(e, next_year, next_month, whole(e, 1)), first)
    day = where(e, e.node("Less", date.day, length), date.day, length)
    return plus(e, first, plus(e, day, -1))


def _first_of(e: Emitter, date: Civil, part: str) -> str:
    return days_of(e, date.year, _first_month(e, date, part), whole(e, 1))


def _first_month(e: Emitter, date: Civil, part: str) -> str:
    """The month with which the part begins."""
    if part == "MONTH":
        return date.month
    if part == "YEAR":
        return whole(e, 1)
    return plus(e, times(e, over(e, plus(e, date.month, -1), 3), 3), 1)


def _month_later(e: Emitter, date: Civil, month: str, count: int) -> tuple[str, str]:
    """Year and month `count` (at most 12) months after a month of the date's year."""
    later = plus(e, month, count)
    is_next = e.node("Greater", later, whole(e, 12))
    return plus(e, date.year, cast(e, is_next, INT64)), where(e, is_next, plus(e, later, -12), later)


def _number_of(e: Emitter, days: str, part: str) -> str:
    """The part's number, counted through from year 0."""
    if part in ("YEAR", "ISOYEAR"):
        return date_part(e, days, part)
    date = civil(e, days)
    if part == "MONTH":
        return plus(e, times(e, date.year, 12), date.month)
    return plus(e, times(e, date.year, 4), over(e, plus(e, date.month, 2), 3))


def _weekday(part: str) -> int:
    return 1 if part == "ISOWEEK" else WEEKS.index(part)


def _sum(e: Emitter, first: str, *others: str) -> str:
    for other in others:
        first = plus(e, first, other)
    return first

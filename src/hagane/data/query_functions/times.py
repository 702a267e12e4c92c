"""Dates and times of texts and as texts, a row at a time; equal texts are read once."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TypeVar
from zoneinfo import ZoneInfo

import pyarrow as pa

from hagane.data.query_functions.parse_time import parse_time
from hagane.data.query_functions.query_function import QueryFunction
from hagane.sql.queries.functions.intervals import read_interval
from hagane.sql.queries.time_literals import read_datetime, read_time, read_timestamp, to_utc

T = TypeVar("T")
DAY_US = 86_400_000_000


def _needed(value: T | None, what: str) -> T:
    if value is None:
        raise ValueError(f"this is no {what}")
    return value


def _clock(us: int) -> time:
    seconds, fraction = divmod(us, 1_000_000)
    return time(seconds // 3600, seconds // 60 % 60, seconds % 60, fraction)


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)


def timestamp_text(moment: datetime, zone: str) -> str:
    """As `2020-01-02 03:04:05+09`."""
    local = moment.astimezone(ZoneInfo(zone))
    fraction = (
        ""
        if not local.microsecond
        else f".{local.microsecond // 1000:03}"
        if not local.microsecond % 1000
        else f".{local.microsecond:06}"
    )
    offset = local.strftime("%z")
    minutes = f":{offset[3:5]}" if offset[3:5] != "00" else ""
    return f"{local.year:04}-{local:%m-%d %H:%M:%S}{fraction}{offset[:3]}{minutes}"


def interval(months: int, days: int, us: int) -> pa.MonthDayNano:
    """What Arrow calls an INTERVAL."""
    return pa.MonthDayNano([months, days, us * 1000])


def justify(held: pa.MonthDayNano, what: str) -> pa.MonthDayNano:
    """24 hours are a day (JUSTIFY_HOURS), 30 days a month (JUSTIFY_DAYS); all parts of one sign."""
    months, days, us = held.months, held.days, held.nanoseconds // 1000
    if what in ("JUSTIFY_HOURS", "JUSTIFY_INTERVAL"):
        total = days * DAY_US + us
        days, us = _parted(total, DAY_US)
    if what in ("JUSTIFY_DAYS", "JUSTIFY_INTERVAL"):
        total = months * 30 + days
        months, days = _parted(total, 30)
    return interval(months, days, us)


def _parted(total: int, unit: int) -> tuple[int, int]:
    sign = -1 if total < 0 else 1
    return sign * (abs(total) // unit), sign * (abs(total) % unit)


def divide(held: pa.MonthDayNano, by: int) -> pa.MonthDayNano:
    """An INTERVAL divided by a whole number: what is left of months becomes days of a thirtieth, of days hours."""
    if not by:
        raise ValueError("division by zero")
    sign = -1 if by < 0 else 1
    months, months_left = _parted(held.months * sign, abs(by))
    days, days_left = _parted((held.days * sign) + months_left * 30, abs(by))
    us = _parted(held.nanoseconds // 1000 * sign + days_left * DAY_US, abs(by))[0]
    return interval(months, days, us)


def _read_interval(text: str) -> pa.MonthDayNano:
    return interval(*_needed(read_interval(text), "INTERVAL"))


FUNCTIONS: dict[str, QueryFunction] = {
    "read_date": QueryFunction(("VARCHAR",), "DATE", lambda text: _needed(read_datetime(text), "DATE").date()),
    "read_datetime": QueryFunction(("VARCHAR",), "TIMESTAMP", lambda text: _needed(read_datetime(text), "DATETIME")),
    "read_time": QueryFunction(("VARCHAR",), "TIME", lambda text: _clock(_needed(read_time(text), "TIME"))),
    "read_timestamp": QueryFunction(
        ("VARCHAR",), "TIMESTAMPTZ", lambda text: _utc(_needed(read_timestamp(text), "TIMESTAMP"))
    ),
    "read_timestamp_in": QueryFunction(
        ("VARCHAR", "VARCHAR"), "TIMESTAMPTZ", lambda text, zone: _utc(_needed(read_timestamp(text, zone), "TIMESTAMP"))
    ),
    "timestamp_text": QueryFunction(("TIMESTAMPTZ", "VARCHAR"), "VARCHAR", timestamp_text),
    "parse_date": QueryFunction(("VARCHAR", "VARCHAR"), "DATE", lambda form, text: parse_time(form, text)[0].date()),
    "parse_datetime": QueryFunction(("VARCHAR", "VARCHAR"), "TIMESTAMP", lambda form, text: parse_time(form, text)[0]),
    "parse_time": QueryFunction(("VARCHAR", "VARCHAR"), "TIME", lambda form, text: parse_time(form, text)[0].time()),
    "parse_timestamp": QueryFunction(
        ("VARCHAR", "VARCHAR", "VARCHAR"), "TIMESTAMPTZ", lambda form, text, zone: _utc(_moment(form, text, zone))
    ),
    "parse_interval": QueryFunction(("VARCHAR",), "INTERVAL", _read_interval),
    "justify": QueryFunction(("INTERVAL", "VARCHAR"), "INTERVAL", justify),
    "interval_divide": QueryFunction(("INTERVAL", "BIGINT"), "INTERVAL", divide),
}


def _moment(form: str, text: str, zone: str) -> datetime:
    moment, offset = parse_time(form, text)
    return moment if offset == "UTC" else to_utc(moment, offset or zone)

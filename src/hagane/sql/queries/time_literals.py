"""Dates and times in quotes, as GoogleSQL reads them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_DAY = r"(?P<year>\d{1,4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{1,2}):(?P<second>\d{1,2})(?:\.(?P<fraction>\d{0,9}))?"
_ZONE = r"(?:\s*(?P<offset>[+-]\d{1,2}(?::?\d{2})?)|\s*(?P<zulu>[Zz])|\s+(?P<name>[A-Za-z][\w/+-]*))?"
_DATE = re.compile(_DAY)
_TIME = re.compile(_CLOCK)
_DATETIME = re.compile(rf"{_DAY}(?:(?:\s+|[Tt]){_CLOCK})?")
_TIMESTAMP = re.compile(rf"{_DAY}(?:(?:\s+|[Tt]){_CLOCK})?{_ZONE}")
_OFFSET = re.compile(r"([+-])(\d{1,2})(?::?(\d{2}))?")


def time_literal(text: str, kind: str) -> str | None:
    """DuckDB's literal of a DATE, DATETIME, TIME or TIMESTAMP; None where the text is none.

    >>> time_literal("2020-1-2", "DATE"), time_literal("2020-01-02 03:04:05+09", "TIMESTAMP")
    ("DATE '2020-01-02'", "TIMESTAMPTZ '2020-01-01 18:04:05.000000+00'")
    >>> time_literal("2020-13-02", "DATE")
    """
    match kind:
        case "TIME":
            us = read_time(text)
            return None if us is None else f"TIME '{_clock_text(us)}'"
        case "DATE":
            found = _DATE.fullmatch(text) or _DATETIME.fullmatch(text)
            moment = _moment(found) if found else None
            return None if moment is None else f"DATE '{moment.year:04}-{moment:%m-%d}'"
        case "DATETIME":
            found = _DATETIME.fullmatch(text)
            moment = _moment(found) if found else None
            return None if moment is None else f"TIMESTAMP '{_iso(moment)}'"
        case _:
            moment = read_timestamp(text)
            return None if moment is None else f"TIMESTAMPTZ '{_iso(moment)}+00'"


def read_time(text: str) -> int | None:
    """Microseconds since midnight."""
    found = _TIME.fullmatch(text)
    if not found:
        return None
    hour, minute, second = (int(found[part]) for part in ("hour", "minute", "second"))
    if hour > 23 or minute > 59 or second > 59:
        return None
    return ((hour * 60 + minute) * 60 + second) * 1_000_000 + int(((found["fraction"] or "") + "000000")[:6])


def read_datetime(text: str) -> datetime | None:
    """A DATETIME, or the midnight of a DATE."""
    found = _DATETIME.fullmatch(text)
    return _moment(found) if found else None


def read_timestamp(text: str, zone: str = "UTC") -> datetime | None:
    """A moment, in UTC, without saying so; `zone` holds where the text says none."""
    found = _TIMESTAMP.fullmatch(text.strip())
    moment = _moment(found) if found else None
    if moment is None or found is None:
        return None
    try:
        where = found["offset"] or ("UTC" if found["zulu"] else found["name"]) or zone
        return to_utc(moment, where)
    except (ZoneInfoNotFoundError, ValueError, OverflowError):
        return None


def to_utc(moment: datetime, zone: str) -> datetime:
    """A clock's time in a zone as UTC's. Raises ValueError, ZoneInfoNotFoundError or OverflowError."""
    if offset := _OFFSET.fullmatch(zone):
        minutes = int(offset[2]) * 60 + int(offset[3] or 0)
        return moment - timedelta(minutes=minutes if offset[1] == "+" else -minutes)
    if zone.upper() in ("UTC", "Z"):
        return moment
    return moment.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None)


def _moment(found: re.Match[str]) -> datetime | None:
    parts = found.groupdict()
    fraction = (parts.get("fraction") or "") + "000000"
    try:
        return datetime(
            int(parts["year"]), int(parts["month"]), int(parts["day"]),
            int(parts.get("hour") or 0), int(parts.get("minute") or 0), int(parts.get("second") or 0), int(fraction[:6]),
        )  # fmt: skip
    except ValueError:
        return None


def _iso(moment: datetime) -> str:
    return f"{moment.year:04}-{moment:%m-%d %H:%M:%S.%f}"


def _clock_text(us: int) -> str:
    seconds, fraction = divmod(us, 1_000_000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{fraction:06}"

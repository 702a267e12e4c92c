"""`parse_time`: a text by one of GoogleSQL's formats (`%Y-%m-%d`)."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from functools import lru_cache

MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_COMPOUND = {
    "D": "%m/%d/%y", "x": "%m/%d/%y", "F": "%Y-%m-%d", "T": "%H:%M:%S", "X": "%H:%M:%S", "R": "%H:%M",
    "c": "%a %b %e %H:%M:%S %Y",
}  # fmt: skip
_NAMES = {
    "months": "|".join(sorted([*MONTHS, *(name[:3] for name in MONTHS)], key=len, reverse=True)),
    "weekdays": "|".join(sorted([*WEEKDAYS, *(name[:3] for name in WEEKDAYS)], key=len, reverse=True)),
}
_ELEMENTS = {
    "Y": ("year", r"[+-]?\d{1,4}"), "E4Y": ("year", r"[+-]?\d{4}"), "y": ("short_year", r"\d{1,2}"),
    "C": ("century", r"\d{1,2}"), "m": ("month", r"\d{1,2}"), "d": ("day", r"\d{1,2}"), "e": ("day", r"\d{1,2}"),
    "j": ("yearday", r"\d{1,3}"), "H": ("hour", r"\d{1,2}"), "k": ("hour", r"\d{1,2}"),
    "I": ("half_hour", r"\d{1,2}"), "l": ("half_hour", r"\d{1,2}"), "M": ("minute", r"\d{1,2}"),
    "S": ("second", r"\d{1,2}"), "p": ("half", r"[aApP][mM]"), "P": ("half", r"[aApP][mM]"),
    "E*S": ("seconds", r"\d{1,2}(?:\.\d*)?"), "b": ("month_name", _NAMES["months"]),
    "B": ("month_name", _NAMES["months"]), "h": ("month_name", _NAMES["months"]),
    "a": ("weekday", _NAMES["weekdays"]), "A": ("weekday", _NAMES["weekdays"]), "s": ("epoch", r"[+-]?\d+"),
    "z": ("offset", r"[+-]\d{2}\d{2}"), "Ez": ("offset", r"[+-]\d{2}:\d{2}|Z"), "Z": ("zone", r"[A-Za-z][\w/+-]*"),
    "Q": ("quarter", r"[1-4]"), "G": ("iso_year", r"\d{4}"), "V": ("iso_week", r"\d{1,2}"),
    "u": ("iso_day", r"[1-7]"), "w": ("week_day", r"[0-6]"), "U": ("week", r"\d{1,2}"),
    "W": ("monday_week", r"\d{1,2}"), "g": ("iso_short_year", r"\d{2}"),
}  # fmt: skip
_PIECE = re.compile(r"%(E4Y|E\*S|E\dS|Ez|.)|(\s+)|(.)", re.DOTALL)
_IGNORED = ("weekday", "iso_day", "week_day", "quarter")


def parse_time(form: str, text: str) -> tuple[datetime, str | None]:
    """The time that a text says, 1970-01-01 00:00:00 where it says nothing, and its zone where it says one.

    Raises ValueError.

    >>> parse_time("%m/%d/%Y %I:%M %p", "8/30/2018 2:23 pm")
    (datetime.datetime(2018, 8, 30, 14, 23), None)
    """
    pattern, names = _pattern(form)
    found = pattern.fullmatch(text)
    if not found:
        raise ValueError(f"the text {text[:50]!r} is not of the format {form!r}")
    parts: dict[str, str] = {}
    for name, held in zip(names, found.groups(), strict=True):
        parts[name] = held  # the last says
    return _moment(parts), _zone(parts)


@lru_cache(maxsize=256)
def _pattern(form: str) -> tuple[re.Pattern[str], tuple[str, ...]]:
    for sign, longer in _COMPOUND.items():
        form = re.sub(rf"(?<!%)((?:%%)*)%{sign}", rf"\g<1>{longer}", form)
    names: list[str] = []
    parts = [r"\s*"]
    for element, blank, plain in _PIECE.findall(form):
        if blank or element in ("n", "t"):
            parts.append(r"\s*")
        elif plain or element == "%":
            parts.append(re.escape(plain or "%"))
        else:
            name, inner = (
                ("seconds", rf"\d{{1,2}}(?:\.\d{{1,{element[1]}}})?")
                if re.fullmatch(r"E\dS", element)
                else _ELEMENTS.get(element, ("", ""))
            )
            if not name:
                raise ValueError(f"%{element} is not supported here")
            names.append(name)
            parts.append(rf"\s*({inner})")
    return re.compile("".join([*parts, r"\s*"]), re.IGNORECASE), tuple(names)


def _zone(parts: dict[str, str]) -> str | None:
    if "epoch" in parts:
        return "UTC"
    offset = parts.get("offset") or parts.get("zone")
    return "UTC" if offset in ("Z", "z") else offset


def _moment(parts: dict[str, str]) -> datetime:
    if "epoch" in parts:
        return datetime(1970, 1, 1) + timedelta(seconds=int(parts["epoch"]))
    day = _day(parts)
    hour = int(parts.get("hour", 0))
    if "half_hour" in parts:
        hour = int(parts["half_hour"])
        if not 1 <= hour <= 12:
            raise ValueError("an hour of twelve is 1 to 12")
        hour = hour % 12 + (12 if parts.get("half", "am").lower() == "pm" else 0)
    seconds, _, fraction = parts.get("seconds", parts.get("second", "0")).partition(".")
    extra = int(seconds) == 60
    made = datetime(
        day.year,
        day.month,
        day.day,
        hour,
        int(parts.get("minute", 0)),
        59 if extra else int(seconds),
        int((fraction + "000000")[:6]),
    )
    return made + timedelta(seconds=1) if extra else made


def _day(parts: dict[str, str]) -> date:
    year = int(parts["year"]) if "year" in parts else 1970
    if "short_year" in parts:
        short = int(parts["short_year"])
        year = (2000 if short < 69 else 1900) + short
        if "century" in parts:
            year = int(parts["century"]) * 100 + short
    elif "century" in parts and "year" not in parts:
        year = int(parts["century"]) * 100
    if "iso_year" in parts:
        return date.fromisocalendar(int(parts["iso_year"]), int(parts.get("iso_week", 1)), int(parts.get("iso_day", 1)))
    if "yearday" in parts:
        day = date(year, 1, 1) + timedelta(days=int(parts["yearday"]) - 1)
        if day.year != year:
            raise ValueError("there is no such day of the year")
        return day
    if {"week", "monday_week", "iso_week", "iso_short_year"} & set(parts):
        raise ValueError("weeks of the year are not read without their ISO year")
    month = MONTHS_AT[parts["month_name"].lower()[:3]] if "month_name" in parts else int(parts.get("month", 1))
    return date(year, month, int(parts.get("day", 1)))


MONTHS_AT = {name[:3]: place for place, name in enumerate(MONTHS, 1)}

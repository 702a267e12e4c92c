"""Dates and times as text, one element of a format at a time: numbers index tables of texts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from hagane.features import emit_table
from hagane.features.emit import Emitter
from hagane.features.emit_date import date_part, time_part
from hagane.features.emit_integer import divide_floor, modulo, over, plus, whole
from hagane.features.emit_logic import STRING, cast, where
from hagane.sql.time_formats import DAY_NAMES, MONTH_NAMES


class Clock(NamedTuple):
    """A moment as tensors of whole numbers: days since 1970 and µs on the local clock, µs since 1970 UTC."""

    days: str
    local: str
    utc: str


def element_text(e: Emitter, name: str, clock: Clock) -> str:
    """The text of one element (`sql.time_formats`)."""
    if name in _NUMBERS:
        part, texts = _NUMBERS[name]
        return _text(e, _part(e, clock, part), texts)
    match name:
        case "Y" | "G":
            return cast(e, _part(e, clock, "YEAR" if name == "Y" else "ISOYEAR"), STRING)
        case "E4Y":
            return e.node("StringConcat", element_text(e, "C", clock), element_text(e, "y", clock))
        case "C":
            return _text(e, over(e, _part(e, clock, "YEAR"), 100), _TWO_DIGITS)
        case "y" | "g":
            return _text(e, modulo(e, _part(e, clock, "YEAR" if name == "y" else "ISOYEAR"), 100), _TWO_DIGITS)
        case "I" | "l":
            hour = modulo(e, plus(e, _part(e, clock, "HOUR"), whole(e, 11)), 12)
            return _text(e, hour, [f"{n:02}" if name == "I" else f"{n:2}" for n in range(1, 13)])
        case "s":
            return cast(e, divide_floor(e, clock.utc, 1_000_000), STRING)
    return e.node("StringConcat", element_text(e, "S", clock), _fraction(e, name[1], clock))


def _fraction(e: Emitter, digits: str, clock: Clock) -> str:
    """The point and so many digits of the second; for `*` as many as it takes, none for a whole second."""
    micro = _part(e, clock, "MICROSECOND")
    high, low = over(e, micro, 1_000), modulo(e, micro, 1_000)
    if digits == "*":
        short = [f".{n:03}".rstrip("0").rstrip(".") for n in range(1_000)]
        long = e.node(
            "StringConcat", _text(e, high, _point(3)), _text(e, low, [f"{n:03}".rstrip("0") for n in range(1_000)])
        )
        return where(e, e.node("Equal", low, whole(e, 0)), _text(e, high, short), long)
    if int(digits) <= 3:
        return _text(e, over(e, high, 10 ** (3 - int(digits))), _point(int(digits)))
    rest = over(e, low, 10 ** (6 - int(digits)))
    more = [f"{n:0{int(digits) - 3}}" for n in range(10 ** (int(digits) - 3))]
    return e.node("StringConcat", _text(e, high, _point(3)), _text(e, rest, more))


def _point(digits: int) -> list[str]:
    return [f".{n:0{digits}}" for n in range(10**digits)]


def _part(e: Emitter, clock: Clock, part: str) -> str:
    is_time = part in ("HOUR", "MINUTE", "SECOND", "MICROSECOND")
    return time_part(e, clock.local, part) if is_time else date_part(e, clock.days, part)


def _text(e: Emitter, number: str, texts: Iterable[str]) -> str:
    table = np.array(list(texts), object)
    return emit_table.read(e, number, [table] * e.extent(number).width, allowed=None)


_TWO_DIGITS = [f"{n:02}" for n in range(100)]
_NUMBERS: dict[str, tuple[str, list[str]]] = {
    "m": ("MONTH", _TWO_DIGITS[:13]),
    "d": ("DAY", _TWO_DIGITS[:32]),
    "e": ("DAY", [f"{n:2}" for n in range(32)]),
    "b": ("MONTH", ["", *(name[:3] for name in MONTH_NAMES)]),
    "B": ("MONTH", ["", *MONTH_NAMES]),
    "j": ("DAYOFYEAR", [f"{n:03}" for n in range(367)]),
    "a": ("DAYOFWEEK", ["", *(name[:3] for name in DAY_NAMES)]),
    "A": ("DAYOFWEEK", ["", *DAY_NAMES]),
    "u": ("DAYOFWEEK", ["", "7", *"123456"]),
    "w": ("DAYOFWEEK", ["", *"0123456"]),
    "U": ("WEEK", _TWO_DIGITS[:54]),
    "W": ("WEEK(MONDAY)", _TWO_DIGITS[:54]),
    "V": ("ISOWEEK", _TWO_DIGITS[:54]),
    "Q": ("QUARTER", ["", *"1234"]),
    "H": ("HOUR", _TWO_DIGITS[:24]),
    "k": ("HOUR", [f"{n:2}" for n in range(24)]),
    "M": ("MINUTE", _TWO_DIGITS[:60]),
    "S": ("SECOND", _TWO_DIGITS[:60]),
    "p": ("HOUR", ["AM"] * 12 + ["PM"] * 12),
    "P": ("HOUR", ["am"] * 12 + ["pm"] * 12),
}
"""Element → the part that it shows, and the texts of 0, 1, …"""

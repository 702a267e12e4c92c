"""`short_name` and `short_names`: names that fit a place on a picture."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def short_name(name: str, width: int) -> str:
    """At most `width` characters wide, the middle left out: the names of a family often differ at their ends alone.

    >>> [short_name(name, 14) for name in ("temperature_inside_hall_1", "distance", "都道府県の名前と市区町村")]
    ['tempera…hall_1', 'distance', '都道府…区町村']
    """
    if text_width(name) <= width:
        return name
    first, last = name, name[::-1]
    return _cut(first, width // 2) + "…" + _cut(last, (width - 1) // 2)[::-1]


def short_names(names: Sequence[str], width: int) -> list[str]:
    """Each as `short_name` has it; of those that came out alike, what they begin with in common left out instead.

    >>> short_names(["sensor_of_hall_1_in_the_north", "sensor_of_hall_2_in_the_north", "day"], 16)
    ['…1_in_the_north', '…2_in_the_north', 'day']
    """
    shown = [short_name(name, width) for name in names]
    for text in {text for text in shown if shown.count(text) > 1}:
        alike = [index for index, each in enumerate(shown) if each == text]
        begin = _num_alike([names[index] for index in alike])
        for index in alike:
            rest = names[index][begin:]
            shown[index] = "…" + (rest if text_width(rest) < width else _cut(rest, width - 2) + "…")
    return shown


def text_width(text: str) -> int:
    """In places of a Latin letter: a Chinese or Japanese character takes two, a combining mark none.

    >>> text_width("京都 A"), text_width("e\\u0301")
    (6, 1)
    """
    return sum(map(_places, text))


def _places(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _num_alike(names: Sequence[str]) -> int:
    """How many characters all of the names begin with."""
    least, most = min(names), max(names)
    return next((at for at, (a, b) in enumerate(zip(least, most, strict=False)) if a != b), min(len(least), len(most)))


def _cut(text: str, width: int) -> str:
    """As much of the beginning as fits."""
    end = 0
    while end < len(text) and text_width(text[: end + 1]) <= width:
        end += 1
    return text[:end]

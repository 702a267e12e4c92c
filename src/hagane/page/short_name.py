"""`short_name`: a name that fits a place on a picture."""

from __future__ import annotations

import unicodedata


def short_name(name: str, width: int) -> str:
    """At most `width` characters wide, the middle left out: the names of a family often differ at their ends alone.

    >>> [short_name(name, 14) for name in ("temperature_inside_hall_1", "distance", "都道府県の名前と市区町村")]
    ['tempera…hall_1', 'distance', '都道府…区町村']
    """
    if text_width(name) <= width:
        return name
    first, last = name, name[::-1]
    return _cut(first, width // 2) + "…" + _cut(last, (width - 1) // 2)[::-1]


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


def _cut(text: str, width: int) -> str:
    """As much of the beginning as fits."""
    end = 0
    while end < len(text) and text_width(text[: end + 1]) <= width:
        end += 1
    return text[:end]

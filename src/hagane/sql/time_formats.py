"""Formats of FORMAT_DATE, FORMAT_TIMESTAMP, PARSE_DATE and PARSE_TIMESTAMP: constant texts with elements (`%Y`)."""

from __future__ import annotations

import re
from typing import NamedTuple

MONTH_NAMES = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
               "November", "December")  # fmt: skip
DAY_NAMES = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")

DATE_ELEMENTS = frozenset(("Y", "E4Y", "y", "C", "m", "d", "e", "b", "B", "j", "a", "A", "u", "w", "U", "W", "V", "G",
                           "g", "Q"))  # fmt: skip
FRACTIONS = tuple(f"E{digits}S" for digits in range(1, 7))
TIME_ELEMENTS = frozenset(("H", "I", "k", "l", "M", "S", "p", "P", "s", "E*S", *FRACTIONS))
READ_DATE_ELEMENTS = frozenset(("Y", "E4Y", "y", "m", "d", "e", "b", "B"))
READ_TIME_ELEMENTS = frozenset(("H", "k", "M", "S", "E*S", *FRACTIONS))
_SHORT = {
    "F": ("Y", "-", "m", "-", "d"),
    "D": ("m", "/", "d", "/", "y"),
    "x": ("m", "/", "d", "/", "y"),
    "T": ("H", ":", "M", ":", "S"),
    "X": ("H", ":", "M", ":", "S"),
    "R": ("H", ":", "M"),
}
_SAME = {"h": "b"}
_TEXTS = {"%": "%", "n": "\n", "t": "\t"}
_PART = re.compile(r"%(E[1-6*][SY]|.)|([^%]+)|%", re.DOTALL)


class Piece(NamedTuple):
    """A part of a format: `text` as it stands, or the name of an element."""

    text: str
    is_element: bool


def pieces(format_: str) -> tuple[Piece, ...]:
    """The parts of a format, its short forms (`%F`, `%T`) spelled out. Raises ValueError for a lone `%`.

    >>> [piece.text for piece in pieces("on %F")]
    ['on ', 'Y', '-', 'm', '-', 'd']
    """
    found: list[Piece] = []
    for part in _PART.finditer(format_):
        element, text = part[1] or "", part[2] or ""
        if not element and not text:
            raise ValueError("a % at the end is no element; %% is a percent sign")
        if element in _SHORT:
            found += [Piece(each, each.isalpha()) for each in _SHORT[element]]
        elif text or element in _TEXTS:
            found.append(Piece(text or _TEXTS[element], False))
        else:
            found.append(Piece(_SAME.get(element, element), True))
    return tuple(found)


def unknown_elements(format_: str, allowed: frozenset[str]) -> list[str]:
    """The elements of a format that are not among the allowed ones, as they are written."""
    return [f"%{piece.text}" for piece in pieces(format_) if piece.is_element and piece.text not in allowed]

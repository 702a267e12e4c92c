"""`split_script`: where each statement of a script stands. A semicolon in a string, a name or a comment ends none."""

from __future__ import annotations

import re
from typing import NamedTuple

from hagane.errors import Fault

_LONG = "|".join(rf"{quote}(?:\\.|[^\\])*?{quote}" for quote in ("'''", '"""'))
_SHORT = "|".join(rf"{quote}(?:\\.|[^{quote}\\\n])*{quote}" for quote in ("'", '"', "`"))
_LEXEME = re.compile(
    rf"(?P<space>\s+|--[^\n]*|\#[^\n]*|/\*.*?\*/)|(?P<whole>(?:[rRbB]{{0,2}})(?:{_LONG}|{_SHORT}))"
    r"|(?P<semicolon>;)|(?P<open>/\*|'''|\"\"\"|['\"`])|(?P<other>\w+|.)",
    re.DOTALL,
)
_OPEN = {"/*": "a comment", "`": "a quoted name"}


class Piece(NamedTuple):
    """One statement: `text[start:end]`, without the space and comments around it, and without its semicolon."""

    start: int
    end: int


def split_script(text: str) -> tuple[tuple[Piece, ...], tuple[Fault, ...]]:
    """The statements of `text`, and a fault for each quote or comment that nothing closes.

    What follows an open quote up to the line's end is taken for what it holds, so that the statements behind it are
    still found (an open comment, or an open triple quote, takes all the rest).

    >>> text = "SELECT ';'; -- one;\\n SELECT `a;b`;"
    >>> [text[piece.start:piece.end] for piece in split_script(text)[0]]
    ["SELECT ';'", 'SELECT `a;b`']
    """
    pieces: list[Piece] = []
    faults: list[Fault] = []
    begin, end, at, sound = -1, 0, 0, True
    while at < len(text):
        found = _LEXEME.match(text, at)
        assert found is not None  # any character is an `other`
        at, kind = found.end(), found.lastgroup
        if kind == "open":
            at, fault = _open(text, found)
            faults.append(fault)
            sound = False
        if kind == "semicolon":
            pieces += [Piece(begin, end)] if begin >= 0 and sound else []
            begin, sound = -1, True
        elif kind != "space":
            begin, end = found.start() if begin < 0 else begin, at
    pieces += [Piece(begin, end)] if begin >= 0 and sound else []
    return tuple(pieces), tuple(faults)


def _open(text: str, found: re.Match[str]) -> tuple[int, Fault]:
    """Where to go on behind an open quote, and its fault."""
    quote, start = found["open"], found.start()
    line_end = text.find("\n", start)
    line_end = len(text) if line_end < 0 else line_end
    at = len(text) if len(quote) > 1 else line_end
    what, step = f"{_OPEN.get(quote, 'a string')} is not closed", "close it"
    if len(quote) == 1 and quote != "`":
        step = "close it on the same line; a text of several lines stands in three quotes"
    return at, Fault(what=what, sql=text, start=start, end=max(start + 1, min(at, line_end)), next_step=step)

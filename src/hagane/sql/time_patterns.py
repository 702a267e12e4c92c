"""A format of PARSE_DATE or PARSE_TIMESTAMP as a regular expression that has one way to match.

Numbers are read greedily and never given back: one that stands before another digit has all of its digits. So the
pattern is unambiguous, and BigQuery's reader, which goes from left to right, agrees with it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from hagane.sql.functions import WHITE_SPACE
from hagane.sql.patterns import quote
from hagane.sql.time_formats import MONTH_NAMES, Piece, pieces

_WIDTHS = {"Y": 4, "E4Y": 4, "y": 2, "m": 2, "d": 2, "e": 2, "H": 2, "k": 2, "M": 2, "S": 2}
_SPACE = "[" + "".join(rf"\x{{{ord(character):x}}}" for character in WHITE_SPACE) + "]"
_NAMES = "|".join(name for full in MONTH_NAMES for name in (full, full[:3]))
FIELDS = {"Y": "year", "E4Y": "year", "y": "year", "m": "month", "b": "month", "B": "month", "d": "day", "e": "day",
          "H": "hour", "k": "hour", "M": "minute"}  # fmt: skip
"""Element → the field that it reads; the others read seconds."""


class Step(NamedTuple):
    """An element with what stands before it, as patterns."""

    before: str
    element: str
    pattern: str


class TimePattern(NamedTuple):
    """The elements in order, and the pattern of what stands behind the last."""

    steps: tuple[Step, ...]
    behind: str

    @property
    def pattern(self) -> str:
        """The pattern of the whole text, each element a group."""
        return "".join(f"{step.before}({step.pattern})" for step in self.steps) + self.behind


def time_pattern(format_: str) -> TimePattern:
    r"""The pattern of a format. Raises ValueError for formats that cannot be read.

    >>> time_pattern("%Y%m.%d").pattern
    '([0-9]{4})([0-9]{1,2})\\.([0-9]{1,2})'
    """
    parts = pieces(format_.strip(WHITE_SPACE))
    steps, before = [], ""
    for index, part in enumerate(parts):
        if not part.is_element:
            before += _literal(part.text)
            continue
        kind = "letter" if part.text in ("b", "B") else "digit"
        if index and not parts[index - 1].is_element and _is(kind, parts[index - 1].text[-1]):
            raise ValueError(f"a {kind} stands right before %{part.text}: there is no telling them apart")
        steps.append(Step(before, part.text, _element(part.text, _begins_with_digit(parts[index + 1 :]))))
        before = ""
    named = [FIELDS.get(step.element, "second") for step in steps]
    if twice := sorted({name for name in named if named.count(name) > 1}):
        raise ValueError(f"the {twice[0]} is read twice")
    return TimePattern(tuple(steps), before)


def _element(name: str, before_digit: bool) -> str:
    if name in ("b", "B"):
        return f"(?i:{_NAMES})"
    if name.startswith("E") and name.endswith("S"):
        digits = "1,6" if name[1] == "*" else f"1,{name[1]}"
        return rf"[0-9]{{2}}(?:\.[0-9]{{{digits}}})?"
    width = _WIDTHS[name]
    return f"[0-9]{{{width}}}" if before_digit or name == "E4Y" else f"[0-9]{{1,{width}}}"


def _begins_with_digit(rest: tuple[Piece, ...]) -> bool:
    if not rest:
        return False
    first = rest[0]
    return first.text not in ("b", "B") if first.is_element else _is("digit", first.text[0])


def _is(kind: str, character: str) -> bool:
    return character.isascii() and (character.isdigit() if kind == "digit" else character.isalpha())


def _literal(text: str) -> str:
    """White space stands for any, and for none."""
    return "".join(
        f"{_SPACE}*" if part.strip(WHITE_SPACE) == "" else "".join(quote(character) for character in part)
        for part in re.split(f"([{re.escape(WHITE_SPACE)}]+)", text)
        if part
    )

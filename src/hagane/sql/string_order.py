"""The order of strings against a constant, as a pattern: there is no operator that compares two strings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from hagane.sql.expression import Expression, Literal
from hagane.types import SqlType

MAX_LENGTH = 200
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


class OrderPattern(NamedTuple):
    """The arguments of the REGEXP_CONTAINS that a comparison is; `is_negated`: the comparison is its opposite."""

    arguments: tuple[Expression, Literal]
    is_negated: bool


def order_pattern(name: str, arguments: Sequence[Expression]) -> OrderPattern | None:
    """`name(arguments)` as a pattern where it orders a string against a constant of at most 200 code points."""
    if name not in _MIRRORED or len(arguments) != 2 or any(a.type is not SqlType.STRING for a in arguments):
        return None
    text, constant = arguments
    if isinstance(text, Literal):
        name, text, constant = _MIRRORED[name], constant, text
    if not isinstance(constant, Literal) or not isinstance(constant.value, str) or len(constant.value) > MAX_LENGTH:
        return None
    bound = constant.value if name in ("<", ">=") else constant.value + "\0"
    pattern = Literal(f"^(?s:{less_than(bound)})$", SqlType.STRING, span=constant.span)
    return OrderPattern((text, pattern), is_negated=name in (">", ">="))


def less_than(bound: str) -> str:
    r"""An RE2 pattern of the strings before `bound`, by code points (the order of their UTF-8 bytes too).

    >>> less_than("b")
    '(?:|[\\x{0}-\\x{61}].*)'
    """
    if not bound:
        return r"[^\x{0}-\x{10ffff}]"
    pattern = ""
    for character in reversed(bound):
        number = ord(character)
        lower = rf"|[\x{{0}}-\x{{{number - 1:x}}}].*" if number else ""
        same = rf"|\x{{{number:x}}}{pattern}" if pattern else ""
        pattern = f"(?:{lower}{same})"
    return pattern

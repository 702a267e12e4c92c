"""String literals of GoogleSQL: quotes of four kinds, raw strings, and escapes (sqlglot knows only some)."""

from __future__ import annotations

import re

_LITERAL = re.compile(r"""([rR]?)('{3}|"{3}|'|")(.*)\2""", re.DOTALL)
_ESCAPE = re.compile(
    r"\\(?:([abfnrtv\\?\"'`])|([0-3][0-7]{2})|[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.?))", re.DOTALL
)
_PLAIN = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def decode_string(literal: str) -> str:
    r"""The value of a string literal as it stands in the text. Raises ValueError for an escape that there is not.

    >>> decode_string(r"'\u65e5\x41\n'"), decode_string(r'r"\d"')
    ('日A\n', '\\d')
    """
    found = _LITERAL.fullmatch(literal)
    if not found:
        raise ValueError("this is no string")
    return found[3] if found[1] else _ESCAPE.sub(_escaped, found[3])


def _escaped(found: re.Match[str]) -> str:
    plain, octal, hexadecimal, short, long, unknown = found.groups()
    if plain:
        return _PLAIN.get(plain, plain)
    if unknown is not None:
        raise ValueError(f"there is no escape \\{unknown}")
    number = int(octal, 8) if octal else int(hexadecimal or short or long, 16)
    if number > 0x10FFFF or 0xD800 <= number < 0xE000:
        raise ValueError(f"{found[0]} is no character")
    return chr(number)

"""Patterns: LIKE as a regular expression, and whether RE2 takes a pattern."""

from __future__ import annotations

import re


def like_to_regex(pattern: str) -> str:
    r"""The RE2 pattern that finds what `LIKE pattern` matches: % any text, _ one code point, \ quotes.

    >>> like_to_regex("50\\%_a%")
    '^(?s:50%.a.*)$'
    """
    out, characters = [], iter(pattern)
    for character in characters:
        if character == "\\":
            out.append(quote(next(characters, "\\")))
        else:
            out.append({"%": ".*", "_": "."}.get(character) or quote(character))
    return f"^(?s:{''.join(out)})$"


def pattern_fault(pattern: str) -> str:
    """Why RE2 refuses `pattern`, in its own words, or an empty string. Asked of the RE2 inside DuckDB.

    >>> pattern_fault("a(b"), pattern_fault("a+")
    ('missing ): a(b', '')
    """
    import duckdb

    with duckdb.connect(":memory:") as connection:
        try:
            connection.execute("SELECT regexp_matches('', ?)", [pattern]).fetchall()
        except duckdb.Error as error:
            return str(error).split(": ", 1)[-1].split("\n")[0]
    return ""


def quote(character: str) -> str:
    """A pattern of one character itself."""
    if character == "\0":
        return r"\x00"
    return re.sub(r"[\\^$.|?*+()\[\]{}]", r"\\\g<0>", character)

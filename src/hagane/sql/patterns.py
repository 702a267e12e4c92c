"""Patterns: LIKE as a regular expression, and whether RE2 takes a pattern."""

from __future__ import annotations

import atexit
import functools
import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


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


def contains(pattern: str) -> str:
    """A pattern that matches all of every text in which `pattern` is found.

    >>> contains("^a")
    '(?s:.*)(?:^a)(?s:.*)'
    """
    return f"(?s:.*)(?:{pattern})(?s:.*)"


def pattern_fault(pattern: str) -> str:
    """Why RE2 refuses `pattern`, alone or where it is searched for, in its own words; or an empty string.

    Asked of the RE2 inside DuckDB, which says so quietly: ONNX Runtime's writes to the terminal.

    >>> pattern_fault("a(b"), pattern_fault("a+")
    ('missing ): a(b', '')
    """
    reason = _refusal(pattern)
    if not reason and (reason := _refusal(contains(pattern))) and "missing )" in reason:
        reason = r"\Q without \E"
    return reason


@functools.lru_cache(maxsize=4096)
def _refusal(pattern: str) -> str:
    import duckdb

    try:
        with _engine(os.getpid()).cursor() as cursor:
            cursor.execute("SELECT regexp_matches('', ?)", [pattern]).fetchall()
    except duckdb.Error as error:
        return str(error).split(": ", 1)[-1].split("\n")[0]
    return ""


@functools.lru_cache(maxsize=64)
def characters_of(pattern: str) -> tuple[tuple[int, int], ...]:
    r"""The code points that an RE2 pattern matches all of, from and to, ascending: of \p{Greek}, whatever Unicode says.

    >>> characters_of(r"\p{Katakana}")[:2]
    ((12449, 12538), (12541, 12543))
    """
    points = "SELECT unnest(range(55296)) AS i UNION ALL SELECT unnest(range(57344, 1114112))"
    found = f"SELECT i, i - row_number() OVER (ORDER BY i) AS g FROM ({points}) WHERE regexp_full_match(chr(i::INT), ?)"
    with _engine(os.getpid()).cursor() as cursor:
        spans = cursor.execute(f"SELECT min(i), max(i) FROM ({found}) GROUP BY g ORDER BY 1", [pattern]).fetchall()
    return tuple((int(low), int(high)) for low, high in spans)


@functools.lru_cache(maxsize=1)
def _engine(process: int) -> DuckDBPyConnection:
    """One for all patterns (making it takes longer than asking), and another after a fork."""
    import duckdb

    atexit.register(_engine.cache_clear)  # DuckDB complains of a connection that outlives it
    return duckdb.connect(":memory:", config={"threads": 1})


def quote(character: str) -> str:
    """A pattern of one character itself."""
    if character == "\0":
        return r"\x00"
    return re.sub(r"[\\^$.|?*+()\[\]{}]", r"\\\g<0>", character)

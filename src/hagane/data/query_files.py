"""Which files a SQL query names, so that they are read by Hagane's own readers and counted in its fingerprint."""

from __future__ import annotations

import re
from pathlib import Path

_COMMENTS = r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/)*"
_QUERY = re.compile(_COMMENTS + r"(?:\(|(?:SELECT|WITH|FROM|VALUES)\b)", re.IGNORECASE | re.DOTALL)
_WHOLE_FILE = re.compile(r"\s*(?:SELECT\s+\*\s+)?FROM\s+'((?:[^']|'')+)'\s*;?\s*", re.IGNORECASE)
_TOKEN = re.compile(
    r"""--[^\n]*|/\*.*?\*/|"(?:[^"]|"")*"|(?P<text>'(?:[^']|'')*')|(?P<word>\w+)|(?P<sign>[(),])""", re.DOTALL
)


def is_query(source: str) -> bool:
    """Whether a source is SQL and not a path: after comments, SELECT, WITH, FROM, VALUES or a parenthesis begins it.

    >>> is_query("select * from 'x.parquet'"), is_query("selected.parquet"), is_query("from/x.csv")
    (True, False, False)
    """
    found = _QUERY.match(source)
    return bool(found) and not re.match(r"[/\\.]", source[found.end() :] if found else "")


def whole_file(query: str) -> str | None:
    """The path, when the query is no more than all rows and columns of one.

    >>> whole_file("SELECT * FROM 'a.parquet'"), whole_file("SELECT x FROM 'a.parquet'")
    ('a.parquet', None)
    """
    found = _WHOLE_FILE.fullmatch(query)
    return found[1].replace("''", "'") if found else None


def files_read_as_tables(query: str) -> list[str]:
    """The string literals that stand where a table may stand (after FROM, JOIN, or a comma of theirs).

    >>> files_read_as_tables("SELECT 'a.csv' FROM 'b.csv' JOIN 'c.json' USING (x), read_csv('d.csv')")
    ['b.csv', 'c.json']
    """
    found, before = [], ""
    for token in _TOKEN.finditer(query):
        if token["text"] and before in ("FROM", "JOIN"):
            found.append(_unquote(token["text"]))
        if token["text"] or token["word"] or token["sign"]:
            before = (token["word"] or "").upper()
    return list(dict.fromkeys(found))


def files_named(query: str) -> list[Path]:
    """Every file that a string literal of the query names, by path or glob, sorted."""
    texts = {_unquote(token["text"]) for token in _TOKEN.finditer(query) if token["text"]}
    found: set[Path] = set()
    for text in texts:
        found.update(_existing(text))
    return sorted(found)


def _existing(text: str) -> list[Path]:
    import glob

    try:
        names = glob.glob(text, recursive=True) if len(text) < 4096 and "\0" not in text and text else []
    except (OSError, ValueError):
        return []
    return [Path(name).absolute() for name in names if Path(name).is_file()]


def _unquote(literal: str) -> str:
    return literal[1:-1].replace("''", "'")

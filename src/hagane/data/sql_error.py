"""What DuckDB says against a query, told as every fault is: underlined, with the hint, without a traceback."""

from __future__ import annotations

import re
from pathlib import Path

from hagane.data.full_disk import disk_fault
from hagane.data.source_files import SUFFIXES
from hagane.errors import DataError, Fault, nearest

_LOCATED = re.compile(r"^LINE \d+: (?P<line>.*)\n(?P<indent> *)(?P<carets>\^+)", re.MULTILINE)
_QUOTED = re.compile(r'"([^"]+)"|with name (\S+)|\'([^\']+)\'')
_NEAREST = re.compile(r'(?:Did you mean|Candidate bindings:|Candidate tables:)\s*"?([^"\n,?]+)"?')

LONGEST_SHOWN = 2_000
"""Characters of a query beyond which only the part around the fault is shown."""
_FULL_DISK = re.compile(r"No space left on device|quota exceeded|File too large|max_temp_directory_size", re.IGNORECASE)
_FILE = re.compile(r"(?:file|path) (?P<quote>[\"'])(?P<path>.+?)(?P=quote)")
_DAMAGED = re.compile(
    r"TProtocolException|don't know what type|decompress|GZIP stream|Snappy|corrupt|Failed to read file|Out of buffer"
    r"|Invalid (?:page|Parquet)|No magic bytes|Expected to read|not read enough bytes|page header"
    r"|Varint|Variable-length int|^Invalid Error:",  # what the libraries beneath DuckDB raise
    re.IGNORECASE,
)
_BEYOND_THE_QUERY = "free memory or disk space, read fewer columns, or cut the query into steps"
_NO_TABLE = re.compile(r"Table with name (\w+) does not exist")
_INTERNAL = re.compile(r"pg_|duckdb_|sqlite_|pragma_")


def sql_error(error: Exception, sql: str) -> DataError:
    """The error to raise for what DuckDB raised on `sql`.

    >>> print(sql_error(Exception('Binder Error: Referenced column "agee" not found in FROM clause!\\n'
    ...                           'Candidate bindings: "age"'), "SELECT agee FROM people"))
    Referenced column "agee" not found in FROM clause!
      SELECT agee FROM people
             ^^^^
      did you mean: age
      next: correct the query; it is DuckDB's SQL
    """
    text = str(error).strip()
    if _FULL_DISK.search(text):
        named = _FILE.search(text)
        return DataError(disk_fault("the disk is full", Path(named["path"]) if named else None))
    if not text.startswith(("Parser", "Binder", "Catalog", "Conversion")) and _DAMAGED.search(text):
        return DataError(_damaged(text))
    if text.startswith(("Out of Memory Error", "INTERNAL Error")):
        return DataError(Fault(what=_summary(text).split("\n")[0][:500], next_step=_BEYOND_THE_QUERY))
    start, end = _span(text, sql)
    if len(sql) > LONGEST_SHOWN:
        sql, start, end = _around(sql, start, end)
    found = _NEAREST.search(text)
    like = found[1].strip() if found and not _INTERNAL.match(found[1]) else ""
    step = "correct the query; it is DuckDB's SQL"
    if table := _NO_TABLE.search(text):
        like = like or _file_like(table[1])
        file = like or "'rows.csv'"
        step = f"name a file in quotes, as in FROM {file}; or give it the name: --table {table[1]}=FILE"
    return DataError(Fault(what=_summary(text), sql=sql, start=start, end=end, nearest=like, next_step=step))


def _file_like(table: str) -> str:
    """A file of data here that is called so or nearly so, but for its ending, in quotes; else empty."""
    files = sorted(path.name for path in Path.cwd().glob("*") if path.name.lower().endswith(SUFFIXES))
    stems = {name.split(".", 1)[0]: name for name in reversed(files)}
    like = nearest(table, stems)
    return f"'{stems[like]}'" if like else ""


def _damaged(text: str) -> Fault:
    """A file that could be opened and not be read to its end."""
    named = _FILE.search(text)
    return Fault(
        what=f"{Path(named['path']).name if named else 'a file'} is damaged: it cannot be read to its end",
        where=named["path"] if named else "",
        received=_summary(text).split("\n")[0][:500],
        next_step="put the file back, or write it anew, and run again; what was finished before is kept",
    )


def _around(sql: str, start: int, end: int) -> tuple[str, int, int]:
    """The part of a long query in which [start, end) lies, on one line, and where it lies there.

    >>> _around("SELECT " + "a, " * 1_000 + "oops FROM t", 3_007, 3_011)[0][-20:]
    'a, a, a, oops FROM t'
    """
    begin = max(0, start - LONGEST_SHOWN // 4)
    lead = "… " if begin else ""
    part = sql[begin : begin + LONGEST_SHOWN // 2].replace("\n", " ")
    tail = " …" if begin + LONGEST_SHOWN // 2 < len(sql) else ""
    first = start - begin + len(lead)
    return lead + part + tail, first, min(first + end - start, len(lead + part))


def _summary(text: str) -> str:
    """DuckDB's own sentence, without its class, its location and its candidates (told apart)."""
    sentence = re.split(r"\n+LINE \d", text, maxsplit=1)[0]
    sentence = re.sub(r"^(?:\w+ )+Error: ", "", sentence)
    return _NEAREST.split(sentence)[0].strip() or text


def _span(text: str, sql: str) -> tuple[int, int]:
    """Where the fault lies in `sql`: where DuckDB's caret stands, or the first place that names what it names."""
    located = _LOCATED.search(text)
    if located:
        shown = located["line"].removeprefix("...").removesuffix("...")
        at = sql.find(shown)
        offset = len(located["indent"]) - len("LINE 1: ") - 3 * located["line"].startswith("...")
        if at >= 0 and 0 <= offset <= len(shown):
            return at + offset, at + offset + len(located["carets"])
    for found in _QUOTED.finditer(text):
        name = next(group for group in found.groups() if group)
        place = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", sql, re.IGNORECASE)
        if place:
            return place.span()
    return 0, 0 if not sql else max(1, len(sql.split("\n", 1)[0]))

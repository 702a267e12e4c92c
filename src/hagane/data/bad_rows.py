"""`BadRows`: the lines of text files that could not be parsed, counted and kept aside."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path

import msgspec

from hagane.counted import counted
from hagane.errors import BadRowsError, Fault
from hagane.number_text import brief_text

NUM_EXAMPLES = 3
_NO_UTF8 = re.compile("not utf-8 encoded|byte sequence mismatch", re.IGNORECASE)


class BadRow(msgspec.Struct, frozen=True):
    """One line that could not be parsed."""

    file: str
    line_number: int
    """Counted from 1, the header included; 0 where unknown."""
    reason: str
    text: str | None = None
    """The line itself, where it could be read."""


class BadRows(msgspec.Struct, frozen=True):
    """How many lines could not be parsed, of how many, where all of them lie, and the first few."""

    count: int = 0
    total: int = 0
    """All rows, good and bad."""
    path: str | None = None
    """A file of JSON lines with every bad row; None where there are none."""
    examples: tuple[BadRow, ...] = ()

    @property
    def fraction(self) -> float:
        """The share of rows that are bad, 0 to 1.

        >>> BadRows(1, 4).fraction, BadRows().fraction
        (0.25, 0.0)
        """
        return self.count / self.total if self.total else 0.0

    def summary(self) -> str:
        """One sentence.

        >>> BadRows(1, 4, "bad.jsonl").summary()
        '1 of 4 rows could not be parsed: see bad.jsonl'
        """
        return f"{self.count:,} of {counted(self.total, 'row')} could not be parsed: see {self.path}"

    def check(self, limit: float) -> None:
        """Raise BadRowsError when more than the share `limit` of the rows is bad."""
        if self.fraction <= limit:
            return
        examples = "; ".join(f"{Path(row.file).name} line {row.line_number}: {row.reason}" for row in self.examples)
        mend = "mend the file, or raise the limit"
        if any(_NO_UTF8.search(row.reason) for row in self.examples):
            name = Path(self.examples[0].file).name
            mend = f"write the file in UTF-8, or convert it: iconv -f LATIN1 -t UTF-8 {name} > utf8.csv"
        share = brief_text(100 * self.fraction, 3)
        raise BadRowsError(
            Fault(
                what=f"{self.count:,} of {counted(self.total, 'row')} ({share} %) could not be parsed",
                where=examples,
                expected=f"at most {brief_text(100 * limit, 3)} % (training.max_bad_rows_fraction)",
                next_step=f"see every bad row in {self.path}; {mend}",
            )
        )


NO_BAD_ROWS = BadRows()


def keep_bad_rows(rows: Iterable[BadRow], num_good: int, folder: Path | None) -> BadRows:
    """Write bad rows to a file of JSON lines in `folder` (by default a new temporary one) and sum them up.

    >>> keep_bad_rows([], 5, None)
    BadRows(count=0, total=5, path=None, examples=())
    """
    examples: list[BadRow] = []
    count, path = 0, None
    encoder = msgspec.json.Encoder()
    file = None
    try:
        for row in rows:
            if file is None:
                path = _new_file(folder)
                file = path.open("wb")
            file.write(encoder.encode(row) + b"\n")
            count += 1
            if len(examples) < NUM_EXAMPLES:
                examples.append(row)
    finally:
        if file is not None:
            file.close()
    return BadRows(count, num_good + count, str(path) if path else None, tuple(examples))


def join_bad_rows(parts: Iterable[BadRows]) -> BadRows:
    """The bad rows of several sources together; `path` is the one file, or the first of several.

    >>> join_bad_rows([BadRows(1, 4, "a"), BadRows(0, 6)])
    BadRows(count=1, total=10, path='a', examples=())
    """
    parts = tuple(parts)
    return BadRows(
        sum(part.count for part in parts),
        sum(part.total for part in parts),
        next((part.path for part in parts if part.path), None),
        tuple(row for part in parts for row in part.examples)[:NUM_EXAMPLES],
    )


def _new_file(folder: Path | None) -> Path:
    if folder is None:
        folder = Path(tempfile.mkdtemp(prefix="hagane-bad-rows-"))
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix="bad_rows-", suffix=".jsonl", dir=folder)
    os.close(handle)
    return Path(name)

"""`write_rows`: a result's rows as CSV, JSON, JSON lines or Parquet, streamed."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import typer

from hagane.progress import SILENT, Progress

if TYPE_CHECKING:
    from hagane.session.result import Result

SUFFIXES = {
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}
"""Ending of a file → format."""


def row_format(asked: str | None, path: Path | None) -> str:
    """The format that was asked for, or that the output's name says. Raises typer.BadParameter.

    >>> row_format(None, Path("rows.csv")), row_format(None, None)
    ('csv', 'table')
    """
    if path is None:
        if asked == "parquet":
            raise typer.BadParameter("--format parquet needs a file: -o rows.parquet")
        return asked or "table"
    found = asked or SUFFIXES.get(path.suffix.lower())
    if found is None or found == "table":
        raise typer.BadParameter(f"-o {path}: it ends in none of {', '.join(SUFFIXES)}; say --format csv, say")
    return found


def write_rows(result: Result, format_: str, path: Path | None, progress: Progress = SILENT) -> int:
    """Write all rows to `path`, which is whole or as it was, or to stdout; how many there are. Raises HaganeError."""
    from hagane.write_aside import write_aside

    if path is None:
        count = _write_text(result, format_, sys.stdout, SILENT)
        sys.stdout.flush()
        return count
    counts: list[int] = []

    def write(aside: Path) -> None:
        if format_ == "parquet":
            counts.append(_write_parquet(result, aside, progress))
            return
        with aside.open("w", encoding="utf-8", newline="") as stream:
            counts.append(_write_text(result, format_, stream, progress))

    write_aside(path, write)
    return counts[0]


def _write_parquet(result: Result, path: Path, progress: Progress) -> int:
    import pyarrow.parquet as pq

    count = 0
    with progress.phase("write the rows", total=None) as phase, pq.ParquetWriter(path, result.arrow_schema) as writer:
        for batch in result.batches():
            writer.write_batch(batch)
            count += batch.num_rows
            phase.advance(batch.num_rows)
    return count


def _write_text(result: Result, format_: str, stream: IO[str], progress: Progress) -> int:
    count = 0
    with progress.phase("write the rows", total=None) as phase:
        for text, num_rows in _texts(result, format_):
            stream.write(text)
            count += num_rows
            phase.advance(num_rows)
    return count


def _texts(result: Result, format_: str) -> Iterator[tuple[str, int]]:
    """The document piece by piece, and how many rows each piece holds."""
    from hagane.fronts.cli.plain_rows import plain_rows

    if format_ == "csv":
        yield _csv([[column.name for column in result.schema]]), 0
        for batch in result.batches():
            yield _csv([[_cell(value) for value in row.values()] for row in plain_rows(batch)]), batch.num_rows
    elif format_ == "jsonl":
        for batch in result.batches():
            yield "".join(_json(row) + "\n" for row in plain_rows(batch)), batch.num_rows
    else:
        yield "[", 0
        separator = "\n"
        for batch in result.batches():
            if batch.num_rows:
                yield separator + ",\n".join(map(_json, plain_rows(batch))), batch.num_rows
                separator = ",\n"
        yield "\n]\n", 0


def _csv(rows: list[list[str]]) -> str:
    held = io.StringIO()
    csv.writer(held, lineterminator="\n").writerows(rows)
    return held.getvalue()


def _cell(value: Any) -> str:
    """As CSV has it: nothing for NULL, JSON for what is nested."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return _json(value) if isinstance(value, dict | list) else str(value)


def _json(value: Any) -> str:
    import msgspec

    return msgspec.json.encode(value).decode()

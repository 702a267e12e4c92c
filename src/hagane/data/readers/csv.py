"""CSV, packed too: parsed once into Parquet, so that every pass sees the same rows and the bad ones are set aside once.

DuckDB sniffs separator, quotes, header and types from the first rows. A cell that does not have its column's type makes
its line a bad row, with one exception: a column of integers in which decimals turn up later is FLOAT64 throughout
(DuckDB would round them silently).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

from hagane.data.bad_rows import BadRow, keep_bad_rows
from hagane.data.engine import Engine, quote_name, quote_text
from hagane.data.file_stamp import FileStamp, check_files
from hagane.data.origin import Origin, content_identity, parquet_sql
from hagane.data.readers.checked_whole import checked_whole
from hagane.data.readers.csv_dialect import Dialect, sniff
from hagane.data.readers.unpacked import unpacked
from hagane.data.wanted import Wanted
from hagane.errors import DataError, Fault
from hagane.progress import Progress

_MAX_BAD_ROWS_KEPT = 1_000_000
"""More bad rows than this are counted by DuckDB no further; any limit has been passed long before."""


def read(
    engine: Engine,
    files: Sequence[Path],
    bad_rows_folder: Path | None,
    progress: Progress,
    wanted: Wanted,
) -> Origin:
    """CSV files of one set of columns, text where `wanted` says so. Raises DataError when they are no table at all."""
    filled = [file for file in files if file.stat().st_size]
    if not filled:
        step = "look at what wrote it"
        where = ", ".join(map(str, files))
        raise DataError(Fault(what="the file is empty", where=where, expected="at least a header", next_step=step))
    stamps = [FileStamp.of(file) for file in files]
    target = engine.new_file("csv", ".parquet")
    with progress.phase("parse CSV") as phase, checked_whole(filled):
        dialects = sniff(engine, filled, wanted)
        rejects = [*_skipped(dialects), *_parse(engine, dialects, target)]
        num_good = int(engine.query(f"SELECT count(*) AS n FROM {parquet_sql([target])}")["n"][0].as_py())
        phase.advance(num_good + len(rejects))
    check_files(stamps)
    return Origin(
        sql=parquet_sql([target]),
        identity=content_identity(target),
        parquet=(target,),
        bad_rows=keep_bad_rows(rejects, num_good, bad_rows_folder),
        null_words=next((dialect.null_words for dialect in dialects if dialect.null_words), ()),
    )


def _parse(engine: Engine, dialects: Sequence[Dialect], target: Path) -> list[BadRow]:
    """Write the rows that parse to `target`; return those that do not."""
    types = dict.fromkeys(_decimal_columns(engine, dialects), "DOUBLE")
    rejects = f"store_rejects=true, rejects_limit={_MAX_BAD_ROWS_KEPT}"
    scans = [f"SELECT * FROM {dialect.scan(types=types, more=rejects)}" for dialect in dialects]
    with engine.session() as session:
        session.run(f"COPY ({' UNION ALL '.join(scans)}) TO {quote_text(str(target))} (FORMAT parquet)")
        found = session.query(
            "SELECT DISTINCT ON (file_path, line) file_path, line, error_message, csv_line FROM reject_errors "
            "JOIN (SELECT DISTINCT scan_id, file_id, file_path FROM reject_scans) USING (scan_id, file_id) "
            "ORDER BY file_path, line, byte_position"
        )
    return [
        BadRow(row["file_path"], row["line"], row["error_message"].split("\n")[0], row["csv_line"])
        for row in found.to_pylist()
    ]


def _skipped(dialects: Sequence[Dialect]) -> Iterator[BadRow]:
    """The lines before the table, unless blank: what an export wrote there, or rows that the sniffer gave up."""
    for dialect in dialects:
        for file in dialect.files if dialect.num_skipped else ():
            with unpacked(file) as stream:
                for line_number, line in enumerate(itertools.islice(stream, dialect.num_skipped), 1):
                    if text := line.decode("utf-8", "replace").strip():
                        yield BadRow(str(file), line_number, "stands before the header or the first row", text)


def _decimal_columns(engine: Engine, dialects: Sequence[Dialect]) -> list[str]:
    """The columns sniffed as integers in which some later cell is a decimal: one pass over the files."""
    integers = [name for name, type_ in dialects[0].columns if type_ == "BIGINT"]
    if not integers:
        return []
    scans = (
        f"SELECT {', '.join(map(quote_name, integers))} FROM "
        + dialect.scan(types=dict.fromkeys(integers, "VARCHAR"), more="ignore_errors=true")
        for dialect in dialects
    )
    tests = (f"coalesce(bool_or({_is_decimal(quote_name(name))}), false) AS {quote_name(name)}" for name in integers)
    found = engine.query(f"SELECT {', '.join(tests)} FROM ({' UNION ALL '.join(scans)})").to_pylist()[0]
    return [name for name in integers if found[name]]


def _is_decimal(column: str) -> str:
    return f"regexp_matches({column}, '[.eE]') AND TRY_CAST({column} AS DOUBLE) IS NOT NULL"

"""`check_pages`: Parquet files against the checksums that their writers kept, which DuckDB does not look at.

A flipped bit in a page of no compression, or of Snappy's or Zstandard's, decodes to other values as often as to none.
Spark and Hadoop keep a CRC-32 of each page, Arrow where it is asked to, DuckDB none. Nothing is decoded here: bytes are
read and summed, at gigabytes a second.
"""

from __future__ import annotations

import functools
import os
import zlib
from collections.abc import Iterator, Set
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from hagane.data.batches import unreadable
from hagane.data.page_header import PageHeader, read_page_header
from hagane.data.table import Table
from hagane.errors import DataError, Fault
from hagane.progress import Progress
from hagane.usable_cores import usable_cores

HEADER_BYTES, LONGEST_HEADER = 1_024, 1 << 20
"""Headers hold the page's extremes, which may be long texts."""
READ_BYTES = 1 << 22
MOST_THREADS = 8


class _Chunk(NamedTuple):
    """One column's pages in one row group."""

    column: str
    row_group: int
    start: int
    end: int


def check_pages(table: Table, progress: Progress) -> None:
    """Read the pages of the table's columns, once, where its rows lie in Parquet files with checksums.

    Raises DataError, naming file and column, for the first that is not what was written.

    >>> from hagane.data.open_table import open_table
    >>> from hagane.progress import SILENT
    >>> check_pages(open_table(pa.table({"age": [31]})), SILENT)  # no file, nothing to check
    """
    wanted = set(table.schema.names) - table.origin.checked
    for stamp in table.origin.files if wanted else ():
        _check_file(stamp.path, wanted, progress)
    table.origin.checked.update(wanted)


def _check_file(path: Path, columns: Set[str], progress: Progress) -> None:
    try:
        with path.open("rb") as file:
            chunks = _chunks(pq.read_metadata(path), columns)
            if not chunks or _header(file.fileno(), chunks[0].start).crc is None:
                return
            total = sum(chunk.end - chunk.start for chunk in chunks)
            threads = min(MOST_THREADS, usable_cores())
            with progress.phase("check pages", total=total, unit="bytes") as phase, ThreadPoolExecutor(threads) as pool:
                for num_bytes in pool.map(functools.partial(_check_chunk, path, file.fileno()), chunks):
                    phase.advance(num_bytes)
    except (pa.ArrowException, OSError) as error:
        raise unreadable(path, error) from None
    except (IndexError, ValueError):
        return  # of a first header that cannot be read whoever reads the rows speaks


def _chunks(metadata: pq.FileMetaData, names: Set[str]) -> list[_Chunk]:
    """The column chunks of these columns (and of the fields within them), in the file's order."""
    found = []
    for row_group in range(metadata.num_row_groups):
        group = metadata.row_group(row_group)
        for index in range(group.num_columns):
            column = group.column(index)
            if not names.isdisjoint(_prefixes(column.path_in_schema)):
                first = column.dictionary_page_offset if column.has_dictionary_page else None
                start = min(column.data_page_offset, first or column.data_page_offset)
                found.append(_Chunk(column.path_in_schema, row_group, start, start + column.total_compressed_size))
    return found


def _prefixes(path: str) -> Iterator[str]:
    """`a.b.c`: `a`, `a.b`, `a.b.c`."""
    parts = path.split(".")
    return (".".join(parts[:end]) for end in range(1, len(parts) + 1))


def _header(file: int, at: int) -> PageHeader:
    try:
        return read_page_header(os.pread(file, HEADER_BYTES, at))
    except IndexError:
        return read_page_header(os.pread(file, LONGEST_HEADER, at))


def _check_chunk(path: Path, file: int, chunk: _Chunk) -> int:
    """Check every page; the bytes that were read. Raises DataError."""
    at = chunk.start
    while at < chunk.end:
        try:
            header = _header(file, at)
        except (IndexError, ValueError):
            raise _damaged(path, chunk, "a page's header cannot be read") from None
        at += header.num_bytes
        if at + header.page_bytes > chunk.end:
            raise _damaged(path, chunk, "a page ends behind its column")
        if header.crc is not None and _crc32(file, at, header.page_bytes) != header.crc:
            raise _damaged(path, chunk, "a page's checksum is another than the one it was written with")
        at += header.page_bytes
    return chunk.end - chunk.start


def _crc32(file: int, start: int, num_bytes: int) -> int:
    crc, end = 0, start + num_bytes
    for at in range(start, end, READ_BYTES):
        crc = zlib.crc32(os.pread(file, min(READ_BYTES, end - at), at), crc)
    return crc


def _damaged(path: Path, chunk: _Chunk, received: str) -> DataError:
    return DataError(
        Fault(
            what=f"{path.name} is damaged: column {chunk.column!r} is not what was written",
            where=f"{path}, row group {chunk.row_group + 1}",
            received=received,
            next_step="put the file back, or write it anew, and run again; what was finished before is kept",
        )
    )

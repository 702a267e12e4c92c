"""`Origin`: where a table's rows lie once a reader has made them readable, and what it found on the way."""

from __future__ import annotations

import functools
import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from hagane.data.bad_rows import NO_BAD_ROWS, BadRows
from hagane.data.engine import quote_list
from hagane.data.file_stamp import FileStamp
from hagane.errors import DataError, Fault

READING_RULES = 1
"""Part of every fingerprint; raised whenever the same file would be read differently than before."""

_SAMPLE_BYTES = 65_536
_ONE_DICTIONARY_A_BATCH = pa.ipc.IpcWriteOptions(emit_dictionary_deltas=False, unify_dictionaries=False)


@dataclass(frozen=True)
class Origin:
    """Rows that can be scanned again and again, in one order."""

    sql: str
    """What stands after FROM in DuckDB: a table function, or the name of a registered Arrow table."""
    identity: Callable[[], str]
    """Digest of what the rows are made of; a function because hashing rows in memory takes time."""
    parquet: tuple[Path, ...] = ()
    """The Parquet files, where the rows are exactly theirs, so that they may be read without DuckDB."""
    arrow: pa.Table | None = None
    bad_rows: BadRows = NO_BAD_ROWS
    files: tuple[FileStamp, ...] = ()
    """The user's files that are read again and again, as they were when they were opened."""
    null_words: tuple[str, ...] | None = None
    """Words that were read as NULL in CSV files; None for what is no CSV file, or several."""
    checked: set[str] = field(default_factory=set, compare=False)
    """Columns whose pages were held against their checksums; grows (`hagane.data.check_pages`)."""


def parquet_sql(files: Sequence[Path], *, hive: bool = False, unify: bool = False) -> str:
    """The table function that reads Parquet files; `unify` finds the type that holds every file's values.

    >>> parquet_sql([Path("a.parquet")])
    "read_parquet(['a.parquet'], hive_partitioning=false)"
    """
    more = ", union_by_name=true" if unify else ""
    return f"read_parquet({quote_list([str(file) for file in files])}, hive_partitioning={str(hive).lower()}{more})"


def digest_files(files: Sequence[Path]) -> str:
    """Digest of files by path, size, time of change, and their first and last 64 KiB: cheap, and changing as they do.

    A change in the middle of a file that keeps both size and time of change is not seen. Raises DataError when a file
    is gone.
    """
    digest = hashlib.sha256()
    for file in files:
        try:
            status = file.stat()
            digest.update(f"{file}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
            with file.open("rb") as stream:
                digest.update(stream.read(_SAMPLE_BYTES))
                stream.seek(max(0, status.st_size - _SAMPLE_BYTES))
                digest.update(stream.read(_SAMPLE_BYTES))
        except OSError as error:
            raise DataError(
                Fault(what=f"cannot read {file}: {error.strerror}", next_step="put the file back")
            ) from None
    return digest.hexdigest()


def content_identity(file: Path) -> Callable[[], str]:
    """The identity of rows that were kept in a file of the engine's folder: a digest of its bytes, made when asked for.

    It says what the rows are, whatever they came from: the words that were read as NULL, a source that changed since it
    was read, a query that gives other rows, or another order of them, each time it runs (random(), a sum over threads).
    """

    @functools.cache
    def identity() -> str:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    return identity


class _HashingSink(io.RawIOBase):
    """A file that keeps nothing but the digest of what is written to it."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.digest.update(data)
        return len(data)


class ArrowDigest:
    """Digest of a stream of batches: the schema and every value."""

    def __init__(self, schema: pa.Schema) -> None:
        self._sink = _HashingSink()
        self._writer = pa.ipc.new_stream(pa.PythonFile(self._sink, mode="w"), schema, options=_ONE_DICTIONARY_A_BATCH)

    def update(self, batch: pa.RecordBatch) -> None:
        """Add a batch."""
        self._writer.write_batch(batch)

    def hexdigest(self) -> str:
        """The digest; nothing can be added after it."""
        self._writer.close()
        return self._sink.digest.hexdigest()


def digest_arrow(table: pa.Table) -> str:
    """Digest of a table's schema and every value, the same however its rows are cut into chunks.

    >>> digest_arrow(pa.table({"n": [1, 2]})) == digest_arrow(pa.table({"n": pa.chunked_array([[1], [2]])}))
    True
    """
    digest = ArrowDigest(table.schema)
    for batch in table.combine_chunks().to_batches(max_chunksize=_SAMPLE_BYTES):
        digest.update(batch)
    return digest.hexdigest()

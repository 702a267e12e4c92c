"""`compact_hour`: the small files of a past hour become one, and at no moment is a row lost or seen twice.

A merged file is written aside, then renamed into place: from that moment it counts, and the files that its metadata
name do not, whether they are there or not. Then they are removed. Whoever is killed on the way leaves one of these
states behind; the next compaction removes what no longer counts.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from hagane.serving.request_log.file_metadata import REPLACES_KEY
from hagane.serving.request_log.hour_writer import WRITE_OPTIONS
from hagane.serving.request_log.log_folder import MERGED, files_of, is_log_file
from hagane.sync_to_disk import sync_to_disk
from hagane.write_aside import write_aside

SMALL_BYTES = 32 * 2**20
"""Files of this size and more are left as they are: to merge them would win nothing."""
MERGED_ROWS = 65_536
"""Of a row group in a merged file; so many are in memory at once."""


def compact_hour(hour: Path) -> int:
    """Merge the small files of one model each; how many files are gone. Hold the log's lock alone. Raises OSError."""
    counted = files_of(hour)
    removed = _remove_replaced(hour, counted)
    small = [path for path in counted if path.stat().st_size < SMALL_BYTES]
    schemas = {path: _bare(pq.read_schema(path)) for path in small}
    by_schema = sorted(small, key=lambda path: _key(schemas[path]))
    for _, group in groupby(by_schema, key=lambda path: _key(schemas[path])):
        paths = sorted(group)
        if len(paths) > 1:
            _merge(hour, paths, schemas[paths[0]])
            removed += _remove(paths)
    return removed


def _remove_replaced(hour: Path, counted: Sequence[Path]) -> int:
    """What a compaction that was killed left behind."""
    names = {path.name for path in counted}
    return _remove([path for path in hour.iterdir() if is_log_file(path.name) and path.name not in names])


def _merge(hour: Path, paths: Sequence[Path], schema: pa.Schema) -> None:
    replaces = b"[" + b",".join(b'"%s"' % path.name.encode() for path in paths) + b"]"
    merged = schema.with_metadata({**(schema.metadata or {}), REPLACES_KEY: replaces})
    name = f"{MERGED}{secrets.token_hex(8)}.parquet"

    def write(aside: Path) -> None:
        with pq.ParquetWriter(aside, merged, **WRITE_OPTIONS) as writer:
            for table in _grouped(_batches(paths, merged)):
                writer.write_table(table)
        sync_to_disk(aside)

    write_aside(hour / name, write)
    sync_to_disk(hour)


def _batches(paths: Sequence[Path], schema: pa.Schema) -> Iterator[pa.Table]:
    for path in paths:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(MERGED_ROWS):
                yield pa.Table.from_batches([batch]).replace_schema_metadata(schema.metadata)


def _grouped(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """The same rows, in tables of at least MERGED_ROWS (the last one of fewer)."""
    held: list[pa.Table] = []
    for table in tables:
        held.append(table)
        if sum(each.num_rows for each in held) >= MERGED_ROWS:
            yield pa.concat_tables(held)
            held = []
    if held:
        yield pa.concat_tables(held)


def _bare(schema: pa.Schema) -> pa.Schema:
    metadata = {key: value for key, value in (schema.metadata or {}).items() if key != REPLACES_KEY}
    return schema.with_metadata(metadata)


def _key(schema: pa.Schema) -> bytes:
    return bytes(schema.serialize())


def _remove(paths: Sequence[Path]) -> int:
    for path in paths:
        path.unlink(missing_ok=True)
    return len(paths)

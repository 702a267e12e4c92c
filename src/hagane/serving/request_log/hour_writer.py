"""`HourWriter`: batches of rows, kept in memory by the hour, become files."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hagane.serving.request_log.log_folder import Kind, LogFolder
from hagane.sync_to_disk import sync_to_disk
from hagane.write_aside import write_aside


class HourWriter:
    """Adds files of one kind to a log. Many writers, in any processes, may add to one log at once."""

    def __init__(self, folder: LogFolder, kind: Kind) -> None:
        self._folder = folder
        self._kind = kind
        self._worker = secrets.token_hex(8)
        self._num_files = 0
        self._batches: dict[tuple[int, bytes], list[pa.RecordBatch]] = {}
        self.num_bytes = 0
        """Of the batches in memory."""
        self.num_rows = 0
        self._oldest = 0.0

    def add(self, hour: int, batch: pa.RecordBatch, metadata: bytes) -> None:
        """Keep a batch for the hour's next file; batches of different `metadata` become different files."""
        if not self.num_rows:
            self._oldest = time.monotonic()
        self._batches.setdefault((hour, metadata), []).append(batch)
        self.num_bytes += batch.nbytes
        self.num_rows += batch.num_rows

    @property
    def age_seconds(self) -> float:
        """How long the oldest row has been waiting; 0 where there is none."""
        return time.monotonic() - self._oldest if self.num_rows else 0.0

    def flush(self) -> list[int]:
        """Write what is kept, a file for each hour and model; the bytes of each.

        Raises OSError where one cannot be written: what was not is still kept.
        """
        written = []
        for hour, metadata in list(self._batches):
            batches = self._batches[hour, metadata]
            written.append(self._write(hour, pa.Table.from_batches(batches)))
            del self._batches[hour, metadata]
            self.num_bytes -= sum(batch.nbytes for batch in batches)
            self.num_rows -= sum(batch.num_rows for batch in batches)
        return written

    def discard(self) -> int:
        """Forget what is kept; how many rows that were."""
        num_rows, self.num_rows, self.num_bytes = self.num_rows, 0, 0
        self._batches.clear()
        return num_rows

    def _write(self, hour: int, table: pa.Table) -> int:
        self._num_files += 1
        path = self._folder.make_hour(self._kind, hour) / f"{self._worker}-{self._num_files:06d}.parquet"
        write_rows(path, table)
        return path.stat().st_size


def write_rows(path: Path, table: pa.Table) -> None:
    """A file of the log: whole or not there, on the disk when this returns. Raises OSError."""
    write_aside(path, lambda aside: _write_synced(aside, table))


def _write_synced(path: Path, table: pa.Table) -> None:
    pq.write_table(table, path, **WRITE_OPTIONS)
    sync_to_disk(path)


WRITE_OPTIONS: dict[str, Any] = {"compression": "zstd", "compression_level": 1}

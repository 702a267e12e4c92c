"""Where predictions are written: `OneFile`, or the files of a folder; in parts, of which each is there or not."""

from __future__ import annotations

import os
import shutil
from abc import ABC, abstractmethod
from pathlib import Path
from typing import BinaryIO

from hagane.bundle.exchange import exchange
from hagane.data.parquet_appender import ParquetAppender
from hagane.sync_to_disk import sync_to_disk
from hagane.workflow.unfinished_predictions import FinishedPart, UnfinishedPredictions

PART_NAME = "part-{:05}.parquet"


class PredictionFiles(ABC):
    """Appends row groups; a part that is kept outlives the process, and `publish` puts the whole in its place."""

    def __init__(self, work: UnfinishedPredictions) -> None:
        self._work = work

    @abstractmethod
    def append(self, row_group: bytes) -> None:
        """Add the rows of a Parquet file."""

    @property
    @abstractmethod
    def part_bytes(self) -> int:
        """Bytes since the last part was kept."""

    @abstractmethod
    def keep_part(self, num_rows: int, num_row_errors: int) -> None:
        """End a part of so many rows: from here on it is done."""

    @abstractmethod
    def publish(self, out: Path) -> None:
        """Let what was written, every part kept, take the place of what is at `out`."""

    @abstractmethod
    def close(self) -> None:
        """Let go of open files."""


class OneFile(PredictionFiles):
    """One Parquet file that grows."""

    def __init__(self, work: UnfinishedPredictions) -> None:
        super().__init__(work)
        parts = work.parts
        if parts and (not work.rows.is_file() or work.rows.stat().st_size < parts[-1].num_bytes):
            work.forget()  # the last moment of an earlier run: the output was in its place already
        self._stream: BinaryIO = work.rows.open("r+b" if work.rows.exists() else "w+b")
        self._stream.truncate(parts[-1].num_bytes if parts else 0)
        self._stream.seek(0, os.SEEK_END)
        self._appender = ParquetAppender(
            self._stream,
            template=parts[0].template if parts else b"",
            row_groups=[group for part in parts for group in part.row_groups],
            num_rows=work.num_rows,
        )
        self._kept_groups, self._kept_bytes = len(self._appender.row_groups), self._stream.tell()

    def append(self, row_group: bytes) -> None:
        """Add the rows of a Parquet file."""
        self._appender.append(row_group)

    @property
    def part_bytes(self) -> int:
        """Bytes since the last part was kept."""
        return self._stream.tell() - self._kept_bytes

    def keep_part(self, num_rows: int, num_row_errors: int) -> None:
        """Sync the part, and tell of it."""
        _sync(self._stream)
        groups = tuple(self._appender.row_groups[self._kept_groups :])
        self._kept_groups, self._kept_bytes = len(self._appender.row_groups), self._stream.tell()
        self._work.keep(
            FinishedPart(
                num_rows=num_rows,
                num_row_errors=num_row_errors,
                num_bytes=self._kept_bytes,
                row_groups=groups,
                template=self._appender.template,
            )
        )

    def publish(self, out: Path) -> None:
        """Write the end, and rename."""
        self._appender.finish()
        _sync(self._stream)
        self._stream.close()
        self._work.rows.replace(out)
        sync_to_disk(out.parent)

    def close(self) -> None:
        """Let go of open files."""
        self._stream.close()


class FolderOfFiles(PredictionFiles):
    """A folder of Parquet files, one a part."""

    def __init__(self, work: UnfinishedPredictions) -> None:
        super().__init__(work)
        self._stream: BinaryIO | None = None
        self._appender: ParquetAppender | None = None
        for number, part in enumerate(work.parts):
            path = self._path(number)
            if not path.is_file() or path.stat().st_size != part.num_bytes:
                work.forget()
                break
        work.rows.mkdir(exist_ok=True)
        for path in work.rows.iterdir():
            if path not in map(self._path, range(len(work.parts))):
                path.unlink()

    def append(self, row_group: bytes) -> None:
        """Add the rows of a Parquet file."""
        if self._appender is None or self._stream is None:
            self._stream = self._path(len(self._work.parts)).with_suffix(".partial").open("wb")
            self._appender = ParquetAppender(self._stream)
        self._appender.append(row_group)

    @property
    def part_bytes(self) -> int:
        """Bytes since the last part was kept."""
        return self._stream.tell() if self._stream else 0

    def keep_part(self, num_rows: int, num_row_errors: int) -> None:
        """Sync the part, and tell of it."""
        assert self._stream is not None
        assert self._appender is not None
        path = self._path(len(self._work.parts))
        self._appender.finish()
        _sync(self._stream)
        num_bytes = self._stream.tell()
        self.close()
        path.with_suffix(".partial").replace(path)
        sync_to_disk(path.parent)
        self._work.keep(FinishedPart(num_rows=num_rows, num_row_errors=num_row_errors, num_bytes=num_bytes))

    def publish(self, out: Path) -> None:
        """Rename the folder."""
        if not out.exists():
            self._work.rows.rename(out)
        elif not exchange(self._work.rows, out):
            shutil.rmtree(out)
            self._work.rows.rename(out)
        sync_to_disk(out.parent)

    def close(self) -> None:
        """Let go of open files."""
        if self._stream is not None:
            self._stream.close()
        self._stream = self._appender = None

    def _path(self, number: int) -> Path:
        return self._work.rows / PART_NAME.format(number)


def _sync(stream: BinaryIO) -> None:
    stream.flush()
    os.fsync(stream.fileno())

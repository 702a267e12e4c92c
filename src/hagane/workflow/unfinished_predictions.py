"""`UnfinishedPredictions`: what a batch prediction has done so far, so that the same command goes on after it.

The folder `.<output's name>.unfinished` beside the output holds

======== ======================================================================================================
file     holds
======== ======================================================================================================
`lock`   the lock of the process that writes here; the system drops it with the process, however that ends
`task`   what is predicted, as JSON: whoever asks for anything else begins anew
`rows`   one Parquet file without its end, or a folder of whole ones
`parts`  a line for each part that is on the disk: its rows, and what the end of the file will say of them
======== ======================================================================================================

A part is told in `parts` after its bytes have been synced, so that what is told is there, whatever ended the process or
the machine. Bytes behind the last part that was told are cut off.
"""

from __future__ import annotations

import os
import shutil
import zlib
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from hagane.errors import Fault, StorageError
from hagane.file_lock import lock_file


class PredictionTask(msgspec.Struct, frozen=True, kw_only=True):
    """All that the output's bytes depend on."""

    format: int = 1
    hagane: str
    pyarrow: str
    bundle_id: str
    data: str
    """The table's fingerprint."""
    columns: tuple[str, ...]
    """The columns of the data that are kept."""
    compression: str
    is_folder: bool
    batch_rows: int
    read_ahead_bytes: int
    """How far a reader looks ahead, upon which it depends how dictionaries come."""


class FinishedPart(msgspec.Struct, frozen=True, kw_only=True):
    """One part that is on the disk, whole."""

    num_rows: int
    num_row_errors: int
    num_bytes: int
    """Of the one file up to here; of a file of its own all of it."""
    row_groups: tuple[bytes, ...] = ()
    """What the one file's end is to say of this part's rows."""
    template: bytes = b""


class UnfinishedPredictions:
    """The work folder of one output; locked from `with` to its end, and kept while a part in it is finished."""

    def __init__(self, out: Path, task: PredictionTask) -> None:
        self.folder = out.with_name(f".{out.name}.unfinished")
        self.rows = self.folder / "rows"
        """The file, or the folder of files, that becomes the output."""
        self.parts: list[FinishedPart] = []
        """What is there, in order."""
        self.was_other = False
        """Whether another prediction's parts were here, which are gone now."""
        self.task = task
        self._out = out
        self._lock = -1

    def __enter__(self) -> Self:
        self._lock = self._locked()
        try:
            self._begin()
        except BaseException:
            os.close(self._lock)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if not self.parts:
            self.discard()
        os.close(self._lock)

    @property
    def num_rows(self) -> int:
        """Rows of the finished parts."""
        return sum(part.num_rows for part in self.parts)

    @property
    def num_row_errors(self) -> int:
        """Of these the ones on which an expression erred."""
        return sum(part.num_row_errors for part in self.parts)

    def keep(self, part: FinishedPart) -> None:
        """Tell of a part whose bytes are synced."""
        line = msgspec.json.encode(part)
        with (self.folder / "parts").open("ab") as file:
            file.write(b"%08x %b\n" % (zlib.crc32(line), line))
            file.flush()
            os.fsync(file.fileno())
        self.parts.append(part)

    def forget(self) -> None:
        """Begin anew: no part is there any more."""
        for path in (self.folder / "parts", self.rows):
            _remove(path)
        self.parts.clear()

    def discard(self) -> None:
        """Remove the folder: the output is in its place, or nobody wants it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _locked(self) -> int:
        self.folder.mkdir(exist_ok=True)
        lock = lock_file(self.folder / "lock")
        if lock is None:
            raise StorageError(
                Fault(
                    what="another process is writing these predictions",
                    where=str(self._out),
                    next_step="wait for it, or choose another place with -o",
                )
            )
        return lock

    def _begin(self) -> None:
        told = msgspec.json.encode(self.task)
        place = self.folder / "task"
        if place.is_file() and place.read_bytes() == told:
            self.parts = _read_parts(self.folder / "parts")
            return
        self.was_other = place.exists()
        place.unlink(missing_ok=True)
        self.forget()
        aside = self.folder / "task.partial"
        aside.write_bytes(told)
        aside.replace(place)


def _read_parts(path: Path) -> list[FinishedPart]:
    """The parts that were told whole; a line cut short, and what follows it, is taken out of the file."""
    parts, end = [], 0
    for line in path.read_bytes().splitlines(keepends=True) if path.is_file() else ():
        crc, _, content = line.rstrip(b"\n").partition(b" ")
        if not line.endswith(b"\n") or crc != b"%08x" % zlib.crc32(content):
            break
        parts.append(msgspec.json.decode(content, type=FinishedPart))
        end += len(line)
    if path.is_file():
        os.truncate(path, end)
    return parts


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)

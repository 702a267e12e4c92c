"""`read_cells`: the numbers of every process that counts, or has counted, in a folder.

Counters outlive their process: what the files of ended processes hold is folded into one file, so that a server whose
workers are replaced for years has not as many files. A reader reads the processes' files first and the folded one last,
and leaves out those that it names: so nothing is counted twice, nor missed, while another reader folds.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from hagane.file_lock import lock_file
from hagane.serving.metrics.cells import CAPACITY, HEADER, MAGIC, RECORD, SUFFIX
from hagane.write_aside import write_aside

FOLDED_NAME = "ended.json"


class Series(NamedTuple):
    """One series of one process."""

    family: str
    labels: tuple[tuple[str, str], ...]
    cells: tuple[float, ...]


class ProcessCells(NamedTuple):
    """What one process counted."""

    pid: int
    """0 for all that have ended."""
    is_live: bool
    series: tuple[Series, ...]


class _Folded(msgspec.Struct, frozen=True):
    names: list[str] = []
    series: list[tuple[str, list[tuple[str, str]], list[float]]] = []


def read_cells(folder: Path) -> list[ProcessCells]:
    """The processes that live, and those that have ended as one, last. Files that are no cells are passed over."""
    found = {path.name: read for path in sorted(folder.glob(f"*{SUFFIX}")) if (read := _read(path)) is not None}
    folded = _read_folded(folder / FOLDED_NAME)
    found = {name: read for name, read in found.items() if name not in folded.names}
    ended = {name: read for name, read in found.items() if not read.is_live}
    past = _sum([_as_series(folded), *(read.series for read in ended.values())])
    if ended:
        _fold(folder, folded, ended, past)
    live = [read for read in found.values() if read.is_live]
    return [*live, ProcessCells(0, False, past)] if past else live


def parse_cells(content: bytes, *, is_live: bool = True) -> ProcessCells:
    """The series that the bytes of a file hold. Raises ValueError, struct.error or msgspec's own for no cells."""
    magic, used, pid = HEADER.unpack_from(content)
    if magic != MAGIC or used > len(content):
        raise ValueError("no cells")
    return ProcessCells(pid, is_live, tuple(_records(content, used)))


def _records(content: bytes, used: int) -> Iterator[Series]:
    at = HEADER.size
    while at < used:
        key_bytes, num_cells = RECORD.unpack_from(content, at)
        start = at + RECORD.size + key_bytes
        family, labels = msgspec.json.decode(content[at + RECORD.size : start], type=tuple[str, dict[str, str]])
        at = start + 8 * num_cells
        if at > used:
            raise ValueError("a record ends behind the file")
        yield Series(family, tuple(labels.items()), tuple(memoryview(content)[start:at].cast("d")))


def _read(path: Path) -> ProcessCells | None:
    """None where the file has gone or cannot be read: another reader may have folded it."""
    try:
        with open(path, "rb") as file:
            is_live = _is_locked(file.fileno())
            head = file.read(HEADER.size)
            _, used, _ = HEADER.unpack(head)
            return parse_cells(head + file.read(min(used, CAPACITY)), is_live=is_live)
    except (OSError, ValueError, struct.error, msgspec.MsgspecError):
        return None


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _read_folded(path: Path) -> _Folded:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Folded)
    except (OSError, msgspec.MsgspecError):
        return _Folded()


def _as_series(folded: _Folded) -> tuple[Series, ...]:
    return tuple(Series(family, tuple(labels), tuple(cells)) for family, labels, cells in folded.series)


def _sum(parts: list[tuple[Series, ...]]) -> tuple[Series, ...]:
    total: dict[tuple[str, tuple[tuple[str, str], ...]], list[float]] = {}
    for family, labels, cells in (series for part in parts for series in part):
        kept = total.setdefault((family, labels), [0.0] * len(cells))
        total[family, labels] = [have + more for have, more in zip(kept, cells, strict=False)]
    return tuple(Series(family, labels, tuple(cells)) for (family, labels), cells in total.items())


def _fold(folder: Path, folded: _Folded, ended: dict[str, ProcessCells], past: tuple[Series, ...]) -> None:
    """Write the sum and remove its files, unless another reader does so now, or has done it since we read."""
    lock = lock_file(folder / "fold.lock")
    if lock is None:
        return
    try:
        if _read_folded(folder / FOLDED_NAME) == folded:
            kept = [name for name in folded.names if (folder / name).exists()]
            sums = [(each.family, list(each.labels), list(each.cells)) for each in past]
            write_aside(folder / FOLDED_NAME, msgspec.json.encode(_Folded([*kept, *ended], sums)))
            for name in ended:
                (folder / name).unlink(missing_ok=True)
    except OSError:
        pass  # a disk without room: the files stay, and are read again
    finally:
        with contextlib.suppress(OSError):
            os.close(lock)

"""`Cells`: the numbers of one process, in memory that other processes may read while it counts.

The file is `MAGIC`, how many bytes of it are in use, the process's number, and then one record a series: the length of
its key and the number of its cells (4 bytes each), the key in JSON, padded to 8 bytes, the cells as float64. A record
is written whole before it is counted as used, so that a reader, who needs no lock, sees none by halves. The system's
lock on the file says whether its process lives, whatever number another may have got since.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import secrets
import struct
import threading
from pathlib import Path

import msgspec

MAGIC = b"HGNCELL1"
CAPACITY = 16 * 1024 * 1024
"""Room for some 80,000 series; pages that were never written take no memory."""
SUFFIX = ".cells"
HEADER = struct.Struct("<8sQQ")
RECORD = struct.Struct("<II")


class Cells:
    """Makes series of cells; without a `folder` in memory that no other process sees.

    >>> cells = Cells()
    >>> at = cells.series(["requests", {"status": "2xx"}], 1)
    >>> cells.values[at] += 1.0
    >>> cells.series(["requests", {"status": "2xx"}], 1) == at, cells.values[at]
    (True, 1.0)
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._places: dict[bytes, int] = {}
        self._descriptor = -1
        self.path: Path | None = None
        """The file, where there is one."""
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            self.path = folder / f"{os.getpid()}-{secrets.token_hex(4)}{SUFFIX}"
            self._descriptor = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            os.ftruncate(self._descriptor, CAPACITY)
        self._memory = mmap.mmap(self._descriptor, CAPACITY)
        self._used = HEADER.size
        HEADER.pack_into(self._memory, 0, MAGIC, self._used, os.getpid())
        self.values = memoryview(self._memory).cast("d")
        """Every cell, by its index. `values[at] += x` is no atomic step: of threads only one may count in a series."""

    def series(self, key: object, num_cells: int) -> int:
        """The index of the first cell of the series of that key (any JSON value), all 0 at first.

        When there is no room for more series, all that come share cells that nobody reads.
        """
        name = msgspec.json.encode(key)
        with self._lock:
            if name not in self._places:
                self._places[name] = self._append(name, num_cells)
            return self._places[name]

    def content(self) -> bytes:
        """What a reader would find in the file."""
        return self._memory[: self._used]

    def close(self) -> None:
        """Let go of the file, which stays: from now on its process is as one that has ended."""
        self.values.release()
        self._memory.close()
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def _append(self, name: bytes, num_cells: int) -> int:
        padded = name + b" " * (-len(name) % 8)
        start = self._used + RECORD.size + len(padded)
        end = start + 8 * num_cells
        if end > CAPACITY - 4096:
            return (CAPACITY - 4096) // 8
        RECORD.pack_into(self._memory, self._used, len(padded), num_cells)
        self._memory[self._used + RECORD.size : start] = padded
        self._used = end
        HEADER.pack_into(self._memory, 0, MAGIC, end, os.getpid())
        return start // 8

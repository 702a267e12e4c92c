"""`MappedFile`: a file's bytes; those of a large one where they lie, read when they are looked at."""

from __future__ import annotations

import mmap
import os
from pathlib import Path

MAPPED_BYTES = 1_048_576
"""Smaller files are read."""


class MappedFile:
    """The bytes of the file that is at `path` now, whatever is put there later. Raises OSError.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a"
    ...     _ = path.write_bytes(b"seen")
    ...     mapped = MappedFile(path)
    ...     path.rename(path.with_name("b")) and path.write_bytes(b"anew")
    ...     bytes(mapped.content), mapped.is_at(path), mapped.is_at(path.with_name("b"))
    4
    (b'seen', False, True)
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._stat = os.fstat(file.fileno())
            is_large = self._stat.st_size >= MAPPED_BYTES
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if is_large else file.read()
        self.content = memoryview(content)
        """Its bytes. Those of a large file change if somebody writes into this very file."""

    def is_at(self, path: Path) -> bool:
        """Whether `path` names this file, and it is as it was."""
        try:
            now = os.stat(path)
        except OSError:
            return False
        there = self._stat
        same = (now.st_dev, now.st_ino) == (there.st_dev, there.st_ino)
        return same and (now.st_size, now.st_mtime_ns) == (there.st_size, there.st_mtime_ns)

"""`table_lock`: who reads and who changes a table, among all processes that use the workspace."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PAUSE_SECONDS = 0.005
LONGEST_PAUSE_SECONDS = 0.2


@contextmanager
def table_lock(path: Path, *, shared: bool = False, wait: bool = True) -> Iterator[bool]:
    """Hold the lock of the file at `path`, alone or `shared` with others who share it; whether it could be had.

    The system drops it with the process, however that ends. Without `wait` it is had at once or not at all. Whoever
    holds it alone may remove the file. Raises OSError where the file can be neither opened nor made.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "readers"
    >>> with table_lock(path, shared=True), table_lock(path, shared=True), table_lock(path, wait=False) as alone:
    ...     alone
    False
    """
    descriptor = _take(path, fcntl.LOCK_SH if shared else fcntl.LOCK_EX, wait=wait)
    try:
        yield descriptor is not None
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _take(path: Path, kind: int, *, wait: bool) -> int | None:
    """A descriptor that holds the lock of the file that is now at `path`, which an earlier holder may have removed."""
    pause = PAUSE_SECONDS
    while True:
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
        state = _try(descriptor, path, kind)
        if state == "held":
            return descriptor
        os.close(descriptor)
        if state == "busy":
            if not wait:
                return None
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def _try(descriptor: int, path: Path, kind: int) -> str:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        return "held" if os.fstat(descriptor).st_ino == os.stat(path).st_ino else "removed"
    except BlockingIOError:
        return "busy"
    except FileNotFoundError:
        return "removed"

"""`lock_file`: who may use what a file stands for. The system drops the lock with the process, however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


def lock_file(path: Path) -> int | None:
    """Lock the file, made where it is not there: a descriptor to close, or None where another holds it or removed it.

    Raises OSError where the file can be neither opened nor made.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "lock"
    >>> held = lock_file(path)
    >>> held is not None, lock_file(path) is None
    (True, True)
    >>> os.close(held)
    """
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_ino == os.stat(path).st_ino:
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None

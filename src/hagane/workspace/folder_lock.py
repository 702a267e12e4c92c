"""`lock_folder`: who may use a folder. The system drops the lock with the process, however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

LOCK_SUFFIX = ".lock"


def lock_folder(folder: Path) -> int | None:
    """Lock the file beside `folder`: a descriptor to close, or None where another holds it or has just removed it.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp()) / "run"
    >>> held = lock_folder(folder)
    >>> held is not None, lock_folder(folder) is None
    (True, True)
    >>> os.close(held)
    """
    path = folder.with_name(folder.name + LOCK_SUFFIX)
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_ino == os.stat(path).st_ino:
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None

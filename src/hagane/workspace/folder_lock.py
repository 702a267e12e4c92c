"""`lock_folder`: who may use a folder, by the lock on a file beside it."""

from __future__ import annotations

from pathlib import Path

from hagane.file_lock import lock_file

LOCK_SUFFIX = ".lock"


def lock_folder(folder: Path) -> int | None:
    """Lock the file beside `folder`: a descriptor to close, or None where another holds it or has just removed it.

    >>> import os, tempfile
    >>> folder = Path(tempfile.mkdtemp()) / "run"
    >>> held = lock_folder(folder)
    >>> held is not None, lock_folder(folder) is None
    (True, True)
    >>> os.close(held)
    """
    return lock_file(folder.with_name(folder.name + LOCK_SUFFIX))

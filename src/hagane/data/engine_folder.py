"""The folder of temporary files in which an engine works, which no killed process leaves behind.

Beside it is a file `<folder>.lock`, locked by its owner; the system drops the lock with the process, so that whoever
can take it knows that the owner is gone, and removes both: each new engine does, for all of the machine. The lock is
there before the folder, and goes after it: at no moment can a process end and leave a folder that nobody may remove.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from contextlib import suppress
from pathlib import Path

from hagane.file_lock import lock_file

PREFIX = "hagane-engine-"
LOCK_SUFFIX = ".lock"


def make_engine_folder() -> tuple[Path, int]:
    """A new folder among the system's temporary files, and the descriptor that holds its lock.

    >>> folder, lock = make_engine_folder()
    >>> folder.is_dir()
    True
    >>> discard_engine_folder(folder, lock)
    >>> folder.exists(), folder.with_name(folder.name + LOCK_SUFFIX).exists()
    (False, False)
    """
    parent = Path(tempfile.gettempdir())
    remove_abandoned_folders(parent)
    while True:
        folder = parent / f"{PREFIX}{uuid.uuid4().hex[:12]}"
        if (lock := lock_file(_lock_of(folder))) is not None:  # else taken for abandoned at once
            folder.mkdir(mode=0o700)
            return folder, lock


def discard_engine_folder(folder: Path, lock: int) -> None:
    """Remove the folder, then its lock, while that is held."""
    shutil.rmtree(folder, ignore_errors=True)
    _lock_of(folder).unlink(missing_ok=True)
    os.close(lock)


def remove_abandoned_folders(parent: Path) -> None:
    """Remove those whose owners are gone; other users' are left alone."""
    with suppress(OSError), os.scandir(parent) as entries:
        for entry in entries:
            if entry.name.startswith(PREFIX) and entry.name.endswith(LOCK_SUFFIX):
                with suppress(OSError):
                    _remove_if_abandoned(parent / entry.name.removesuffix(LOCK_SUFFIX))


def _remove_if_abandoned(folder: Path) -> None:
    if (lock := lock_file(_lock_of(folder))) is not None:
        discard_engine_folder(folder, lock)


def _lock_of(folder: Path) -> Path:
    return folder.with_name(folder.name + LOCK_SUFFIX)

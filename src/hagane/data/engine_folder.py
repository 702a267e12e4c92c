"""The folder of temporary files in which an engine works, which no killed process leaves behind for long.

Its owner holds a lock on the file `lock` in it, which the system drops with the process: whoever can take that lock
knows that the owner is gone, and removes the folder. Each new engine does so for all of the machine's.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from hagane.file_lock import lock_file

PREFIX = "hagane-engine-"
LOCK_NAME = "lock"
GRACE_SECONDS = 60
"""How old a folder without a lock must be to be taken for abandoned: one that is being made has none yet."""


def make_engine_folder() -> tuple[Path, int]:
    """A new folder among the system's temporary files, and the descriptor that holds its lock.

    >>> folder, lock = make_engine_folder()
    >>> [path.name for path in folder.iterdir()]
    ['lock']
    >>> discard_engine_folder(folder, lock)
    >>> folder.exists()
    False
    """
    remove_abandoned_folders(Path(tempfile.gettempdir()))
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        with suppress(FileNotFoundError):  # taken for abandoned between the two lines
            if (lock := lock_file(folder / LOCK_NAME)) is not None:
                return folder, lock


def discard_engine_folder(folder: Path, lock: int) -> None:
    """Remove the folder, then let go of its lock."""
    shutil.rmtree(folder, ignore_errors=True)
    os.close(lock)


def remove_abandoned_folders(parent: Path) -> None:
    """Remove those whose owners are gone; other users' are left alone."""
    with suppress(OSError), os.scandir(parent) as entries:
        for entry in entries:
            if entry.name.startswith(PREFIX):
                with suppress(OSError):
                    _remove_if_abandoned(Path(entry.path))


def _remove_if_abandoned(folder: Path) -> None:
    held = folder / LOCK_NAME
    if not held.exists() and time.time() - folder.stat().st_mtime < GRACE_SECONDS:
        return
    if (lock := lock_file(held)) is not None:
        discard_engine_folder(folder, lock)

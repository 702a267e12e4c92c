"""Folders of trainings that may have to go on: they outlive the process, and the same training started again has them.

A run folder is named by what is trained, on what, so that only the very same training finds it. While a process uses
it, it holds the lock beside it; a second run of the same training at the same time gets a folder of its own.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hagane.workspace.folder_lock import LOCK_SUFFIX, lock_folder

KEPT_SECONDS = 14 * 24 * 3600
"""What nobody has gone on with for so long is removed by the next training."""


@contextmanager
def run_folder(parent: Path, key: str) -> Iterator[Path]:
    """The folder of the run `key` under `parent`, as the last run left it. `remove_run` it when nothing is to go on.

    >>> import tempfile
    >>> parent = Path(tempfile.mkdtemp())
    >>> with run_folder(parent, "a1") as folder, run_folder(parent, "a1") as other:
    ...     print(folder.name, other.name)
    a1 a1-2
    """
    parent.mkdir(parents=True, exist_ok=True)
    _remove_old(parent)
    number = 1
    while (lock := lock_folder(folder := parent / (key if number == 1 else f"{key}-{number}"))) is None:
        number += 1
    try:
        folder.mkdir(exist_ok=True)
        yield folder
    finally:
        if folder.is_dir():
            os.utime(folder)
        os.close(lock)


def remove_run(folder: Path) -> None:
    """There is nothing to go on with: the model is made, or cannot be."""
    shutil.rmtree(folder, ignore_errors=True)


def _remove_old(parent: Path) -> None:
    for lock_file in parent.glob(f"*{LOCK_SUFFIX}"):
        folder = lock_file.with_suffix("")
        lock = lock_folder(folder)
        if lock is None:
            continue
        is_old = not folder.is_dir() or time.time() - folder.stat().st_mtime > KEPT_SECONDS
        if is_old:
            remove_run(folder)
            lock_file.unlink(missing_ok=True)
        os.close(lock)

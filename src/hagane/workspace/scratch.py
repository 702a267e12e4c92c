"""Folders for temporary data, removed when their owner ends, however it ends.

A scratch folder `<id>` lives beside a file `<id>.lock` that its owner holds locked (flock). The system drops the lock
with the process, so whoever can take it knows that the owner is gone and may remove the folder.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hagane.workspace.folder_lock import LOCK_SUFFIX, lock_folder


@contextmanager
def scratch_folder(parent: Path, prefix: str = "run") -> Iterator[Path]:
    """A new empty folder under `parent`, removed at the end; folders that a killed process left there go, too."""
    parent.mkdir(parents=True, exist_ok=True)
    collect_stale(parent)
    folder, descriptor = _claim(parent, prefix)
    try:
        folder.mkdir()
        yield folder
    finally:
        _discard(folder, descriptor)


def collect_stale(parent: Path) -> list[Path]:
    """Remove every scratch folder under `parent` whose owner is gone; the folders removed."""
    ids = {entry.name.removesuffix(LOCK_SUFFIX) for entry in parent.iterdir()} if parent.is_dir() else set()
    removed = []
    for folder in sorted(parent / each for each in ids):
        descriptor = lock_folder(folder)
        if descriptor is not None:
            _discard(folder, descriptor)
            removed.append(folder)
    return removed


def _claim(parent: Path, prefix: str) -> tuple[Path, int]:
    """A folder's path that nobody has, and its lock."""
    while True:
        folder = parent / f"{prefix}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        descriptor = lock_folder(folder)
        if descriptor is not None:
            return folder, descriptor


def _discard(folder: Path, descriptor: int) -> None:
    """Remove the folder, then its lock, while the lock is held."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.with_name(folder.name + LOCK_SUFFIX).unlink(missing_ok=True)
    os.close(descriptor)

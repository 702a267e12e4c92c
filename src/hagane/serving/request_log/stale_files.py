"""`remove_stale_files`: what a writer that was killed left half written."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

STALE_SECONDS = 300
"""A file that was not touched for so long is being written by nobody, on this machine or another."""
_PARTIAL = re.compile(r"\..*\.partial-(\d+)")


def remove_stale_files(folder: Path, *, of_dead: bool = False) -> int:
    """Remove unfinished files that nobody writes any more; how many there were. Raises OSError.

    With `of_dead` also young ones, where no process of this machine has their writer's number.
    """
    partial = [path for path in folder.iterdir() if _PARTIAL.fullmatch(path.name)] if folder.is_dir() else []
    stale = [path for path in partial if _is_old(path) or (of_dead and _is_dead(path.name))]
    for path in stale:
        path.unlink(missing_ok=True)
    return len(stale)


def _is_old(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > STALE_SECONDS
    except FileNotFoundError:
        return False


def _is_dead(name: str) -> bool:
    found = _PARTIAL.fullmatch(name)
    assert found is not None
    try:
        os.kill(int(found[1]), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False

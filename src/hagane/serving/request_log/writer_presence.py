"""Which processes write to a log: an erasure has to wait for what they hold in memory."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hagane.serving.request_log.log_folder import LogFolder, make_private


@contextmanager
def writer_presence(folder: LogFolder, flush_seconds: float) -> Iterator[None]:
    """Say, for the `with` block, that this process writes, and after how long what it holds is on the disk.

    The file's lock goes with the process, however it ends. Raises OSError.
    """
    path = _writers(folder) / secrets.token_hex(8)
    make_private(path.parent)
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.write(descriptor, repr(flush_seconds).encode())
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def longest_flush_seconds(folder: LogFolder) -> float | None:
    """After how long all that writers hold now is on the disk; None where nobody writes. Raises OSError."""
    paths = list(_writers(folder).iterdir()) if _writers(folder).is_dir() else []
    return max((seconds for path in paths if (seconds := _seconds(path)) is not None), default=None)


def _seconds(path: Path) -> float | None:
    """None for what a killed process left, which is removed."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        with contextlib.suppress(ValueError):
            return float(os.read(descriptor, 100))
        return 0.0  # it has just begun, and holds nothing
    else:
        path.unlink(missing_ok=True)
        return None
    finally:
        os.close(descriptor)


def _writers(folder: LogFolder) -> Path:
    return folder.path / "writers"

"""`log_lock`: many may read an endpoint's log at once; who merges, deletes or erases is alone."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from hagane.serving.request_log.log_folder import LogFolder, make_private


@contextmanager
def log_lock(folder: LogFolder, *, alone: bool = False, wait: bool = True) -> Iterator[bool]:
    """Hold the log's lock in the `with` block: shared, or `alone`. False where others hold it and `wait` is false.

    Who adds files needs no lock: none is taken away, and none is seen before it is whole. The system drops the lock
    with the process, however it ends. Raises OSError.
    """
    make_private(folder.path)
    descriptor = os.open(folder.lock_path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        os.close(descriptor)
        yield False
        return
    try:
        yield True
    finally:
        os.close(descriptor)

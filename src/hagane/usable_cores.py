"""`usable_cores`: how many cores this process may use, which may be fewer than the machine has."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_limit: ContextVar[int] = ContextVar("core_limit", default=0)


def usable_cores() -> int:
    """At least 1.

    >>> 1 <= usable_cores() <= (os.cpu_count() or 1)
    True
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, _limit.get() or cores)


@contextmanager
def limited_cores(limit: int) -> Iterator[None]:
    """Within it no more than `limit` cores are usable (0: as before), for what this thread begins.

    >>> with limited_cores(1):
    ...     usable_cores()
    1
    """
    token = _limit.set(limit or _limit.get())
    try:
        yield
    finally:
        _limit.reset(token)

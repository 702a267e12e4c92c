"""`usable_cores`: how many cores this process may use, which may be fewer than the machine has."""

from __future__ import annotations

import os


def usable_cores() -> int:
    """At least 1.

    >>> 1 <= usable_cores() <= (os.cpu_count() or 1)
    True
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

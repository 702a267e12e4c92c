"""`rare_collections`: Python's collector of cyclic garbage kept from the way of requests."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

ALLOCATIONS = 50_000
"""Objects made and not freed between two collections: some hundred requests that wait at once, not the usual one."""


@contextlib.contextmanager
def rare_collections() -> Iterator[None]:
    """What is there now is never looked at again, and new objects seldom: for a process that serves and no more.

    A request leaves no cycles behind, so there is nothing to collect; but with the usual threshold the collector
    walks over what is in flight after each few dozen requests, and now and then over the whole program.
    """
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(ALLOCATIONS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()

"""`slow_phase`: a stage that is told of only if it takes a while, so that quick statements stay quiet."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from hagane.progress import Phase, Progress

SECONDS = 1.0


@contextmanager
def slow_phase(progress: Progress, name: str, *, seconds: float = SECONDS) -> Iterator[None]:
    """Tell `progress` of the stage `name` once it has taken `seconds`.

    >>> from hagane.progress import SILENT
    >>> with slow_phase(SILENT, "run the query"):
    ...     pass
    """
    lock, begun = threading.Lock(), list[Phase]()
    is_over = False

    def begin() -> None:
        with lock:
            if not is_over:
                begun.append(progress.phase(name, total=None))
                begun[0].__enter__()

    timer = threading.Timer(seconds, begin)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        with lock:
            is_over = True
        for phase in begun:
            phase.__exit__(*sys.exc_info())

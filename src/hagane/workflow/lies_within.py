"""`lies_within`: whether all rows of a log's file are those of one window."""

from __future__ import annotations

from pathlib import Path

from hagane.monitoring.windows import Window
from hagane.serving.request_log.log_folder import HOUR_MICROSECONDS, hour_of


def lies_within(file: Path, window: Window) -> bool:
    """Whether all of the hour, by whose folder it is known, is the window's.

    >>> lies_within(Path("requests/dt=1970-01-01/hh=01/w.parquet"), Window(0, 2 * HOUR_MICROSECONDS))
    True
    """
    hour = hour_of(file.parent)
    if hour is None:
        return False
    start = hour * HOUR_MICROSECONDS
    return window.start <= start and start + HOUR_MICROSECONDS <= window.end

"""`maintain`: what is done to a log now and then: old hours go, the small files of past hours are merged."""

from __future__ import annotations

import logging
import time
from pathlib import Path

from hagane.errors import DataError
from hagane.serving.request_log.compact import compact_hour
from hagane.serving.request_log.log_folder import KINDS, LogFolder
from hagane.serving.request_log.log_lock import log_lock
from hagane.serving.request_log.log_options import LogOptions
from hagane.serving.request_log.retention import expire, first_open_hour
from hagane.serving.request_log.stale_files import remove_stale_files

_LOG = logging.getLogger("hagane.serving")


def maintain(folder: LogFolder, options: LogOptions, *, wait: bool = False) -> int | None:
    """How many bytes the log takes then; None where others work on it and `wait` is false. Raises OSError."""
    with log_lock(folder, alone=True, wait=wait) as is_held:
        if not is_held:
            return None
        now = time.time()
        expired = expire(folder, options, now)
        open_hour = first_open_hour(now)
        for kind in KINDS:
            for hour, path in folder.hours(kind).items():
                remove_stale_files(path)
                if hour < open_hour:
                    _compact(path)
        return expired.left_bytes


def _compact(hour: Path) -> None:
    """A damaged file keeps its hour from being merged, and no other."""
    try:
        compact_hour(hour)
    except (ValueError, DataError) as error:  # pyarrow raises ValueError for what is no Parquet
        _LOG.warning("the hour %s of the request log is left as it is, a file in it is damaged: %s", hour, error)

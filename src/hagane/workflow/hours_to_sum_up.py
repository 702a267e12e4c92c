"""`hours_to_sum_up`: the hours of a log that are over, and of which more is known now than is kept."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq

from hagane.monitoring.windows import Window, Windows
from hagane.serving.request_log.log_folder import HOUR_MICROSECONDS, Kind, LogFolder
from hagane.serving.request_log.log_lock import log_lock
from hagane.workspace.window_summaries import Kept, WindowSummaries

COUNTED: tuple[Kind, ...] = ("requests", "arrivals")
"""What an hour is summed up from: where every request was refused there are no rows, and counts all the same."""


def hours_to_sum_up(
    folder: LogFolder, summaries: WindowSummaries, hours: Windows, now: int
) -> tuple[list[tuple[Window, int]], list[Window]]:
    """The hours, the earliest first, and how many rows their files hold now; then those that cannot be any more.

    Of an hour that was thinned out nothing is left but the day's sum, so late rows make all hours of its day be summed
    up again: which cannot be where the log has lost one of them.
    """
    kept = summaries.kept(hours.series)
    logged = _logged(folder, hours)
    due = {
        window: num_logged
        for window, num_logged in logged.items()
        if window.end <= now and (window.start not in kept or kept[window.start].num_logged < num_logged)
    }
    lost = []
    for window in [each for each in due if each.start in kept and kept[each.start].is_thinned]:
        day = Windows("day", hours.time_zone).of(window.start)
        again = [each for each in kept.values() if each.is_thinned and day.start <= each.start < day.end]
        whole = {Window(each.start, each.until): _now(logged, each) for each in again}
        if all(whole.values()):
            due |= whole
        else:
            del due[window]
            lost.append(window)
    return sorted(due.items()), lost


def _now(logged: dict[Window, int], kept: Kept) -> int:
    """Rows of an hour in the log; 0 where it no longer holds all that were summed up."""
    num_logged = logged.get(Window(kept.start, kept.until), 0)
    return num_logged if num_logged >= kept.num_logged else 0


def _logged(folder: LogFolder, hours: Windows) -> dict[Window, int]:
    """Rows of the files that have a part in each hour: of a zone half an hour off UTC those of two files."""
    if not folder.path.is_dir():
        return {}
    logged: dict[Window, int] = {}
    with log_lock(folder):
        for hour in sorted({hour for kind in COUNTED for hour in folder.hours(kind)}):
            start = hour * HOUR_MICROSECONDS
            num_rows = sum(logged_rows(folder, hour, kind) for kind in COUNTED)
            for window in hours.between(start, start + HOUR_MICROSECONDS):
                logged[window] = logged.get(window, 0) + num_rows
    return {window: num_rows for window, num_rows in logged.items() if num_rows}


def logged_rows(folder: LogFolder, hour: int, kind: Kind = "requests") -> int:
    """Rows of an hour's files, by their footers. Hold the lock. A damaged file has none: reading it tells."""
    total = 0
    for file in folder.files(kind, since=hour, until=hour + 1):
        try:
            total += int(pq.read_metadata(file).num_rows)
        except (pa.ArrowInvalid, OSError):
            total += 1
    return total

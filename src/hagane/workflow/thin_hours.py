"""`thin_hours`: old hours are let go, their days are kept."""

from __future__ import annotations

from collections.abc import Sequence

from hagane.monitoring.windows import Window, Windows
from hagane.workflow.merge_windows import merge_windows
from hagane.workspace.window_summaries import WindowSummaries

DAY_MICROSECONDS = 86_400_000_000


def thin_hours(
    summaries: WindowSummaries, hours: Windows, *, now: int, keep_days: int, without: Sequence[Window] = ()
) -> int:
    """Let the hours go of every day that ended more than `keep_days` days before the last hour; how many they were.

    A day of hours costs as much as 24 days. None goes before its day is kept: what ends the process in between costs
    nothing but room. It is the last hour that counts, and not `now` (µs): a log of old rows, or a clock that is wrong,
    lets nothing go. Raises StorageError, DataError.
    """
    kept_hours = list(summaries.kept(hours.series, until=now).values())
    last = kept_hours[-1].until - keep_days * DAY_MICROSECONDS if kept_hours else 0
    old = [each for each in kept_hours if each.until <= last and not each.is_thinned]
    if not old:
        return 0
    days = Windows("day", hours.time_zone)
    merge_windows(summaries, days, now=last, without=without)
    kept = list(summaries.kept(days.series, since=days.of(old[0].start).start).values())
    held = [
        hour.start
        for day in kept
        if day.until <= last
        for hour in old
        if day.start <= hour.start < day.until and hour.revision < day.revision
    ]
    if held:
        summaries.thin(hours.series, held)
    return len(held)

"""`lost_hours`: what was deleted from a log before it was summed up."""

from __future__ import annotations

from hagane.monitoring.windows import Window, Windows
from hagane.serving.request_log.log_folder import HOUR_MICROSECONDS, LogFolder
from hagane.serving.request_log.retention import last_cleaned
from hagane.workspace.window_summaries import WindowSummaries


def lost_hours(folder: LogFolder, summaries: WindowSummaries, hours: Windows) -> str:
    """What is to be told of it; nothing where all that was deleted is kept, or was before anything was watched."""
    cleaned = last_cleaned(folder)
    kept = list(summaries.kept(hours.series).values())
    if cleaned is None or not kept:
        return ""
    end = (cleaned + 1) * HOUR_MICROSECONDS
    before = [each for each in kept if each.start < end]
    if not before or before[-1].until > end - HOUR_MICROSECONDS:
        return ""
    return (
        f"the log was cleaned up to {_text(end, hours)} before all of it was summed up: rows that came after"
        f" {_text(before[-1].until, hours)} are missing; monitor more often than the log is cleaned (--every 1h)"
    )


def _text(moment: int, hours: Windows) -> str:
    return hours.text(Window(moment, moment + 1))

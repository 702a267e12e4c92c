"""`period_summary`: all that is kept of a stretch of time, merged."""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from hagane.monitoring.merge_models import merge_models
from hagane.monitoring.window_summary import WindowSummary
from hagane.monitoring.windows import Window, Windows
from hagane.workflow.merge_windows import merge_summaries
from hagane.workspace.window_summaries import WindowSummaries


class Period(NamedTuple):
    """A stretch of time, whoever answered in it."""

    summary: WindowSummary | None
    """None where nothing is kept of it."""
    models: tuple[str, ...]
    """`late@3`: who answered, in order of their deployed model's name."""
    num_pieces: int
    """Months, days and hours that were merged."""
    num_hours_left_out: int
    """Hours with rows of which only the day's sum is kept, and the day has a part outside."""


def period_summary(summaries: WindowSummaries, time_zone: str, period: Window) -> Period:
    """Of the hours that lie wholly in it: out of months where they are there, then days, then hours.

    The pieces are those that `summarise_log` left; nothing is read but them. Raises StorageError, DataError.
    """
    pieces: list[tuple[int, int, str]] = []
    for every in ("month", "day", "hour"):
        series = Windows(every, time_zone).series
        kept = summaries.kept(series, period.start, period.end).values()
        covered = sorted(pieces)
        pieces += [
            (each.start, each.until, series)
            for each in kept
            if each.until <= period.end and not each.is_thinned and not _is_in(each.start, covered)
        ]
    covered = sorted(pieces)
    hours = summaries.kept(Windows("hour", time_zone).series, period.start, period.end).values()
    left_out = sum(each.is_thinned and each.num_logged > 0 and not _is_in(each.start, covered) for each in hours)
    found = [each for start, _, series in covered for each in summaries.of(series, start)]
    by_model = merge_summaries(found, period)
    names = dict.fromkeys(f"{each.model}@{each.version}" for each in by_model)
    return Period(merge_models(by_model), tuple(names), len(covered), left_out)


def _is_in(start: int, covered: list[tuple[int, int, str]]) -> bool:
    """Whether a piece that begins there lies in one of those that are taken already, which do not overlap."""
    place = bisect_right(covered, start, key=lambda piece: piece[0]) - 1
    return place >= 0 and start < covered[place][1]

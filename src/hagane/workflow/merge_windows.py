"""`merge_windows`: longer windows made of the shorter ones that are kept, without a row of the log."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

import msgspec

from hagane.monitoring.window_summary import WindowSummary
from hagane.monitoring.windows import Window, Windows
from hagane.progress import SILENT, Progress
from hagane.workspace.window_summaries import Kept, WindowSummaries


def merge_windows(
    summaries: WindowSummaries,
    windows: Windows,
    *,
    now: int,
    without: Sequence[Window] = (),
    progress: Progress = SILENT,
) -> list[Window]:
    """Make every window that is over by `now` (µs) and of whose parts one is newer than it; those that were.

    Counts, extremes and sums are those of the rows, sketches are within their stated errors. A window that holds an
    hour of `without` waits for it. Raises StorageError, DataError.
    """
    parts = windows.parts
    if parts is None:
        return []
    if parts.parts is not None:
        merge_windows(summaries, parts, now=now, without=without, progress=progress)
    kept = summaries.kept(windows.series)
    due = [
        (window, each)
        for window, each in _groups(windows, list(summaries.kept(parts.series).values()))
        if window.end <= now and _is_newer(each, kept.get(window.start))
        if not any(window.start <= missing.start < window.end for missing in without)
    ]
    with progress.phase(f"merge {windows.plural}", total=len(due), unit="windows") as phase:
        for window, each in due:
            merged = merge_summaries(summaries.between(parts.series, window.start, window.end), window)
            summaries.put(windows.series, window, sum(part.num_logged for part in each), merged)
            phase.advance(1)
    return [window for window, _ in due]


def merge_summaries(found: Sequence[WindowSummary], window: Window) -> list[WindowSummary]:
    """One for each deployed model, of all that it has in the window."""
    merged: dict[str, WindowSummary] = {}
    for each in found:
        before = merged.get(each.deployed_model_id)
        merged[each.deployed_model_id] = before.merge(each) if before else each
    return [msgspec.structs.replace(merged[name], window=window) for name in sorted(merged)]


def _groups(windows: Windows, parts: Sequence[Kept]) -> Iterator[tuple[Window, Sequence[Kept]]]:
    """The windows that have any part, and their parts."""
    starts, place = [part.start for part in parts], 0
    while place < len(parts):
        window = windows.of(starts[place])
        after = bisect_left(starts, window.end)
        yield window, parts[place:after]
        place = after


def _is_newer(parts: Sequence[Kept], kept: Kept | None) -> bool:
    """Whether there is something to merge, and something to merge it of."""
    if any(part.is_thinned for part in parts):
        return False
    return kept is None or any(part.revision > kept.revision for part in parts)

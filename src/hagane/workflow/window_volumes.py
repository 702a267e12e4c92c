"""`WindowVolumes`: how much came to an endpoint in each window, and how much is usual."""

from __future__ import annotations

from functools import cached_property

from hagane.monitoring.reference import Volume
from hagane.monitoring.usual_volume import usual_volume
from hagane.monitoring.window_summary import WindowSummary
from hagane.monitoring.windows import Windows
from hagane.workspace.window_summaries import WindowSummaries

MOST_WINDOWS = 60
"""So far back the history is looked at."""


class WindowVolumes:
    """Of one endpoint; the history is read once, when it is first asked for."""

    def __init__(self, summaries: WindowSummaries, windows: Windows) -> None:
        self._summaries, self._windows = summaries, windows

    def of(self, summary: WindowSummary) -> Volume | None:
        """Told with the model that had most of the window's traffic; None for others, and without enough history."""
        start = summary.window.start
        models = self._rows.get(start, {})
        if not models or max(sorted(models), key=lambda name: models[name]) != summary.deployed_model_id:
            return None
        usual = usual_volume(self._totals, start, self._windows)
        if usual is None:
            return None
        total = self._totals[start]
        return Volume(num_rows=total, low=usual.low, high=usual.high, fraction=usual.fraction(total))

    @cached_property
    def _rows(self) -> dict[int, dict[str, float]]:
        """Start → deployed model → rows."""
        found: dict[int, dict[str, float]] = {}
        if self._windows.num_rows is None:
            for summary in self._summaries.latest(self._windows.series, MOST_WINDOWS):
                came = summary.arrivals
                num_rows = summary.traffic if came is None else float(max(came.num_rows, summary.num_rows))
                found.setdefault(summary.window.start, {})[summary.deployed_model_id] = num_rows
        return found

    @cached_property
    def _totals(self) -> dict[int, float]:
        return {start: sum(models.values()) for start, models in self._rows.items()}

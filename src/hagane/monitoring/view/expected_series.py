"""`expected_series`: how good answers are to be expected, where it was estimated and held against nothing."""

from __future__ import annotations

from collections.abc import Sequence

from hagane.monitoring.quality.expected_quality import method_of
from hagane.monitoring.view.series import Series
from hagane.monitoring.window_findings import WindowFindings

METRICS = ("accuracy", "root_mean_squared_error")
"""Of a classifier, of a regressor."""
EXPECTED = "expected_"
"""How the names of estimates begin."""


def expected_series(windows: Sequence[WindowFindings]) -> list[Series]:
    """The first metric, with its interval; no threshold. Empty where there is none."""
    estimated = [window.summary.expected for window in windows]
    metrics = [each.metrics() if each else {} for each in estimated]
    metric = next((name for name in METRICS if any(name in each for each in metrics)), "")
    if not metric:
        return []
    found = [each.get(metric) for each in metrics]
    method = method_of(next(each for each in estimated if each))
    nothing = (None,) * len(found)
    return [
        Series(
            place=f"quality/{EXPECTED}{metric}/{method}",
            of="quality",
            name=f"{EXPECTED}{metric}",
            measure=method,
            values=tuple(round(each.value, 5) if each else None for each in found),
            lows=tuple(round(each.low, 5) if each else None for each in found),
            highs=tuple(round(each.high, 5) if each else None for each in found),
            thresholds=nothing,
            excesses=nothing,
            latest=max(at for at, each in enumerate(found) if each),
        )
    ]

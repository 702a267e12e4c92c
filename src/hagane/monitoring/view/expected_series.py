"""`expected_series`: how good answers are to be expected, where it was estimated and held against nothing."""

from __future__ import annotations

from collections.abc import Sequence

from hagane.monitoring.view.series import Series
from hagane.monitoring.window_findings import WindowFindings

METRIC = "accuracy"


def expected_series(windows: Sequence[WindowFindings]) -> list[Series]:
    """The expected accuracy of a binary classifier, with its interval; no threshold. Empty where there is none."""
    found = [window.summary.expected.metrics().get(METRIC) if window.summary.expected else None for window in windows]
    if not any(found):
        return []
    nothing = (None,) * len(found)
    return [
        Series(
            place=f"quality/expected_{METRIC}/CBPE",
            of="quality",
            name=f"expected_{METRIC}",
            measure="CBPE",
            values=tuple(round(each.value, 5) if each else None for each in found),
            lows=tuple(round(each.low, 5) if each else None for each in found),
            highs=tuple(round(each.high, 5) if each else None for each in found),
            thresholds=nothing,
            excesses=nothing,
            latest=max(at for at, each in enumerate(found) if each),
        )
    ]

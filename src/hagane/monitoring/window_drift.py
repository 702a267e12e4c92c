"""`WindowDrift`: how far one window's columns lie from a baseline, and what was seen of each."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from hagane.monitoring.distribution import Categories, Distribution
from hagane.monitoring.feature_drift import FeatureDrift
from hagane.monitoring.measures import get_measure
from hagane.monitoring.measures.l_infinity import changed_shares
from hagane.monitoring.paired_distributions import paired_distributions
from hagane.monitoring.window_summary import WindowSummary
from hagane.spec.monitoring import Monitoring
from hagane.statistics.statistics import Statistics


class ColumnDrift(msgspec.Struct, frozen=True, kw_only=True):
    """One column of the window beside the baseline."""

    drift: FeatureDrift
    change: str
    """What has changed most, in words: `mean 12.1 → 15.4`, `'card' 40 % → 62 %`."""


class WindowDrift(msgspec.Struct, frozen=True, kw_only=True):
    """One window of one deployed model."""

    summary: WindowSummary
    is_judged: bool
    """Whether it has the rows that judging wants (`Monitoring.min_rows`)."""
    columns: tuple[ColumnDrift, ...]
    """Those that the baseline has, too, and that can be compared."""

    @property
    def drifted(self) -> tuple[ColumnDrift, ...]:
        """The columns that have moved too far."""
        return tuple(column for column in self.columns if self.is_judged and column.drift.is_anomaly)


def window_drift(
    baseline: Statistics, summary: WindowSummary, monitoring: Monitoring, *, predictions: bool = False
) -> WindowDrift:
    """The raw columns of the window against those of `baseline`; with `predictions` the answers instead.

    Left out is what cannot be compared: columns that one side has not, pseudonyms beside values, times, arrays.
    """
    study = summary.predictions if predictions else summary.inputs
    found = []
    for column in study:
        if column.name not in baseline or (column.name in summary.hashed and not predictions):
            continue
        both = paired_distributions(baseline[column.name], column)
        if both is None:
            continue
        before, after = both
        is_text = isinstance(before, Categories)
        metric = (monitoring.categorical if is_text else monitoring.numeric).upper()
        value = get_measure(metric)(before, after)
        if value is not None:
            threshold = monitoring.threshold_of(column.name)
            drift = FeatureDrift(input=column.name, metric=metric, threshold=threshold, value=value)
            sides = {"before": baseline[column.name].mean, "after": column.mean}
            found.append(ColumnDrift(drift=drift, change=_change(before, after, sides)))
    return WindowDrift(summary=summary, is_judged=summary.num_rows >= monitoring.min_rows, columns=tuple(found))


def _change(before: Distribution, after: Distribution, means: Mapping[str, float | None]) -> str:
    """Of categories the share that has changed most, of numbers the mean."""
    if isinstance(before, Categories) and isinstance(after, Categories):
        changes = changed_shares(before, after)
        if not changes:
            return ""
        value = max(changes, key=lambda change: change[1])[0]
        shares = (100 * side.counts.get(value, 0.0) / (side.total or 1.0) for side in (before, after))
        return f"'{value}' " + " → ".join(f"{share:.3g} %" for share in shares)
    if means["before"] is None or means["after"] is None:
        return ""
    return f"mean {means['before']:.4g} → {means['after']:.4g}"

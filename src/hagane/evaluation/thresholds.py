"""What thresholds give: a table of them, and the one suggested for an aim."""

from __future__ import annotations

import numpy as np

from hagane.evaluation.evaluation import SuggestedThreshold, ThresholdMetrics
from hagane.evaluation.stored_ranking import counted_at
from hagane.metrics.best_threshold import Aim, best_threshold
from hagane.metrics.binary_counts import BinaryCounts
from hagane.metrics.ranked_counts import RankedCounts
from hagane.metrics.undefined import Undefined

TABLE_THRESHOLDS = tuple(tenths / 10 for tenths in range(1, 10))


def threshold_metrics(ranked: RankedCounts, threshold: float) -> ThresholdMetrics:
    """Counts and ratios at `threshold`, read from the ranking."""
    called = int(np.searchsorted(-ranked.thresholds, -threshold, side="right"))
    hits = int(ranked.true_positives[called - 1]) if called else 0
    false = int(ranked.false_positives[called - 1]) if called else 0
    counts = BinaryCounts(hits, false, ranked.num_negatives - false, ranked.num_positives - hits)
    return counted_at(threshold, counts)


def suggest_threshold(ranked: RankedCounts, aim: Aim, aim_value: float) -> SuggestedThreshold:
    """The best threshold for `aim` and what it gives, or the reason why there is none."""
    best = best_threshold(ranked, aim, aim_value)
    if isinstance(best, Undefined):
        return SuggestedThreshold(aim=aim, aim_value=aim_value, gives=None, reason=best.reason)
    gives = threshold_metrics(ranked, float(ranked.thresholds[best]))
    return SuggestedThreshold(aim=aim, aim_value=aim_value, gives=gives)


def threshold_table(ranked: RankedCounts, *others: float) -> tuple[ThresholdMetrics, ...]:
    """Every tenth, and the `others`, rising."""
    return tuple(threshold_metrics(ranked, each) for each in sorted({*TABLE_THRESHOLDS, *others}))

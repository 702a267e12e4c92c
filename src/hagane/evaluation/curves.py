"""Curves of a binary classifier, thinned to what a picture needs.

The rule: the two ends stay, and between them the points nearest to evenly spaced positions are kept, 200 in all; the
position along a ROC curve is false positive rate + recall (its length in city blocks), along a precision-recall curve
the recall.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hagane.evaluation.evaluation import CalibrationBin, Curve
from hagane.metrics.best_threshold import precisions, recalls
from hagane.metrics.calibration import ReliabilityBins
from hagane.metrics.ranked_counts import RankedCounts

MAX_POINTS = 200
Doubles = npt.NDArray[np.float64]


def thinned(positions: Doubles, num_points: int = MAX_POINTS) -> npt.NDArray[np.int64]:
    """Indices of the points to keep, for rising `positions` [k].

    >>> thinned(np.array([0.0, 0.1, 0.2, 0.9, 1.0]), 3).tolist()
    [0, 2, 4]
    """
    if len(positions) <= num_points:
        return np.arange(len(positions))
    wanted = np.linspace(positions[0], positions[-1], num_points)
    right = np.clip(np.searchsorted(positions, wanted), 1, len(positions) - 1)
    nearer_left = wanted - positions[right - 1] <= positions[right] - wanted
    return np.unique(np.concatenate(([0], (right - nearer_left)[1:-1], [len(positions) - 1])))


def roc_curve(ranked: RankedCounts) -> Curve | None:
    """From (0, 0) to (1, 1); None where every label is the same."""
    if not ranked.num_positives or not ranked.num_negatives:
        return None
    x = np.concatenate(([0.0], ranked.false_positives / ranked.num_negatives))
    y = np.concatenate(([0.0], recalls(ranked)))
    kept = thinned(x + y)
    thresholds = [None if i == 0 else float(ranked.thresholds[i - 1]) for i in kept.tolist()]
    return _curve(x[kept], y[kept], thresholds, len(x))


def pr_curve(ranked: RankedCounts) -> Curve | None:
    """Precision at each recall, from the highest threshold to the lowest; None where no label is positive."""
    if not ranked.num_positives:
        return None
    x, y = recalls(ranked), precisions(ranked)
    kept = thinned(x)
    return _curve(x[kept], y[kept], ranked.thresholds[kept].tolist(), len(x))


def calibration_bins(bins: ReliabilityBins) -> tuple[CalibrationBin, ...]:
    """The reliability bins as plain data."""
    columns = (bins.lower, bins.upper, bins.counts, bins.mean_score, bins.observed)
    return tuple(
        CalibrationBin(lower=lower, upper=upper, num_rows=count, mean_score=mean, observed=observed)
        for lower, upper, count, mean, observed in zip(*(column.tolist() for column in columns), strict=True)
    )


def _curve(x: Doubles, y: Doubles, thresholds: list[float | None], num_points: int) -> Curve:
    return Curve(x=tuple(x.tolist()), y=tuple(y.tolist()), thresholds=tuple(thresholds), num_points=num_points)

"""The threshold that is best for a stated aim, exact over all distinct scores, from one sort."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt

from hagane.metrics.ranked_counts import RankedCounts
from hagane.metrics.undefined import Undefined

Aim = Literal["f1_score", "accuracy", "precision_at_recall", "recall_at_precision", "youden"]
Objective = npt.NDArray[np.number]


def best_threshold(ranked: RankedCounts, aim: Aim, aim_value: float = 0.5) -> int | Undefined:
    """The index into `ranked.thresholds` of the best threshold for `aim`.

    `precision_at_recall` asks for the most precision where recall >= `aim_value`, `recall_at_precision` for the most
    recall where precision >= `aim_value`; `youden` maximises recall - false positive rate (Youden, 1950). Every
    candidate calls at least one row positive. Of equally good thresholds the highest is taken, except that
    `precision_at_recall` takes the lowest, which finds more rows at the same precision.

    >>> from hagane.metrics.ranked_counts import ranked_counts
    >>> ranked = ranked_counts(np.array([True, False, True, False]), np.array([0.9, 0.7, 0.6, 0.2]))
    >>> float(ranked.thresholds[best_threshold(ranked, "f1_score")])
    0.6
    """
    if not ranked.num_positives:
        return Undefined("no label is positive")
    if aim == "youden" and not ranked.num_negatives:
        return Undefined("no label is negative")
    worth = _OBJECTIVES[aim](ranked, aim_value)
    if not np.any(worth >= 0) and aim == "recall_at_precision":
        return Undefined(f"no threshold reaches a precision of {aim_value:g}")
    if not np.any(worth >= 0) and aim == "precision_at_recall":
        return Undefined(f"no threshold reaches a recall of {aim_value:g}")
    best = np.flatnonzero(worth == np.max(worth))
    return int(best[-1] if aim == "precision_at_recall" else best[0])


def precisions(ranked: RankedCounts) -> npt.NDArray[np.float64]:
    """[k] precision at each threshold."""
    return ranked.true_positives / (ranked.true_positives + ranked.false_positives)


def recalls(ranked: RankedCounts) -> npt.NDArray[np.float64]:
    """[k] recall at each threshold; there must be a positive label."""
    return ranked.true_positives / ranked.num_positives


def _f1_score(ranked: RankedCounts, _: float) -> Objective:
    return 2 * ranked.true_positives / (ranked.true_positives + ranked.false_positives + ranked.num_positives)


def _accuracy(ranked: RankedCounts, _: float) -> Objective:
    return ranked.true_positives - ranked.false_positives


def _precision_at_recall(ranked: RankedCounts, least: float) -> Objective:
    return np.where(recalls(ranked) >= least, precisions(ranked), -1.0)


def _recall_at_precision(ranked: RankedCounts, least: float) -> Objective:
    return np.where(precisions(ranked) >= least, recalls(ranked), -1.0)


def _youden(ranked: RankedCounts, _: float) -> Objective:
    return ranked.true_positives * ranked.num_negatives - ranked.false_positives * ranked.num_positives


_OBJECTIVES: dict[Aim, Callable[[RankedCounts, float], Objective]] = {
    "f1_score": _f1_score,
    "accuracy": _accuracy,
    "precision_at_recall": _precision_at_recall,
    "recall_at_precision": _recall_at_precision,
    "youden": _youden,
}

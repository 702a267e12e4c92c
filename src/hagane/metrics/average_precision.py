"""The area under the precision-recall curve, as average precision."""

from __future__ import annotations

import numpy as np

from hagane.metrics.ranked_counts import RankedCounts
from hagane.metrics.undefined import Undefined, Value


def average_precision(ranked: RankedCounts) -> Value:
    """Sum over the thresholds of (recall gained) × (precision there): a step function, no interpolation.

    The definition of scikit-learn's `average_precision_score`; trapezoids would be too hopeful (Davis and Goadrich,
    2006).

    >>> from hagane.metrics.ranked_counts import ranked_counts
    >>> average_precision(ranked_counts(np.array([True, False, True]), np.array([0.9, 0.7, 0.5])))
    0.8333333333333333
    """
    if not ranked.num_positives:
        return Undefined("no label is positive")
    precision = ranked.true_positives / (ranked.true_positives + ranked.false_positives)
    gained = np.diff(ranked.true_positives, prepend=0)
    return float(np.sum(gained * precision)) / ranked.num_positives

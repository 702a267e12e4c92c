"""The four counts of a yes/no prediction, and the ratios that are made of them.

Source of the formulas: Powers, "Evaluation: from precision, recall and F-measure to ROC, informedness, markedness and
correlation", 2011. Where a ratio is 0/0 it is Undefined (scikit-learn answers 0 with a warning).
"""

from __future__ import annotations

import dataclasses

import numpy as np

from hagane.metrics.undefined import Bools, Floats, Value, ratio


@dataclasses.dataclass(frozen=True)
class BinaryCounts:
    """How many rows of each label got each answer.

    >>> BinaryCounts(42, 486, 27969, 5).precision, BinaryCounts(42, 486, 27969, 5).recall
    (0.07954545454545454, 0.8936170212765957)
    """

    true_positives: int
    false_positives: int
    true_negatives: int
    false_negatives: int

    @property
    def precision(self) -> Value:
        """TP / (TP + FP): the share of the rows called positive that are."""
        return ratio(self.true_positives, self.true_positives + self.false_positives, "no row is predicted positive")

    @property
    def recall(self) -> Value:
        """TP / (TP + FN): the share of the positive rows that are found."""
        return ratio(self.true_positives, self.true_positives + self.false_negatives, "no label is positive")

    @property
    def f1_score(self) -> Value:
        """2 TP / (2 TP + FP + FN): the harmonic mean of precision and recall."""
        errors = self.false_positives + self.false_negatives
        return ratio(2 * self.true_positives, 2 * self.true_positives + errors, "no row is positive or predicted so")

    @property
    def accuracy(self) -> Value:
        """(TP + TN) / n."""
        correct = self.true_positives + self.true_negatives
        return ratio(correct, correct + self.false_positives + self.false_negatives, "there are no rows")

    @property
    def false_positive_rate(self) -> Value:
        """FP / (FP + TN): the share of the negative rows called positive."""
        return ratio(self.false_positives, self.false_positives + self.true_negatives, "no label is negative")


def binary_counts(positive: Bools, scores: Floats, threshold: float) -> BinaryCounts:
    """Count at one threshold; a row is predicted positive when its score, as float64, is >= `threshold`. Both are [n].

    >>> binary_counts(np.array([True, False]), np.array([0.5, 0.4]), 0.5)
    BinaryCounts(true_positives=1, false_positives=0, true_negatives=1, false_negatives=0)
    """
    called = scores >= np.float64(threshold)
    num_called, num_positive = int(np.count_nonzero(called)), int(np.count_nonzero(positive))
    hits = int(np.count_nonzero(called & positive))
    return BinaryCounts(
        hits, num_called - hits, len(positive) - num_positive - (num_called - hits), num_positive - hits
    )

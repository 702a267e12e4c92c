"""`BinaryQuality`: how good a binary classifier's answers were, of rows whose labels have come."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.metrics.log_loss import clipped
from hagane.monitoring.quality.check_mergeable import check_mergeable
from hagane.monitoring.quality.estimate import Estimate
from hagane.monitoring.quality.ranked_scores import RankedScores
from hagane.monitoring.quality.weighted_moments import WeightedMoments

Floats = npt.NDArray[np.float64]
NUM_BINS = 512
TN, FP, FN, TP = range(4)
CELLS = {"precision": (FP, TP), "recall": (FN, TP), "f1_score": (FP, FN, TP)}
"""The rows that a share is of, where it is not of all."""


class BinaryQuality(msgspec.Struct, frozen=True, kw_only=True, tag="binary"):
    """Sums over labelled rows, mergeable with those of any other rows of the same threshold.

    >>> sums = BinaryQuality.of(np.array([0.9, 0.8, 0.3]), np.array([1, 0, 0]), np.ones(3), threshold=0.5)
    >>> round(sums.metrics()["accuracy"].value, 4), sums.metrics()["recall"].value
    (0.6667, 1.0)
    """

    threshold: float
    num_labelled: int
    counts: tuple[float, ...]
    """Σw of true negatives, false positives, false negatives, true positives."""
    squares: tuple[float, ...]
    """Σw² of the same."""
    losses: WeightedMoments
    """Of 1, the log loss and the squared error of the probability."""
    ranked: RankedScores

    @staticmethod
    def of(
        scores: Floats, labels: npt.NDArray[np.int64], weights: Floats, *, threshold: float, num_bins: int = NUM_BINS
    ) -> BinaryQuality:
        """Of the positive class's probabilities [n], labels [n] of 0 and 1, and for how many rows each stands [n]."""
        positive = labels == 1
        cells = 2 * positive + (scores >= threshold)
        p = clipped(scores.astype(np.float64))
        loss = -np.log(np.where(positive, p, 1 - p))
        terms = np.column_stack([np.ones(len(p)), loss, (scores - positive) ** 2])
        return BinaryQuality(
            threshold=threshold,
            num_labelled=len(labels),
            counts=tuple(np.bincount(cells, weights, 4).tolist()),
            squares=tuple(np.bincount(cells, weights**2, 4).tolist()),
            losses=WeightedMoments.of(terms, weights),
            ranked=RankedScores.of(scores, positive, weights, num_bins=num_bins),
        )

    def merge(self, other: BinaryQuality) -> BinaryQuality:
        """Of both's rows. Raises DataError for another threshold: it is of another deployment."""
        check_mergeable("thresholds", self.threshold, other.threshold)
        return BinaryQuality(
            threshold=self.threshold,
            num_labelled=self.num_labelled + other.num_labelled,
            counts=tuple(a + b for a, b in zip(self.counts, other.counts, strict=True)),
            squares=tuple(a + b for a, b in zip(self.squares, other.squares, strict=True)),
            losses=self.losses.merge(other.losses),
            ranked=self.ranked.merge(other.ranked),
        )

    @property
    def num_effective(self) -> float:
        """Rows of equal weight that would say as much."""
        return self._effective(TN, FP, FN, TP)

    def metrics(self) -> dict[str, Estimate]:
        """By BigQuery ML's names, with 95 % intervals; what is undefined (no positive row has no recall) is left out.

        Shares by Wilson; F1 as 2J / (1 + J) of the share J = TP / (TP + FP + FN), which is one of the rows that are
        positive or called so; ROC AUC by DeLong; means by the central limit theorem.
        """
        tn, fp, fn, tp = self.counts
        found: dict[str, Estimate] = {}
        if tp + fn and tn + fp:
            found["roc_auc"] = self.ranked.roc_auc(self._effective(FN, TP), self._effective(TN, FP))
        if tp + fn:
            found["pr_auc"] = self.ranked.pr_auc(self._effective(FN, TP))
        if sum(self.counts):
            found["accuracy"] = self._share(tp + tn, TN, FP, FN, TP)
        if tp + fp:
            found["precision"] = self._share(tp, FP, TP)
        if tp + fn:
            found["recall"] = self._share(tp, FN, TP)
        if tp + fp + fn:
            shared = self._share(tp, FP, FN, TP)
            found["f1_score"] = Estimate(*(2 * end / (1 + end) for end in (shared.value, shared.low, shared.high)))
        if self.losses.num_rows:
            for place, name in ((1, "log_loss"), (2, "brier_score")):
                error = self.losses.error(np.eye(3)[place])
                found[name] = Estimate.around(float(self.losses.means[place]), error, least=0.0)
        return found

    def num_of(self, metric: str) -> float:
        """Of how many rows a metric is, effectively: precision of those called positive, recall of the positive ones.

        >>> sums = BinaryQuality.of(np.array([0.9, 0.8, 0.3]), np.array([1, 0, 0]), np.ones(3), threshold=0.5)
        >>> sums.num_of("precision"), sums.num_of("recall"), sums.num_of("accuracy")
        (2.0, 1.0, 3.0)
        """
        return self._effective(*CELLS.get(metric, (TN, FP, FN, TP)))

    def without_bins(self) -> BinaryQuality:
        """The same for people."""
        return msgspec.structs.replace(self, ranked=RankedScores(num_bins=self.ranked.num_bins, bins={}))

    def _effective(self, *cells: int) -> float:
        squares = sum(self.squares[cell] for cell in cells)
        return sum(self.counts[cell] for cell in cells) ** 2 / squares if squares else 0.0

    def _share(self, hits: float, *cells: int) -> Estimate:
        return Estimate.of_share(min(1.0, hits / sum(self.counts[cell] for cell in cells)), self._effective(*cells))

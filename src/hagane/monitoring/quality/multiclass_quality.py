"""`MulticlassQuality`: how good a classifier of several classes was, of rows whose labels have come."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.metrics.log_loss import clipped
from hagane.monitoring.quality.estimate import Estimate
from hagane.monitoring.quality.macro_means import SHARES, macro_means
from hagane.monitoring.quality.weighted_moments import WeightedMoments

Floats = npt.NDArray[np.float64]
MOST_CLASSES = 50
"""Beyond so many there is no confusion matrix, and no mean over classes."""


class MulticlassQuality(msgspec.Struct, frozen=True, kw_only=True, tag="multiclass"):
    """Sums over labelled rows, mergeable with those of any other rows of the same classes.

    >>> sums = MulticlassQuality.of(np.eye(3), np.array([0, 1, 1]), np.ones(3))
    >>> round(sums.metrics()["accuracy"].value, 4), sums.matrix
    (0.6667, (1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0))
    """

    num_labelled: int
    matrix: tuple[float, ...]
    """[c · c] Σw by label and answer, row by row; none of more than 50 classes."""
    losses: WeightedMoments
    """Of 1, whether the answer was right, and the log loss."""

    @staticmethod
    def of(scores: Floats, labels: npt.NDArray[np.int64], weights: Floats) -> MulticlassQuality:
        """Of probabilities [n, c], class numbers [n], and for how many rows each stands [n]."""
        num_classes, answers = scores.shape[1], np.argmax(scores, axis=1) if len(scores) else np.zeros(0, np.int64)
        loss = -np.log(clipped(scores.astype(np.float64)[np.arange(len(labels)), labels]))
        terms = np.column_stack([np.ones(len(labels)), answers == labels, loss])
        size = num_classes**2 if num_classes <= MOST_CLASSES else 0
        matrix = np.bincount(labels * num_classes + answers, weights, size) if size else np.zeros(0)
        return MulticlassQuality(
            num_labelled=len(labels), matrix=tuple(matrix.tolist()), losses=WeightedMoments.of(terms, weights)
        )

    def merge(self, other: MulticlassQuality) -> MulticlassQuality:
        """Of both's rows."""
        return MulticlassQuality(
            num_labelled=self.num_labelled + other.num_labelled,
            matrix=tuple(a + b for a, b in zip(self.matrix, other.matrix, strict=True)),
            losses=self.losses.merge(other.losses),
        )

    @property
    def num_effective(self) -> float:
        """Rows of equal weight that would say as much."""
        return self.losses.num_effective

    def metrics(self) -> dict[str, Estimate]:
        """By BigQuery ML's names: precision, recall and F1 are plain means over classes; none where there are no rows.

        Accuracy by Wilson, the means over classes by the delta method, the log loss by the central limit theorem.
        """
        if not self.losses.num_rows:
            return {}
        _, right, loss = self.losses.means
        found = {"accuracy": Estimate.of_share(min(1.0, float(right)), self.num_effective)}
        if self.matrix:
            counts, unit = self._counts, self._unit
            found |= macro_means(counts, counts * unit, unit=unit)
        found["log_loss"] = Estimate.around(float(loss), self.losses.error([0.0, 0.0, 1.0]), least=0.0)
        return found

    def num_of_rarest(self, metric: str) -> float:
        """Of the class with the fewest labels (`precision`: answers), as rows of equal weight; inf of other metrics.

        One that never occurs counts, with 0: a mean over fewer classes is another figure.
        """
        if metric not in SHARES or not self.matrix:
            return math.inf
        rows = self._counts.sum(axis=0 if metric == "precision" else 1)
        return float(rows.min() / self._unit) if self._unit else 0.0

    @property
    def _counts(self) -> Floats:
        size = round(len(self.matrix) ** 0.5)
        return np.array(self.matrix).reshape(size, size)

    @property
    def _unit(self) -> float:
        """For how many rows one stands: Σw² / Σw."""
        return float(self.losses.products[0] / self.losses.num_rows) if self.losses.num_rows else 0.0

    def without_bins(self) -> MulticlassQuality:
        """The same: there are none."""
        return self

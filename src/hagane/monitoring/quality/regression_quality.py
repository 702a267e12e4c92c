"""`RegressionQuality`: how good a regressor's answers were, of rows whose labels have come."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.monitoring.quality.estimate import Estimate
from hagane.monitoring.quality.weighted_moments import WeightedMoments

Floats = npt.NDArray[np.float64]


class RegressionQuality(msgspec.Struct, frozen=True, kw_only=True, tag="regression"):
    """Sums over labelled rows, mergeable with those of any other rows.

    >>> sums = RegressionQuality.of(np.array([1.0, 4.0]), np.array([2.0, 3.0]), np.ones(2))
    >>> sums.metrics()["mean_absolute_error"].value, sums.metrics()["mean_error"].value
    (1.0, 0.0)
    """

    num_labelled: int
    center: float
    """About the labels' mean: what they are counted from, so that their variance is not lost in it."""
    moments: WeightedMoments
    """Of 1, e, |e|, e², u and u², where e = prediction - label and u = label - center."""

    @staticmethod
    def of(predictions: Floats, labels: Floats, weights: Floats) -> RegressionQuality:
        """Of predictions [n], labels [n], and for how many rows each stands [n]; all finite."""
        center = float(labels.mean()) if len(labels) else 0.0
        errors, around = predictions - labels, labels - center
        terms = np.column_stack([np.ones(len(labels)), errors, np.abs(errors), errors**2, around, around**2])
        return RegressionQuality(num_labelled=len(labels), center=center, moments=WeightedMoments.of(terms, weights))

    def merge(self, other: RegressionQuality) -> RegressionQuality:
        """Of both's rows."""
        if not self.num_labelled or not other.num_labelled:
            return self if self.num_labelled else other
        return RegressionQuality(
            num_labelled=self.num_labelled + other.num_labelled,
            center=self.center,
            moments=self.moments.merge(other._around(self.center)),
        )

    @property
    def num_effective(self) -> float:
        """Rows of equal weight that would say as much."""
        return self.moments.num_effective

    def metrics(self) -> dict[str, Estimate]:
        """`mean_error` is prediction less label: above 0 the answers are too high. None where there are no rows.

        Intervals by the delta method; R² is left out where all labels are the same.
        """
        if not self.moments.num_rows:
            return {}
        _, bias, absolute, square, u, u2 = self.moments.means
        root, variance = math.sqrt(square), u2 - u**2
        found = {}
        if variance > 1e-12 * max(u2, 1e-300):
            slopes = np.array([0, 0, 0, -1, 0, 0]) / variance
            slopes += square / variance**2 * np.array([0, 0, 0, 0, -2 * u, 1])
            found["r2_score"] = Estimate.around(1 - square / variance, self.moments.error(slopes), most=1.0)
        slope = np.eye(6)
        found["root_mean_squared_error"] = Estimate.around(
            root, self.moments.error(slope[3] / (2 * root)) if root else 0.0, least=0.0
        )
        found["mean_absolute_error"] = Estimate.around(float(absolute), self.moments.error(slope[2]), least=0.0)
        found["mean_error"] = Estimate.around(float(bias), self.moments.error(slope[1]))
        return found

    def without_bins(self) -> RegressionQuality:
        """The same: there are none."""
        return self

    def _around(self, center: float) -> WeightedMoments:
        """The same rows' moments with labels counted from another center."""
        by = self.center - center
        matrix = np.eye(6)
        matrix[4, 0], matrix[5, 0], matrix[5, 4] = by, by**2, 2 * by
        return self.moments.mapped(matrix)

"""`ExpectedRegression`: how far a regressor's answers are to be expected off, before anybody knows the labels.

Direct loss estimation (DLE): a small model, fitted on held-out rows, says of each row how far its answer will be off,
absolutely and squared; its means over a window's rows are the errors to be expected. What is assumed: rows of certain
features and answers are as far off as they were in the held-out rows. That the inputs have moved to where answers are
worse is seen; that the world has changed is not.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.monitoring.quality.estimate import Estimate

Floats = npt.NDArray[np.float64]
GRAPH_NAME, FACTS_NAME = "error_model.onnx", "error_model.json"
"""In a bundle that has an error model."""
PREDICTION, ABSOLUTE_ERROR, SQUARED_ERROR = "prediction", "absolute_error", "squared_error"
"""What its graph reads beside `dense` and `ids` ([n, 1]), and what it answers ([n] each)."""


class ErrorModelFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an error model beside its graph."""

    num_rows: int
    """Held-out rows that it was fitted on."""
    kurtosis: float
    """Σ e⁴ / Σ of the squares that it says: 3 where errors are normal."""
    absolute_error: float
    """Standard error of the mean absolute error of those rows, as a share of it."""
    squared_error: float
    """The same of the mean squared error."""


class ExpectedRegression(msgspec.Struct, frozen=True, kw_only=True, tag="regression"):
    """Sums over some rows of a window, mergeable with those of any other rows by the same error model.

    >>> facts = ErrorModelFacts(num_rows=900, kurtosis=3.0, absolute_error=0.0, squared_error=0.0)
    >>> sums = ExpectedRegression.of(np.array([1.0, 3.0]), np.array([2.0, 16.0]), np.ones(2), facts=facts)
    >>> sums.metrics()["mean_absolute_error"].value, sums.metrics()["root_mean_squared_error"].value
    (2.0, 3.0)
    """

    facts: ErrorModelFacts
    num_seen: int
    """Rows that were looked at, whatever each stands for."""
    num_rows: float
    """Σ w."""
    absolute: float
    """Σ w of the absolute errors that are expected."""
    squared: float
    absolute_variance: float
    """Σ w² of the variance of each row's absolute error."""
    squared_variance: float

    @staticmethod
    def of(absolute: Floats, squared: Floats, weights: Floats, *, facts: ErrorModelFacts) -> ExpectedRegression:
        """Of the errors [n] that are expected, and for how many rows each stands [n]."""
        at_least = np.maximum(squared, absolute**2)
        return ExpectedRegression(
            facts=facts,
            num_seen=len(absolute),
            num_rows=float(weights.sum()),
            absolute=float(weights @ absolute),
            squared=float(weights @ squared),
            absolute_variance=float(weights**2 @ (at_least - absolute**2)),
            squared_variance=float(max(0.0, facts.kurtosis - 1) * (weights**2 @ squared**2)),
        )

    def merge(self, other: ExpectedRegression) -> ExpectedRegression:
        """Of both's rows. The error models are the same: another one is another deployment."""
        sums = {name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__[1:]}
        return msgspec.structs.replace(self, **sums)

    def metrics(self) -> dict[str, Estimate]:
        """The mean absolute error and the root mean squared one; none where there are no rows.

        Each interval is that of the figure which the labels of these rows will show: their own scatter, and that of the
        held-out rows.
        """
        if not self.num_rows:
            return {}
        absolute, squared = self.absolute / self.num_rows, self.squared / self.num_rows
        errors = [
            math.hypot(math.sqrt(variance) / self.num_rows, mean * share)
            for variance, mean, share in (
                (self.absolute_variance, absolute, self.facts.absolute_error),
                (self.squared_variance, squared, self.facts.squared_error),
            )
        ]
        root = math.sqrt(squared)
        return {
            "root_mean_squared_error": Estimate.around(root, errors[1] / (2 * root) if root else 0.0, least=0.0),
            "mean_absolute_error": Estimate.around(absolute, errors[0], least=0.0),
        }

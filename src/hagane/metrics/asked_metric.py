"""`AskedMetric`: the metric by which predictions are to be judged that lowered a loss of their own.

A median is no mean, nor is a quantile: squared errors would call both bad. Shapes: labels and predictions [n] float64.
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.metrics.undefined import NO_ROWS, Floats, Undefined, Value, finite

Doubles = npt.NDArray[np.float64]
NAMES = {
    "absolute_error": "mean_absolute_error",
    "huber": "mean_absolute_error",
    "quantile": "mean_pinball_loss",
    "poisson": "mean_poisson_deviance",
}
"""Loss → metric; what squared errors judge rightly is left out."""


class AskedMetric(msgspec.Struct, frozen=True):
    """A mean over rows, by the name that an evaluation has it under."""

    name: str
    quantile_level: float = 0.5
    """Of the pinball loss; 0.5 of medians."""

    @property
    def is_ratio(self) -> bool:
        """Whether labels must be 0 or more and predictions more than 0."""
        return self.name == "mean_poisson_deviance"

    def rows(self, labels: Floats, predictions: Floats) -> Doubles:
        """[n] what each row adds to the mean; not finite where it is undefined.

        Pinball loss (Koenker and Bassett 1978): q (y - ŷ) where that is >= 0, else (q - 1) (y - ŷ). Unit deviance of
        Poisson's distribution (McCullagh and Nelder 1989, 2.3): 2 (y ln(y / ŷ) - y + ŷ).

        >>> AskedMetric("mean_pinball_loss", 0.9).rows(np.array([3.0, 1.0]), np.array([1.0, 3.0])).round(6).tolist()
        [1.8, 0.2]
        """
        error, level = labels - predictions, self.quantile_level
        with np.errstate(all="ignore"):
            if self.name == "mean_pinball_loss":
                return np.maximum(level * error, (level - 1.0) * error)
            if not self.is_ratio:
                return np.abs(error)
            surprise = np.where(labels > 0, labels * np.log(labels / predictions), 0.0)
            return np.where((labels >= 0) & (predictions > 0), 2.0 * (surprise - error), np.nan)

    def value(self, labels: Floats, predictions: Floats) -> Value:
        """The mean over the rows.

        >>> AskedMetric("mean_poisson_deviance").value(np.array([1.0]), np.array([0.0])).reason
        'a prediction is not above 0'
        """
        if not len(labels):
            return NO_ROWS
        if self.is_ratio and labels.min() < 0:
            return Undefined("a label is below 0")
        if self.is_ratio and predictions.min() <= 0:
            return Undefined("a prediction is not above 0")
        return finite(float(np.mean(self.rows(labels, predictions))))

    @property
    def predicted(self) -> str:
        """What of a label is predicted where the metric is least: `mean`, `median`, `0.9 quantile`."""
        if self.is_ratio:
            return "mean"
        return "median" if self.quantile_level == 0.5 else f"{self.quantile_level:g} quantile"

    def constant(self, labels: Floats) -> float:
        """The answer to every row for which the metric is least."""
        if self.is_ratio:
            return float(np.mean(labels))
        return float(np.quantile(labels, self.quantile_level, method="inverted_cdf"))


def asked_metric(loss: str | None, quantile_level: float | None = None) -> AskedMetric | None:
    """That of a model trained by `loss`; None for those that squared errors judge.

    >>> asked_metric("quantile", 0.9), asked_metric("squared_error")
    (AskedMetric(name='mean_pinball_loss', quantile_level=0.9), None)
    """
    if loss not in NAMES:
        return None
    return AskedMetric(NAMES[loss], quantile_level or 0.5 if loss == "quantile" else 0.5)

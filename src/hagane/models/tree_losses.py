"""What trees can be grown to lower: LightGBM's objective for it, the metric that the curve shows, and the link.

Raw sums become scores by the link: the mean of counts is exp of them, a probability their sigmoid or softmax.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hagane.errors import Fault, TrainingError

RENEWED = ("absolute_error", "quantile")
"""Losses whose leaves LightGBM sets to a median or a quantile once the tree has grown."""
HUBER_SHARE = 0.9
"""Share of the labels that lie within the default `huber_delta` of their median (Friedman 2001, equation 9, takes the
same share of the residuals of each round)."""


class TreeLoss(NamedTuple):
    """`parameters` are LightGBM's `objective` with what belongs to it, `metric`, and `num_class` of three or more."""

    parameters: Mapping[str, Any]
    link: str
    """`identity`, `exp`, `sigmoid` or `softmax`."""

    @property
    def num_outputs(self) -> int:
        """Trees a round."""
        return int(self.parameters.get("num_class", 1))


def class_loss(num_classes: int) -> TreeLoss:
    """Log loss: one sequence of trees for two classes, else one a class.

    >>> class_loss(2).link, class_loss(3).num_outputs
    ('sigmoid', 3)
    """
    if num_classes > 2:
        parameters = {"objective": "multiclass", "metric": "multi_logloss", "num_class": num_classes}
        return TreeLoss(parameters, "softmax")
    return TreeLoss({"objective": "binary", "metric": "binary_logloss"}, "sigmoid")


def number_loss(name: str, labels: npt.NDArray[np.floating], *, level: float | None, delta: float | None) -> TreeLoss:
    """The loss that `name` means for training `labels` [n]. Raises TrainingError for labels that it cannot be of.

    >>> number_loss("huber", np.arange(101.0), level=None, delta=None).parameters["alpha"]
    45.0
    """
    if name == "poisson":
        _require_counts(labels)
        return TreeLoss({"objective": "poisson", "metric": "poisson"}, "exp")
    if name == "quantile":
        return quantile_loss(level or 0.5)
    if name == "huber":
        return TreeLoss({"objective": "huber", "metric": "huber", "alpha": delta or _spread(labels)}, "identity")
    if name == "absolute_error":
        return TreeLoss({"objective": "regression_l1", "metric": "l1"}, "identity")
    return TreeLoss({"objective": "regression", "metric": "l2"}, "identity")


def quantile_loss(level: float) -> TreeLoss:
    """Least at the quantile of `level`.

    >>> quantile_loss(0.9).parameters["alpha"]
    0.9
    """
    return TreeLoss({"objective": "quantile", "metric": "quantile", "alpha": level}, "identity")


def _spread(labels: npt.NDArray[np.floating]) -> float:
    """The `HUBER_SHARE` quantile of the distances from the median; their largest where that is 0; 1 without any."""
    distances = np.abs(labels - np.median(labels))
    return float(np.quantile(distances, HUBER_SHARE)) or float(distances.max()) or 1.0


def _require_counts(labels: npt.NDArray[np.floating]) -> None:
    if labels.min() >= 0 and labels.max() > 0:
        return
    num_negative = int(np.count_nonzero(labels < 0))
    raise TrainingError(
        Fault(
            what="loss 'poisson' is for counts and amounts",
            where="model.options.loss",
            expected="labels of 0 or more, some of them more",
            received=f"{num_negative:,} of {len(labels):,} labels below 0" if num_negative else "labels of 0 alone",
            next_step="take another loss, or look at the label in the data query",
        )
    )

"""What trees can be grown to lower: LightGBM's objective for it, the metric that the curve shows, and the link.

Raw sums become scores by the link: the mean of counts is exp of them, a probability their sigmoid or softmax.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hagane.models.number_losses import HUBER_SHARE, MEDIAN, require_counts

RENEWED = ("absolute_error", "quantile")
"""Losses whose leaves LightGBM sets to a median or a quantile once the tree has grown."""


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
        require_counts([labels])
        return TreeLoss({"objective": "poisson", "metric": "poisson"}, "exp")
    if name == "quantile":
        return quantile_loss(level or MEDIAN)
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

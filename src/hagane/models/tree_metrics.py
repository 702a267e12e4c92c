"""The figures of the eval rows that may stop a training of trees: the project's own metrics, by their names.

They are what `evaluate` tells of the same rows: each row counts once, whatever its weight.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hagane.errors import Fault, SpecError
from hagane.metrics.absolute_error import mean_absolute_error, median_absolute_error
from hagane.metrics.average_precision import average_precision
from hagane.metrics.binary_counts import BinaryCounts, binary_counts
from hagane.metrics.brier_score import binary_brier_score, brier_score
from hagane.metrics.confusion_matrix import accuracy, confusion_matrix, macro_f1_score, macro_precision, macro_recall
from hagane.metrics.determination import explained_variance, r2_score
from hagane.metrics.log_loss import binary_log_loss, log_loss
from hagane.metrics.ranked_counts import ranked_counts
from hagane.metrics.roc_auc import macro_roc_auc, roc_auc
from hagane.metrics.squared_error import mean_squared_error, mean_squared_log_error, root_mean_squared_error
from hagane.metrics.undefined import Undefined, Value

Array = npt.NDArray[Any]
Of = Callable[[Array, Array], Value]
"""Labels [n] and scores ([n] numbers or probabilities of the second class, or [n, c]) → the value."""
THRESHOLD = 0.5
"""Above it a row is called positive."""


def _counted(ratio: Callable[[BinaryCounts], Value]) -> Of:
    return lambda labels, scores: ratio(binary_counts(labels == 1, scores, THRESHOLD))


def _of_matrix(measure: Callable[[npt.NDArray[np.int64]], Value]) -> Of:
    return lambda labels, scores: measure(confusion_matrix(labels, np.argmax(scores, axis=1), scores.shape[1]))


BINARY: dict[str, Of] = {
    "log_loss": lambda labels, scores: binary_log_loss(labels == 1, scores),
    "roc_auc": lambda labels, scores: roc_auc(ranked_counts(labels == 1, scores)),
    "pr_auc": lambda labels, scores: average_precision(ranked_counts(labels == 1, scores)),
    "accuracy": _counted(lambda counts: counts.accuracy),
    "precision": _counted(lambda counts: counts.precision),
    "recall": _counted(lambda counts: counts.recall),
    "f1_score": _counted(lambda counts: counts.f1_score),
    "brier_score": lambda labels, scores: binary_brier_score(labels == 1, scores),
}
MULTICLASS: dict[str, Of] = {
    "log_loss": log_loss,
    "roc_auc": macro_roc_auc,
    "accuracy": _of_matrix(accuracy),
    "precision": _of_matrix(macro_precision),
    "recall": _of_matrix(macro_recall),
    "f1_score": _of_matrix(macro_f1_score),
    "brier_score": brier_score,
}
NUMBER: dict[str, Of] = {
    metric.__name__: metric
    for metric in (
        mean_squared_error,
        root_mean_squared_error,
        mean_absolute_error,
        median_absolute_error,
        mean_squared_log_error,
        r2_score,
        explained_variance,
    )
}
BETTER_LOW = ("log_loss", "brier_score")
"""Besides the errors of numbers."""


class TreeMetric(NamedTuple):
    """What is watched."""

    name: str
    of: Of
    is_better_high: bool

    def watched(self, labels: Array, scores: Array) -> float:
        """A figure that should fall: the metric, negated where more is better; not a number where it is undefined."""
        value = self.of(labels, scores)
        if isinstance(value, Undefined):
            return math.nan
        return -value if self.is_better_high else value


def tree_metric(name: str, num_classes: int) -> TreeMetric:
    """The metric called `name`, of numbers where there are no classes. Raises SpecError where it is not of so many.

    >>> tree_metric("roc_auc", 2).watched(np.array([0, 1, 0]), np.array([0.1, 0.9, 0.3]))
    -1.0
    """
    table = {0: NUMBER, 2: BINARY}.get(num_classes, MULTICLASS)
    if name not in table:
        raise SpecError(
            Fault(
                what=f"{name!r} is not defined for {num_classes} classes",
                where="model.options.eval_metric",
                expected="one of " + ", ".join(table),
                received=name,
            )
        )
    is_error = table is NUMBER and name not in ("r2_score", "explained_variance")
    return TreeMetric(name, table[name], not (is_error or name in BETTER_LOW))

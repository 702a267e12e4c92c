"""`EvalMetric`: a figure of the eval rows that may stop a training, of trees or networks: the project's own metrics.

They are what `evaluate` tells of the same rows: each row counts once, whatever its weight.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from hagane.errors import Fault, SpecError, TrainingError
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
ClassMetric = Literal["log_loss", "roc_auc", "pr_auc", "accuracy", "precision", "recall", "f1_score", "brier_score"]
"""Names that `eval_metric` may have where classes are predicted."""
NumberMetric = Literal[
    "mean_squared_error",
    "root_mean_squared_error",
    "mean_absolute_error",
    "median_absolute_error",
    "mean_squared_log_error",
    "r2_score",
    "explained_variance",
]
"""Names that it may have where a number is."""
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


class EvalMetric(NamedTuple):
    """What is watched."""

    name: str
    of: Of
    is_better_high: bool

    def value(self, labels: Array, scores: Array) -> float:
        """The metric; not a number where it is undefined."""
        value = self.of(labels, scores)
        return math.nan if isinstance(value, Undefined) else value


def eval_metric(name: str, num_classes: int) -> EvalMetric:
    """The metric called `name`, of numbers where there are no classes. Raises SpecError where it is not of so many.

    >>> eval_metric("roc_auc", 2).value(np.array([0, 1, 0]), np.array([0.1, 0.9, 0.3]))
    1.0
    """
    if faults := metric_faults(name, num_classes):
        raise SpecError(*faults)
    table = _table(num_classes)
    is_error = table is NUMBER and name not in ("r2_score", "explained_variance")
    return EvalMetric(name, table[name], not (is_error or name in BETTER_LOW))


def require_defined(metric: EvalMetric, labels: Array, num_classes: int) -> None:
    """Raises TrainingError where no scores of rows with these labels, [n] or [n, k], have the metric.

    It is tried on the scores that are the labels themselves; of several labels it must be defined for one.

    >>> require_defined(eval_metric("roc_auc", 2), np.array([0, 1]), 2)
    >>> require_defined(eval_metric("roc_auc", 2), np.array([1, 1]), 2)
    Traceback (most recent call last):
    hagane.errors.TrainingError: 'roc_auc' is not defined for the eval rows
    ...
    """
    found = [metric.of(each, _perfect(each, num_classes)) for each in (labels.T if labels.ndim == 2 else [labels])]
    reasons = [value.reason for value in found if isinstance(value, Undefined)]
    if len(reasons) == len(found):
        raise TrainingError(
            Fault(
                what=f"{metric.name!r} is not defined for the eval rows",
                where="model.options.eval_metric",
                received=reasons[0],
                next_step="take a larger or a stratified eval part, or another eval_metric",
            )
        )


def _perfect(labels: Array, num_classes: int) -> Array:
    """Scores that hit every label."""
    return np.eye(num_classes, dtype=np.float32)[labels.astype(np.int64)] if num_classes > 2 else labels.astype(float)


def metric_faults(name: str | None, num_classes: int) -> list[Fault]:
    """A fault where there is no such metric of so many classes.

    >>> metric_faults("pr_auc", 2), [fault.what for fault in metric_faults("pr_auc", 3)]
    ([], ["'pr_auc' is not defined for 3 classes"])
    """
    if name is None or name in (table := _table(num_classes)):
        return []
    return [
        Fault(
            what=f"{name!r} is not defined for {num_classes} classes" if num_classes else f"{name!r} is not of numbers",
            where="model.options.eval_metric",
            expected="one of " + ", ".join(table),
            received=name,
        )
    ]


def _table(num_classes: int) -> dict[str, Of]:
    return {0: NUMBER, 2: BINARY}.get(num_classes, MULTICLASS)

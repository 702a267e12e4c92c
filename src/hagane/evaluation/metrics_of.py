"""`metrics_of`: the metrics of an evaluation and nothing else of it, for whoever compares hundreds of models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from hagane.evaluation.checked_input import CheckedInput, check_input
from hagane.evaluation.evaluation import Label
from hagane.evaluation.measure import Values, measure_binary, measure_multiclass, measure_regression, numbers
from hagane.evaluation.several_metrics import several_metrics
from hagane.metrics.asked_metric import AskedMetric

Array = npt.NDArray[Any]


def metrics_of(
    labels: Array,
    scores: Array,
    *,
    task: Literal["classification", "regression"],
    classes: Sequence[Label] | None = None,
    threshold: float = 0.5,
    asked: AskedMetric | None = None,
) -> dict[str, float | None]:
    """What `evaluate(…).metrics` says of the same labels and scores, a fifth of the cost; None where undefined.

    Of several labels predicted at once (`labels` [n, k]) what `evaluate_several` says: `scores` [n, k] are numbers, or
    [n, k, 2] probabilities of false and true. Raises DataError as `evaluate` does.

    >>> found = metrics_of(np.array([0, 1, 1]), np.array([0.2, 0.9, 0.4]), task="classification")
    >>> found["roc_auc"], found["recall"]
    (1.0, 0.5)
    """
    labels, scores = np.asarray(labels), np.asarray(scores)
    if labels.ndim == 2:
        each = [
            metrics_of(labels[:, k], scores[:, k], task=task, threshold=threshold, asked=asked)
            for k in range(labels.shape[1])
        ]
        truths = None if task == "regression" else labels.astype(np.bool_)
        hits = None if truths is None else (scores[:, :, 1].astype(np.float64) >= threshold) == truths
        return several_metrics(each, hits)
    checked = check_input(labels, scores, task=task, classes=classes, threshold=threshold, slices={}, asked=asked)
    return numbers(_values(checked, threshold))


def _values(checked: CheckedInput, threshold: float) -> Values:
    if not checked.classes:
        return measure_regression(checked.labels, checked.scores, checked.asked)
    if len(checked.classes) == 2:
        return measure_binary(checked.labels, checked.scores, threshold)
    return measure_multiclass(checked.labels, checked.scores)

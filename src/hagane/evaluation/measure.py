"""The metrics of each kind of model, as name → value: one list for the whole, its slices and its baseline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from hagane.metrics.absolute_error import mean_absolute_error, median_absolute_error
from hagane.metrics.asked_metric import AskedMetric
from hagane.metrics.average_precision import average_precision
from hagane.metrics.binary_counts import binary_counts
from hagane.metrics.brier_score import binary_brier_score, brier_score
from hagane.metrics.calibration import reliability_bins, top_label_bins
from hagane.metrics.confusion_matrix import accuracy, confusion_matrix, macro_f1_score, macro_precision, macro_recall
from hagane.metrics.determination import explained_variance, r2_score
from hagane.metrics.log_loss import binary_log_loss, log_loss, macro_log_loss
from hagane.metrics.ranked_counts import ranked_counts
from hagane.metrics.roc_auc import macro_mean, macro_roc_auc, roc_auc
from hagane.metrics.squared_error import mean_squared_error, mean_squared_log_error, root_mean_squared_error
from hagane.metrics.undefined import Undefined, Value

Values = dict[str, Value]
Measure = Callable[[npt.NDArray[Any], npt.NDArray[Any]], Values]
"""(labels [n], scores [n] or [n, c]) → name → value."""


def measure_binary(labels: npt.NDArray[np.int64], scores: npt.NDArray[np.floating], threshold: float) -> Values:
    """Metrics of the positive class: `labels` [n] of 0 and 1, `scores` [n] its probability."""
    positive = labels == 1
    counts, ranked = binary_counts(positive, scores, threshold), ranked_counts(positive, scores)
    return {
        "roc_auc": roc_auc(ranked),
        "pr_auc": average_precision(ranked),
        "accuracy": counts.accuracy,
        "precision": counts.precision,
        "recall": counts.recall,
        "f1_score": counts.f1_score,
        "log_loss": binary_log_loss(positive, scores),
        "brier_score": binary_brier_score(positive, scores),
        "expected_calibration_error": reliability_bins(positive, scores).expected_calibration_error,
    }


def measure_multiclass(
    labels: npt.NDArray[np.int64], scores: npt.NDArray[np.floating], areas: list[Value] | None = None
) -> Values:
    """Macro averages and row means: `labels` [n] class indices, `scores` [n, c]; the first of equals is predicted.

    `areas` are the classes' ROC AUC where they are known already: c sorts saved.
    """
    matrix = confusion_matrix(labels, np.argmax(scores, axis=1), scores.shape[1])
    return {
        "roc_auc": macro_roc_auc(labels, scores) if areas is None else macro_mean(areas),
        "accuracy": accuracy(matrix),
        "precision": macro_precision(matrix),
        "recall": macro_recall(matrix),
        "f1_score": macro_f1_score(matrix),
        "log_loss": log_loss(labels, scores),
        "macro_log_loss": macro_log_loss(labels, scores),
        "brier_score": brier_score(labels, scores),
        "expected_calibration_error": top_label_bins(labels, scores).expected_calibration_error,
    }


def measure_regression(
    labels: npt.NDArray[np.float64], predictions: npt.NDArray[np.float64], asked: AskedMetric | None = None
) -> Values:
    """Errors of `predictions` [n] for `labels` [n], and the metric that is `asked` for."""
    metrics = (r2_score, explained_variance, root_mean_squared_error, mean_absolute_error, median_absolute_error)
    with np.errstate(over="ignore", invalid="ignore"):
        return {
            **({asked.name: asked.value(labels, predictions)} if asked else {}),
            **{
                metric.__name__: metric(labels, predictions)
                for metric in (*metrics, mean_squared_error, mean_squared_log_error)
            },
        }


def numbers(values: Values) -> dict[str, float | None]:
    """The values as JSON holds them: None where undefined.

    >>> numbers({"roc_auc": Undefined("every label is the same"), "accuracy": 1.0})
    {'roc_auc': None, 'accuracy': 1.0}
    """
    return {name: number(value) for name, value in values.items()}


def number(value: Value) -> float | None:
    """The value, or None where it is undefined."""
    return None if isinstance(value, Undefined) else value


def reasons(values: Values) -> dict[str, str]:
    """Why each undefined value is.

    >>> reasons({"roc_auc": Undefined("every label is the same"), "accuracy": 1.0})
    {'roc_auc': 'every label is the same'}
    """
    return {name: value.reason for name, value in values.items() if isinstance(value, Undefined)}


def without_calibration(values: Values) -> dict[str, float | None]:
    """A baseline's values, less the calibration error: shares of these very labels are calibrated by construction."""
    return {name: value for name, value in numbers(values).items() if name != "expected_calibration_error"}

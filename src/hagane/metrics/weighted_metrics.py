"""The metrics of an evaluation for many weightings of the same rows at once: what a bootstrap needs.

A weighting says how often each row counts: all ones give the metrics themselves. Whatever does not depend on the
weights (losses, sort orders, ties) is worked out once.

Shapes: n rows, b weightings [b, n], c classes; every metric answers [b], NaN where it is undefined.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from hagane.metrics.asked_metric import AskedMetric
from hagane.metrics.log_loss import clipped
from hagane.metrics.undefined import Floats, Ints

Doubles = npt.NDArray[np.float64]
WeightedMetrics = Callable[[Doubles], dict[str, Doubles]]
"""Weightings [b, n] → name → [b]."""
MOST_CLASSES = 12
"""Beyond so many classes the macro means are left out: they cost by the square of them."""
MOST_RANKED = 4
"""Beyond so many classes the mean ROC AUC is left out: it costs a look at every row for each."""


def binary_metrics(labels: Ints, scores: Floats, threshold: float) -> WeightedMetrics:
    """Of `measure_binary`, less the calibration error, which resampling biases: labels [n] of 0 and 1, scores [n].

    >>> measure = binary_metrics(np.array([0, 1, 1]), np.array([0.2, 0.9, 0.4]), 0.5)
    >>> {name: value.tolist() for name, value in measure(np.array([[1.0, 1.0, 1.0]])).items() if "auc" in name}
    {'roc_auc': [1.0], 'pr_auc': [1.0]}
    """
    positive, called = labels == 1, scores >= np.float64(threshold)
    chance = clipped(scores)
    of_label = np.where(positive, chance, 1.0 - chance)
    terms = np.column_stack(
        [positive, called, called & positive, -np.log(of_label), np.square(scores.astype(np.float64) - positive)]
    ).astype(np.float64)
    ranking = _Ranking(scores, positive)

    def measure(weights: Doubles) -> dict[str, Doubles]:
        """Name → [b], of weightings [b, n]."""
        positives, calls, hits, loss, brier = (weights @ terms).T
        total = weights.sum(axis=1)
        roc_auc, pr_auc = ranking.areas(weights)
        with np.errstate(divide="ignore", invalid="ignore"):
            return {
                "roc_auc": roc_auc,
                "pr_auc": pr_auc,
                "accuracy": (total - calls - positives + 2.0 * hits) / total,
                "precision": hits / calls,
                "recall": hits / positives,
                "f1_score": 2.0 * hits / (calls + positives),
                "log_loss": loss / total,
                "brier_score": brier / total,
            }

    return measure


def multiclass_metrics(labels: Ints, scores: Floats) -> WeightedMetrics:
    """Of `measure_multiclass`: labels [n] class numbers, scores [n, c]; macro means where there are few classes.

    >>> measure = multiclass_metrics(np.array([0, 1, 2]), np.eye(3))
    >>> measure(np.ones((2, 3)))["accuracy"].tolist()
    [1.0, 1.0]
    """
    num_classes = scores.shape[1]
    predicted = np.argmax(scores, axis=1)
    of_label = scores[np.arange(len(labels)), labels].astype(np.float64)
    brier = np.sum(np.square(scores.astype(np.float64)), axis=1) - 2.0 * of_label + 1.0
    losses = -np.log(clipped(scores[np.arange(len(labels)), labels]))
    terms = np.column_stack([predicted == labels, losses, brier]).astype(np.float64)
    ranked = range(num_classes if num_classes <= MOST_RANKED else 0)
    rankings = [_Ranking(scores[:, index], labels == index) for index in ranked]

    def measure(weights: Doubles) -> dict[str, Doubles]:
        """Name → [b], of weightings [b, n]."""
        right, loss, squares = (weights @ terms).T / weights.sum(axis=1)
        values = {"accuracy": right, "log_loss": loss, "brier_score": squares}
        if rankings:
            values["roc_auc"] = _mean_of_defined(np.array([each.areas(weights)[0] for each in rankings]))
        if num_classes <= MOST_CLASSES:
            values |= _macro_ratios(labels, predicted, weights, num_classes)
        return values

    return measure


def regression_metrics(labels: Floats, predictions: Floats, asked: AskedMetric | None = None) -> WeightedMetrics:
    """Of `measure_regression`, less the logarithmic error and what is `asked` for where undefined: both [n] float64.

    >>> measure = regression_metrics(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 4.0]))
    >>> measure(np.ones((1, 3)))["r2_score"].tolist()
    [0.5]
    """
    errors = labels - predictions
    centred = labels - (np.mean(labels) if len(labels) else 0.0)
    has_logs = bool(len(labels)) and min(float(labels.min()), float(predictions.min())) > -1.0
    logs = np.square(np.log1p(labels) - np.log1p(predictions)) if has_logs else np.zeros(len(labels))
    own = np.zeros(len(labels)) if asked is None else asked.rows(labels, predictions)
    has_own = asked is not None and bool(np.isfinite(own).all())
    parts = [centred, np.square(centred), errors, np.square(errors), np.abs(errors), logs]
    terms = np.column_stack([*parts, own if has_own else np.zeros(len(labels))])
    order = np.argsort(np.abs(errors))
    ascending = np.abs(errors)[order]

    def measure(weights: Doubles) -> dict[str, Doubles]:
        """Name → [b], of weightings [b, n]."""
        total = weights.sum(axis=1)
        below = np.cumsum(weights[:, order], axis=1)
        middle = np.argmax(below >= np.ceil(total / 2.0)[:, None], axis=1)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            label, label_square, error, square, absolute, log_square, own_mean = (weights @ terms).T / total
            variance = label_square - np.square(label)
            values = {
                "r2_score": 1.0 - square / variance,
                "explained_variance": 1.0 - (square - np.square(error)) / variance,
                "root_mean_squared_error": np.sqrt(square),
                "mean_absolute_error": absolute,
                "median_absolute_error": ascending[middle],
                "mean_squared_error": square,
            }
        found = {asked.name: own_mean} if asked is not None and has_own else {}
        return values | ({"mean_squared_log_error": log_square} if has_logs else {}) | found

    return measure


class _Ranking:
    """Rows in the order of their scores, with where each tie begins."""

    def __init__(self, scores: Floats, positive: npt.NDArray[np.bool_]) -> None:
        self._order = np.argsort(scores, kind="stable")
        rising = scores[self._order]
        self._starts = np.flatnonzero(np.append(True, rising[1:] != rising[:-1]))
        self._is_rising = bool(np.array_equal(self._order, np.arange(len(scores))))
        self._positive = positive[self._order].astype(np.float64)

    def areas(self, weights: Doubles) -> tuple[Doubles, Doubles]:
        """ROC AUC and average precision [b], as `metrics.roc_auc` and `metrics.average_precision` have them."""
        ranked = weights if self._is_rising else weights[:, self._order]
        inside = np.add.reduceat(ranked * self._positive, self._starts, axis=1)
        outside = np.add.reduceat(ranked, self._starts, axis=1) - inside
        below = np.cumsum(outside, axis=1)
        positives, negatives = inside.sum(axis=1), outside.sum(axis=1)
        hits = positives[:, None] - np.cumsum(inside, axis=1) + inside
        called = hits + negatives[:, None] - below + outside
        with np.errstate(divide="ignore", invalid="ignore"):
            roc_auc = np.sum(inside * (below - outside / 2.0), axis=1) / (positives * negatives)
            precision = np.where(inside > 0, hits / called, 0.0)
            return roc_auc, np.sum(inside * precision, axis=1) / positives


def _macro_ratios(labels: Ints, predicted: Ints, weights: Doubles, num_classes: int) -> dict[str, Doubles]:
    """Means over the classes that occur as a label or a prediction, 0/0 as 0."""
    places = labels * num_classes + predicted
    size = num_classes * num_classes
    flat = np.array([np.bincount(places, each, size) for each in weights])
    matrices = flat.reshape(len(weights), num_classes, num_classes)
    hits = matrices.diagonal(axis1=1, axis2=2)
    found, called = matrices.sum(axis=2), matrices.sum(axis=1)
    occurs = found + called > 0
    ratios = {"precision": (hits, called), "recall": (hits, found), "f1_score": (2.0 * hits, found + called)}
    return {
        name: np.sum(np.divide(top, under, out=np.zeros_like(top), where=under > 0), axis=1) / occurs.sum(axis=1)
        for name, (top, under) in ratios.items()
    }


def _mean_of_defined(values: Doubles) -> Doubles:
    """[c, b] → [b]: the mean over what is defined."""
    defined = np.isfinite(values)
    counts = defined.sum(axis=0)
    sums = np.sum(np.where(defined, values, 0.0), axis=0)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)

"""Counts of (label, prediction), and the averages over classes that are made of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hagane.metrics.binary_counts import BinaryCounts
from hagane.metrics.undefined import NO_ROWS, Ints, Undefined, Value


def confusion_matrix(labels: Ints, predicted: Ints, num_classes: int) -> npt.NDArray[np.int64]:
    """[c, c]: rows are labels, columns predictions. Both inputs are [n] class indices.

    >>> confusion_matrix(np.array([0, 1, 1]), np.array([0, 0, 1]), 2).tolist()
    [[1, 0], [1, 1]]
    """
    flat = np.bincount(labels.astype(np.int64) * num_classes + predicted, minlength=num_classes * num_classes)
    return flat.reshape(num_classes, num_classes).astype(np.int64)


def class_counts(matrix: npt.NDArray[np.int64]) -> list[BinaryCounts]:
    """The four counts of each class against all others, from [c, c].

    >>> class_counts(np.array([[1, 0], [1, 1]]))[1].recall
    0.5
    """
    total, labels, predicted = int(matrix.sum()), matrix.sum(axis=1), matrix.sum(axis=0)
    hits = np.diagonal(matrix)
    rows = zip(hits.tolist(), (predicted - hits).tolist(), (labels - hits).tolist(), strict=True)
    return [BinaryCounts(tp, fp, total - tp - fp - fn, fn) for tp, fp, fn in rows]


def accuracy(matrix: npt.NDArray[np.int64]) -> Value:
    """The share of the rows on the diagonal."""
    return float(np.trace(matrix)) / float(matrix.sum()) if matrix.sum() else NO_ROWS


def macro_precision(matrix: npt.NDArray[np.int64]) -> Value:
    """The plain mean of the classes' precision, as BigQuery ML averages; see `_macro` for which classes count."""
    return _macro(matrix, "precision")


def macro_recall(matrix: npt.NDArray[np.int64]) -> Value:
    """The plain mean of the classes' recall (balanced accuracy where every class occurs)."""
    return _macro(matrix, "recall")


def macro_f1_score(matrix: npt.NDArray[np.int64]) -> Value:
    """The plain mean of the classes' F1 (not the F1 of the means).

    >>> round(macro_f1_score(np.array([[1, 0], [1, 1]])), 4)
    0.6667
    """
    return _macro(matrix, "f1_score")


def _macro(matrix: npt.NDArray[np.int64], name: str) -> Value:
    """Over the classes that occur as label or prediction; 0/0 counts as 0 (scikit-learn's rule)."""
    counts = [
        each for each in class_counts(matrix) if each.true_positives + each.false_positives + each.false_negatives
    ]
    values: list[Value] = [getattr(each, name) for each in counts]
    return float(np.mean([0.0 if isinstance(value, Undefined) else value for value in values])) if values else NO_ROWS

"""How much of the label's variation the predictions account for."""

from __future__ import annotations

import numpy as np

from hagane.metrics.undefined import NO_ROWS, Floats, Undefined, Value, finite


def r2_score(labels: Floats, predictions: Floats) -> Value:
    """1 - Σ(y - ŷ)² / Σ(y - ȳ)²: 1 is perfect, 0 is no better than the mean, below 0 is worse.

    >>> r2_score(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 4.0]))
    0.5
    """
    return _one_minus(np.square(labels - predictions), labels)


def explained_variance(labels: Floats, predictions: Floats) -> Value:
    """1 - Var(y - ŷ) / Var(y): R² that forgives a constant offset.

    >>> explained_variance(np.array([1.0, 2.0, 3.0]), np.array([2.0, 3.0, 4.0]))
    1.0
    """
    errors = labels - predictions
    return _one_minus(np.square(errors - np.mean(errors)) if len(errors) else errors, labels)


def _one_minus(unexplained: Floats, labels: Floats) -> Value:
    if not len(labels):
        return NO_ROWS
    if np.min(labels) == np.max(labels):
        return Undefined("every label is the same")
    total = float(np.sum(np.square(labels - np.mean(labels))))
    return finite(1.0 - float(np.sum(unexplained)) / total) if total else Undefined("the labels hardly differ")

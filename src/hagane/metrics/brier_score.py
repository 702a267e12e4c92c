"""The Brier score: the mean squared error of probabilities (Brier, 1950)."""

from __future__ import annotations

import numpy as np

from hagane.metrics.undefined import NO_ROWS, Bools, Floats, Ints, Value


def binary_brier_score(positive: Bools, scores: Floats) -> Value:
    """mean((p - y)²) of the positive class, in [0, 1]: half of Brier's sum over both classes, as is usual for two.

    >>> binary_brier_score(np.array([True, False]), np.array([0.5, 0.0]))
    0.125
    """
    return float(np.mean(np.square(scores.astype(np.float64) - positive))) if len(positive) else NO_ROWS


def brier_score(labels: Ints, scores: Floats) -> Value:
    """mean over the rows of Σ_c (p_c - y_c)², in [0, 2]: Brier's own, for three classes and more. `scores` [n, c].

    >>> round(brier_score(np.array([0]), np.array([[0.6, 0.3, 0.1]])), 4)
    0.26
    """
    if not len(labels):
        return NO_ROWS
    exact = scores.astype(np.float64)
    of_label = exact[np.arange(len(labels)), labels]
    return float(np.mean(np.sum(np.square(exact), axis=1) - 2.0 * of_label + 1.0))

"""Log loss (cross entropy, in nats): what probabilities cost.

Probabilities are clipped to [eps, 1 - eps] first, eps being the machine epsilon of the scores' own type (2.2e-16 for
float64, 1.2e-7 for float32: a float32 model cannot say anything finer), so that one certain error costs about 36 or 16
and not infinity.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hagane.metrics.undefined import NO_ROWS, Bools, Floats, Ints, Value


def clipped(scores: Floats) -> npt.NDArray[np.float64]:
    """The scores as float64 in [eps, 1 - eps], eps of the type they came in.

    >>> clipped(np.array([0.0, 1.0])).tolist()
    [2.220446049250313e-16, 0.9999999999999998]
    """
    epsilon = float(np.finfo(scores.dtype).eps)
    return np.clip(scores.astype(np.float64), epsilon, 1.0 - epsilon)


def binary_log_loss(positive: Bools, scores: Floats) -> Value:
    """-mean(ln p of the label), p being `scores` [n] where `positive` and 1 - `scores` elsewhere.

    >>> binary_log_loss(np.array([True, False]), np.array([0.5, 0.5]))
    0.6931471805599453
    """
    if not len(positive):
        return NO_ROWS
    probability = clipped(scores)
    return float(-np.mean(np.log(np.where(positive, probability, 1.0 - probability))))


def log_loss(labels: Ints, scores: Floats) -> Value:
    """-mean over the rows of ln `scores[i, labels[i]]`: the usual one. `scores` [n, c].

    >>> round(log_loss(np.array([0, 2]), np.array([[0.5, 0.25, 0.25], [0.2, 0.3, 0.5]])), 4)
    0.6931
    """
    return float(np.mean(_row_losses(labels, scores))) if len(labels) else NO_ROWS


def macro_log_loss(labels: Ints, scores: Floats) -> Value:
    """Mean over the classes that occur of the mean loss of their rows: BigQuery ML's `log_loss` of several classes.

    >>> scores = np.array([[0.5, 0.5], [0.5, 0.5], [0.75, 0.25]])
    >>> round(macro_log_loss(np.array([0, 0, 1]), scores), 4)  # (ln 2 + ln 4) / 2
    1.0397
    """
    if not len(labels):
        return NO_ROWS
    totals = np.bincount(labels, weights=_row_losses(labels, scores), minlength=scores.shape[1])
    counts = np.bincount(labels, minlength=scores.shape[1])
    return float(np.mean(totals[counts > 0] / counts[counts > 0]))


def _row_losses(labels: Ints, scores: Floats) -> npt.NDArray[np.float64]:
    return -np.log(clipped(scores[np.arange(len(labels)), labels]))

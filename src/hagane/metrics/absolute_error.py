"""Errors in the label's own unit."""

from __future__ import annotations

import numpy as np

from hagane.metrics.undefined import NO_ROWS, Floats, Value, finite


def mean_absolute_error(labels: Floats, predictions: Floats) -> Value:
    """mean |y - ŷ|; both [n] float64.

    >>> mean_absolute_error(np.array([1.0, 2.0]), np.array([2.0, 4.0]))
    1.5
    """
    return finite(float(np.mean(np.abs(labels - predictions)))) if len(labels) else NO_ROWS


def median_absolute_error(labels: Floats, predictions: Floats) -> Value:
    """The lower median of |y - ŷ|: the element of rank ceil(n / 2), an error that some row really has.

    BigQuery ML reports the lower median; scikit-learn's mean of the two middle ones differs for even n.

    >>> median_absolute_error(np.array([0.0, 0.0, 0.0, 0.0]), np.array([1.0, 2.0, 3.0, 4.0]))
    2.0
    """
    if not len(labels):
        return NO_ROWS
    middle = (len(labels) - 1) // 2
    return finite(float(np.partition(np.abs(labels - predictions), middle)[middle]))

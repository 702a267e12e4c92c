"""Squared errors: the mean, its root, and the mean of the logarithms'."""

from __future__ import annotations

import math

import numpy as np

from hagane.metrics.undefined import NO_ROWS, Floats, Undefined, Value, finite


def mean_squared_error(labels: Floats, predictions: Floats) -> Value:
    """mean (y - ŷ)²; both [n] float64.

    >>> mean_squared_error(np.array([1.0, 2.0]), np.array([2.0, 4.0]))
    2.5
    """
    return finite(float(np.mean(np.square(labels - predictions)))) if len(labels) else NO_ROWS


def root_mean_squared_error(labels: Floats, predictions: Floats) -> Value:
    """The root of the mean squared error, in the label's unit."""
    squared = mean_squared_error(labels, predictions)
    return squared if isinstance(squared, Undefined) else math.sqrt(squared)


def mean_squared_log_error(labels: Floats, predictions: Floats) -> Value:
    """mean (ln(1 + y) - ln(1 + ŷ))², which asks that every label and prediction be > -1.

    >>> mean_squared_log_error(np.array([-1.0]), np.array([0.0])).reason
    'a label is not above -1'
    """
    if not len(labels):
        return NO_ROWS
    for name, values in (("label", labels), ("prediction", predictions)):
        if np.min(values) <= -1.0:
            return Undefined(f"a {name} is not above -1")
    return finite(float(np.mean(np.square(np.log1p(labels) - np.log1p(predictions)))))

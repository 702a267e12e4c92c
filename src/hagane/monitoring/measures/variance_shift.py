"""`variance_shift`: how many standard errors the logarithms of two variances lie apart."""

from __future__ import annotations

import math

import numpy as np

from hagane.statistics.statistics import ColumnStatistics

NUM_QUANTILES = 512
NORMAL_KURTOSIS = 3.0
LEAST_KURTOSIS = 1.1
"""Of two values that are equally frequent it is 1, and their variance would have no error at all."""


def variance_shift(base: ColumnStatistics, study: ColumnStatistics) -> float | None:
    """|ln(s₂² / s₁²)| / √((κ₁ - 1) / n₁ + (κ₂ - 1) / n₂) of the finite values, κ being their kurtosis.

    The error of the logarithm of a variance by the delta method (Layard, Robust Large-Sample Tests for Homogeneity of
    Variances, 1973). κ comes from 512 quantiles of each side's sketch, which miss the farthest tails; a side
    without a sketch counts as normal. Infinite where one side is constant and the other is not. None of what are no
    numbers, or where a side has fewer than two values.

    >>> from hagane.types import SqlType
    >>> sides = [ColumnStatistics(name="x", type=SqlType.FLOAT64, count=100, num_nulls=0, mean=0.0, stddev=deviation)
    ...          for deviation in (1.0, 2.0)]
    >>> round(variance_shift(*sides), 6)
    6.931472
    """
    logarithms, variance_of_log = [], 0.0
    for column in (base, study):
        num_values = column.count - column.num_infinite
        if column.stddev is None or num_values < 2:
            return None
        logarithms.append(2 * math.log(column.stddev) if column.stddev > 0 else -math.inf)
        variance_of_log += (_kurtosis(column) - 1) / num_values
    before, after = logarithms
    if before == after:
        return 0.0
    return abs(after - before) / math.sqrt(variance_of_log)


def _kurtosis(column: ColumnStatistics) -> float:
    if column.quantile_sketch is None:
        return NORMAL_KURTOSIS
    fractions = (np.arange(NUM_QUANTILES) + 0.5) / NUM_QUANTILES
    values = np.array(column.quantile_sketch.quantiles(fractions.tolist()))
    scale = float(np.abs(values).max())
    centred = (values / scale - (values / scale).mean()) if scale > 0 else values
    variance = float(np.mean(centred**2))
    if variance == 0:
        return NORMAL_KURTOSIS
    return max(LEAST_KURTOSIS, float(np.mean(centred**4)) / variance**2)

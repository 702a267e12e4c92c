"""`column_wasserstein`: how far a column's values have to be moved, on average, to lie as the baseline's."""

from __future__ import annotations

import math

import numpy as np

from hagane.monitoring.measures.compared_quantiles import compared_quantiles
from hagane.statistics.statistics import ColumnStatistics


def column_wasserstein(base: ColumnStatistics, study: ColumnStatistics) -> float | None:
    """∫ |F⁻¹(p) - G⁻¹(p)| dp, Wasserstein's first distance, in standard deviations of the baseline: 0 and up.

    By the midpoint rule over quantiles of both sketches (`compared_quantiles`), of finite values. One row can be any
    distance by itself, if it lies far enough off: here no row is, and what fewer than 0.4 % of the values
    (of under 384: one and a half of them) do at an end of a column is not seen. So it is
    `scipy.stats.wasserstein_distance` over the deviation within a few per cent, but not where a handful of rows make
    up much of that. A baseline of one value has no deviation: the distance is then infinite unless it is 0. None
    without numbers, or where the deviation is beyond FLOAT64.

    >>> import pyarrow as pa
    >>> from hagane.statistics.measure_array import measure_array
    >>> sides = [measure_array("x", pa.array(range(start, start + 100))) for start in (0, 10)]
    >>> round(column_wasserstein(*sides), 6), round(10 / sides[0].stddev, 6)
    (0.344691, 0.344691)
    """
    both = compared_quantiles(base, study)
    if both is None or (base.stddev is None and base.count - base.num_infinite > 1):
        return None
    with np.errstate(over="ignore"):
        distance = float(np.sum(np.abs(both[0] - both[1]) / len(both[0])))
    if base.stddev:
        return distance / base.stddev
    return math.inf if distance > 0 else 0.0

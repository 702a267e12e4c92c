"""`sketch_error`: how far a distance may be off because distributions come from sketches, not from rows."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from hagane.monitoring.distribution import Bucket, Categories, Distribution, Histogram
from hagane.statistics.statistics import ColumnStatistics

Shares = npt.NDArray[np.float64]


def sketch_error(
    measure: str, base: ColumnStatistics, study: ColumnStatistics, both: tuple[Distribution, Distribution], value: float
) -> float | None:
    """A bound on |value - the rows' own value|, over the same buckets; None of a measure that has none in closed form.

    A bucket's share is off by two ranks, each by `rank_error` e with 99 % confidence: Kolmogorov's D by e on each side.
    √JS is a metric (Endres and Schindelin, 2003), so it is off by √JS of each side with what the side may be: in
    bits JS(P, P') ≤ ½ Σ (p - p')² / (p + p') (Topsøe, 2000) with |p - p'| ≤ 2 e. The largest change of a share is off
    by what the sketch of frequent values may miss on each side. 0 where all values were counted.

    >>> from hagane.types import SqlType
    >>> column = ColumnStatistics(name="paid", type=SqlType.STRING, count=4, num_nulls=0)
    >>> sketch_error("l_infty", column, column, (Categories({"a": 4}), Categories({"b": 4})), 1.0)
    0.0
    """
    name = measure.upper()
    errors = [_share_error(column, side) for column, side in zip((base, study), both, strict=True)]
    if name == "L_INFTY":
        return min(1.0, sum(errors))
    if name == "KOLMOGOROV_SMIRNOV":
        return min(1.0, sum(errors) / 2)
    if name == "JENSEN_SHANNON_DIVERGENCE":
        sides = zip((base, study), both, errors, strict=True)
        moved = sum(_root_of_own(column, side, error) for column, side, error in sides)
        root = math.sqrt(max(0.0, value))
        return max(min(1.0, (root + moved) ** 2) - value, value - max(0.0, root - moved) ** 2)
    return None


def _share_error(column: ColumnStatistics, side: Distribution) -> float:
    """How far one bucket's, or one value's, share may be off."""
    if isinstance(side, Histogram):
        sketch = column.quantile_sketch
        return 0.0 if sketch is None else 2 * sketch.rank_error
    if column.frequent_sketch is None or column.frequent_sketch.is_complete or not side.total:
        return 0.0
    listed = max(0.0, 1 - side.total / max(1, column.count))
    return column.frequent_sketch.error / side.total + listed


def _root_of_own(column: ColumnStatistics, side: Distribution, error: float) -> float:
    """√JS of a side with the farthest that it may be in truth. Beyond its extremes, which are exact, it is empty."""
    if not error or not side.total:
        return 0.0
    if isinstance(side, Categories):
        shares = np.array(list(side.counts.values()), np.float64) / side.total
    else:
        inside = [bucket for bucket in side.buckets if bucket.count or _reaches(column, bucket)]
        shares = np.array([bucket.count for bucket in inside], np.float64) / side.total
    least = np.maximum(2 * shares - error, error)
    return math.sqrt(min(1.0, 0.5 * float(np.sum(error**2 / least))))


def _reaches(column: ColumnStatistics, bucket: Bucket) -> bool:
    low, high = column.min, column.max
    assert isinstance(low, int | float)
    assert isinstance(high, int | float)
    return bucket.low < high and bucket.high >= low

"""`wasserstein`: how far the values have to be moved, on average, to make one distribution of the other."""

from __future__ import annotations

import math

import numpy as np

from hagane.monitoring.distribution import Distribution, Histogram
from hagane.monitoring.measures.cumulative_shares import CumulativeShares, cumulative_shares


def wasserstein(base: Distribution, study: Distribution) -> float | None:
    """∫ |F(x) - G(x)| dx, Wasserstein's first distance, in standard deviations of the baseline: 0 and up.

    Exact for the histograms, which of rows is less than `column_wasserstein` tells: between edges both rise in straight
    lines, and the area between two such lines is two triangles where they cross. A baseline of one value has no
    deviation: the distance is then infinite unless it is 0. None for text, without values, or where values lie at
    infinity.

    >>> base, moved = Histogram.of_edges([0, 12], [10]), Histogram.of_edges([6, 18], [3])
    >>> round(wasserstein(base, moved), 6)
    1.732051
    """
    if not isinstance(base, Histogram) or not isinstance(study, Histogram):
        return None
    shares = cumulative_shares(base, study)
    if shares is None or not np.isfinite(shares.edges).all():
        return None
    distance, deviation = _area_between(shares), _deviation(base)
    if deviation > 0:
        return distance / deviation
    return math.inf if distance > 0 else 0.0


def _area_between(shares: CumulativeShares) -> float:
    """Over the stretches between edges: F and G right of the first edge, and left of the second."""
    first = shares.base - shares.study
    last = shares.base_below - shares.study_below
    left, right, width = first[:-1], last[1:], np.diff(shares.edges)
    crosses = left * right < 0
    total = np.abs(left) + np.abs(right)
    triangles = np.divide(left**2 + right**2, 2 * total, out=np.zeros_like(total), where=total > 0)
    return float(np.sum(width * np.where(crosses, triangles, total / 2)))


def _deviation(histogram: Histogram) -> float:
    """Standard deviation, values lying evenly in their buckets: between the buckets' middles, and within each."""
    lows, highs, counts = (
        np.array([getattr(bucket, name) for bucket in histogram.buckets]) for name in ("low", "high", "count")
    )
    shares, middles = counts / counts.sum(), (lows + highs) / 2
    mean = float(np.sum(shares * middles))
    return math.sqrt(float(np.sum(shares * ((middles - mean) ** 2 + (highs - lows) ** 2 / 12))))

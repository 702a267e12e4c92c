"""The Davies–Bouldin index of a clustering."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hagane.metrics.undefined import Undefined, Value, finite


def davies_bouldin_index(spread: npt.NDArray[np.float64], between: npt.NDArray[np.float64]) -> Value:
    """The mean over clusters of the worst (spread_i + spread_j) / between_ij; the lower, the better apart.

    `spread` [k] is how far a cluster's rows lie from its centroid (a mean of any order of their distances: scikit-learn
    takes the first, BigQuery ML the second), `between` [k, k] how far centroids lie from each other. Davies and Bouldin
    1979, "A Cluster Separation Measure". Undefined for fewer than two clusters with rows, and
    where two centroids are one point.

    >>> davies_bouldin_index(np.array([1.0, 2.0]), np.array([[0.0, 6.0], [6.0, 0.0]]))
    0.5
    """
    if len(spread) < 2:
        return Undefined("fewer than two clusters have rows")
    apart = between + np.diag(np.full(len(spread), np.inf))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = (spread[:, None] + spread[None, :]) / apart
    if not np.isfinite(ratios).all():
        return Undefined("two centroids are one point")
    return finite(float(ratios.max(axis=1).mean()))

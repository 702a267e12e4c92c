"""`grid_association`: whether two columns depend on each other in any way at all, and more than r can tell."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc, ndtr, ndtri

from hagane.statistics.cramers_v import cramers_v

Floats = npt.NDArray[np.float64]
MAX_BINS = 8
_STEPS = 24


class GridAssociation(NamedTuple):
    """Cramér's V over a grid of quantiles, as found and as a cloud of the same rank correlation would have it."""

    found: float
    expected: float
    p_value: float
    """Of the chi-squared test that the columns are independent."""


def grid_association(x: Floats, y: Floats, correlation: float) -> GridAssociation | None:
    """Of values without NaN, [n]; None below 50 rows, or where a column has one bin.

    The grid has up to 8 × 8 cells, by quantiles, so that neither scale nor outliers count. `correlation` is Spearman's;
    the cloud compared with is normal with Pearson's 2 sin(πρ/6), its cells integrated by midpoints.
    """
    n = len(x)
    if n < 50:
        return None
    num_bins = int(np.clip(np.sqrt(n / 8), 3, MAX_BINS))
    first, second = _bins(x, num_bins), _bins(y, num_bins)
    counts = np.zeros((num_bins, num_bins), np.int64)
    np.add.at(counts, (first, second), 1)
    counts = counts[np.ix_(counts.sum(axis=1) > 0, counts.sum(axis=0) > 0)]
    if min(counts.shape) < 2:
        return None
    shares = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / n
    squared = float(((counts - shares) ** 2 / shares).sum())
    freedom = (counts.shape[0] - 1) * (counts.shape[1] - 1)
    normal = _normal(counts.sum(axis=1) / n, counts.sum(axis=0) / n, 2 * np.sin(np.pi * correlation / 6))
    independent = np.outer(normal.sum(axis=1), normal.sum(axis=0))
    expected = float(np.sqrt(((normal - independent) ** 2 / independent).sum() / (min(counts.shape) - 1)))
    return GridAssociation(cramers_v(counts) or 0.0, min(1.0, expected), float(chdtrc(freedom, squared)))


def _bins(values: Floats, num_bins: int) -> npt.NDArray[np.int64]:
    edges = np.quantile(values, np.arange(1, num_bins) / num_bins, method="inverted_cdf")
    return np.searchsorted(np.unique(edges), values, side="left").astype(np.int64)


def _normal(rows: Floats, columns: Floats, correlation: float) -> Floats:
    """Shares of a normal cloud in the cells between the same quantiles."""
    r = float(np.clip(correlation, -0.999, 0.999))
    ends = np.concatenate([[0.0], np.cumsum(rows)])
    places = ends[:-1, None] + rows[:, None] * (np.arange(_STEPS) + 0.5) / _STEPS
    at = ndtri(np.clip(places, 1e-9, 1 - 1e-9))
    edges = ndtri(np.clip(np.concatenate([[0.0], np.cumsum(columns)]), 1e-12, 1 - 1e-12))
    below = ndtr((edges[None, None, :] - r * at[:, :, None]) / np.sqrt(1 - r * r))
    shares: Floats = np.diff(below, axis=2).mean(axis=1) * rows[:, None]
    return np.maximum(shares, 1e-15)

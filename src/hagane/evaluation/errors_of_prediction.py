"""Where a regression errs: quantiles of its residuals, and labels against predictions as a 2-D histogram."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from hagane.evaluation.evaluation import Density, Quantile

PROBABILITIES = (0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)
NUM_BINS = 40
OUTSIDE = 0.005
"""Share of the labels and of the predictions that each end of the histogram may leave out."""
Doubles = npt.NDArray[np.float64]


def residual_quantiles(labels: Doubles, predictions: Doubles) -> tuple[Quantile, ...]:
    """Of label - prediction, by nearest rank (ceil(n q)); empty without rows.

    >>> [q.value for q in residual_quantiles(np.array([1.0, 2.0, 3.0]), np.zeros(3)) if q.q in (0, 0.5, 1)]
    [1.0, 2.0, 3.0]
    """
    if not len(labels):
        return ()
    with np.errstate(over="ignore"):
        found = np.quantile(np.clip(labels - predictions, *_FINITE), PROBABILITIES, method="inverted_cdf")
    return tuple(Quantile(q, float(value)) for q, value in zip(PROBABILITIES, found, strict=True))


def density(labels: Doubles, predictions: Doubles) -> Density | None:
    """The histogram over the common range of both, outliers counted; None without rows or where the range overflows."""
    if not len(labels):
        return None
    ends = [np.quantile(each, (OUTSIDE, 1.0 - OUTSIDE), method="inverted_cdf") for each in (labels, predictions)]
    low, high = float(min(ends[0][0], ends[1][0])), float(max(ends[0][1], ends[1][1]))
    if low == high:
        low, high = low - max(0.5, abs(low) / 2), high + max(0.5, abs(high) / 2)
    if not math.isfinite(high - low):
        return None
    rows, columns = _bins(predictions, low, high), _bins(labels, low, high)
    inside = (rows >= 0) & (columns >= 0)
    flat = np.bincount(rows[inside] * NUM_BINS + columns[inside], minlength=NUM_BINS * NUM_BINS)
    counts = tuple(tuple(row) for row in flat.reshape(NUM_BINS, NUM_BINS).tolist())
    return Density(low=low, high=high, counts=counts, num_outside=int(np.count_nonzero(~inside)))


def _bins(values: Doubles, low: float, high: float) -> npt.NDArray[np.int64]:
    """[n] bin of each value, -1 outside."""
    inside = (values >= low) & (values <= high)
    place = (np.where(inside, values, low) - low) / (high - low) * NUM_BINS
    return np.where(inside, np.minimum(place.astype(np.int64), NUM_BINS - 1), -1)


_FINITE = (np.finfo(np.float64).min, np.finfo(np.float64).max)

"""Whether a probability means what it says: reliability bins and the expected calibration error.

Sources: Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning", 2015 (the
error); Guo et al., "On calibration of modern neural networks", 2017 (the highest probability, for several classes).
"""

from __future__ import annotations

import dataclasses

import numpy as np

from hagane.metrics.undefined import NO_ROWS, Bools, Floats, Ints, Value

NUM_BINS = 10


@dataclasses.dataclass(frozen=True)
class ReliabilityBins:
    """Rows by predicted probability in equal bins (k/b, (k+1)/b], the first with 0; bins without rows are left out."""

    lower: Floats
    upper: Floats
    counts: Ints
    mean_score: Floats
    """What was predicted, on average."""
    observed: Floats
    """How often it was so."""

    @property
    def expected_calibration_error(self) -> Value:
        """Σ (rows in the bin / n) |observed - mean_score|."""
        total = int(self.counts.sum())
        return float(np.sum(self.counts * np.abs(self.observed - self.mean_score))) / total if total else NO_ROWS


def reliability_bins(happened: Bools, scores: Floats, num_bins: int = NUM_BINS) -> ReliabilityBins:
    """Put rows into bins by their probability. `happened` [n], `scores` [n] in [0, 1].

    >>> bins = reliability_bins(np.array([True, False, True]), np.array([0.9, 0.85, 0.15]))
    >>> bins.counts.tolist(), bins.observed.tolist(), round(bins.expected_calibration_error, 4)
    ([1, 2], [1.0, 0.5], 0.5333)
    """
    edges = np.linspace(0.0, 1.0, num_bins + 1)
    exact = scores.astype(np.float64)
    bins = np.searchsorted(edges[1:-1], exact)
    counts = np.bincount(bins, minlength=num_bins)
    used = counts > 0
    means = np.bincount(bins, weights=exact, minlength=num_bins)[used] / counts[used]
    observed = np.bincount(bins, weights=happened, minlength=num_bins)[used] / counts[used]
    return ReliabilityBins(edges[:-1][used], edges[1:][used], counts[used].astype(np.int64), means, observed)


def top_label_bins(labels: Ints, scores: Floats, num_bins: int = NUM_BINS) -> ReliabilityBins:
    """Bins of the highest probability of each row, and whether that class was right. `scores` [n, c]."""
    predicted = np.argmax(scores, axis=1)
    return reliability_bins(predicted == labels, np.max(scores, axis=1), num_bins)

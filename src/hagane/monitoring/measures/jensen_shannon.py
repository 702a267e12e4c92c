"""`jensen_shannon`: how far two distributions lie apart, over all of their values."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hagane.monitoring.distribution import Distribution
from hagane.monitoring.measures.compared_counts import compared_counts

Counts = npt.NDArray[np.float64]


def jensen_shannon(base: Distribution, study: Distribution) -> float | None:
    """The Jensen-Shannon divergence (Lin, Divergence Measures Based on the Shannon Entropy, 1991), in bits.

    JSD(P, Q) = (D(P‖M) + D(Q‖M)) / 2 with M = (P + Q) / 2, from 0 (equal) to 1 (nothing in common); no root is taken.
    Histograms are cut into common pieces first (`aligned_counts`). None where one side is numbers and the other text,
    or one has no values: so TensorFlow Data Validation has it.

    >>> from hagane.monitoring.distribution import Categories
    >>> jensen_shannon(Categories({"a": 1}), Categories({"b": 7}))
    1.0
    >>> round(jensen_shannon(Categories({"a": 116, "b": 86, "c": 36}), Categories({"a": 775, "b": 795, "c": 279})), 6)
    0.004004
    """
    counts = compared_counts(base, study)
    if counts is None:
        return None
    p, q = (side / side.sum() for side in counts)
    middle = (p + q) / 2
    return float(min(max(0.0, (_divergence(p, middle) + _divergence(q, middle)) / 2), 1.0))


def _divergence(p: Counts, q: Counts) -> float:
    """Kullback and Leibler's D(p‖q), where q is positive wherever p is."""
    there = p > 0
    return float(np.sum(p[there] * np.log2(p[there] / q[there])))

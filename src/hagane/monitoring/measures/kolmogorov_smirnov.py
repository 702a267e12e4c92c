"""`kolmogorov_smirnov`: the largest gap between two cumulative distributions."""

from __future__ import annotations

import numpy as np

from hagane.monitoring.distribution import Distribution, Histogram
from hagane.monitoring.measures.cumulative_shares import cumulative_shares


def kolmogorov_smirnov(base: Distribution, study: Distribution) -> float | None:
    """The statistic D = max |F(x) - G(x)|, from 0 to 1, over every edge of either histogram.

    Between edges both sides are taken to rise evenly, so that the maximum lies at one. Of rows it is the statistic
    itself only as far as the buckets tell: buckets of equal counts tell most. None for text, or without values.

    >>> kolmogorov_smirnov(Histogram.of_edges([0, 1, 2], [5, 5]), Histogram.of_edges([0, 1, 2], [1, 9]))
    0.4
    """
    if not isinstance(base, Histogram) or not isinstance(study, Histogram):
        return None
    shares = cumulative_shares(base, study)
    return None if shares is None else float(np.abs(shares.base - shares.study).max())

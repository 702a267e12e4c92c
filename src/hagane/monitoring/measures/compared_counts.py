"""`compared_counts`: what two distributions count of the same pieces or values."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hagane.monitoring.distribution import Categories, Distribution, Histogram
from hagane.monitoring.measures.aligned_counts import aligned_counts

Counts = npt.NDArray[np.float64]


def compared_counts(base: Distribution, study: Distribution) -> tuple[Counts, Counts] | None:
    """[k] counts of either side: of the pieces of two histograms, of the values of two sets of categories, in order.

    None where one side is numbers and the other text, or a side has no values.

    >>> both = compared_counts(Categories({"b": 1, "a": 2}), Categories({"c": 3}))
    >>> [counts.tolist() for counts in both]
    [[2.0, 1.0, 0.0], [0.0, 0.0, 3.0]]
    """
    if isinstance(base, Histogram) and isinstance(study, Histogram):
        counts = aligned_counts(base, study)
    elif isinstance(base, Categories) and isinstance(study, Categories):
        values = sorted({*base.counts, *study.counts})
        of_base, of_study = (np.array([side.counts.get(value, 0.0) for value in values]) for side in (base, study))
        counts = of_base, of_study
    else:
        return None
    return counts if counts[0].sum() > 0 and counts[1].sum() > 0 else None

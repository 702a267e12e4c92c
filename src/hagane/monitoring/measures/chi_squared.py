"""`chi_squared`: whether two samples of categories can be of one population, as the strength of what says no."""

from __future__ import annotations

import math

import numpy as np

from hagane.monitoring.distribution import Categories, Distribution
from hagane.monitoring.measures.compared_counts import compared_counts


def chi_squared(base: Distribution, study: Distribution) -> float | None:
    """Pearson's χ² of the two rows of counts as Cramér's V: √(χ² / n), from 0 (the same shares) to 1 (none in common).

    χ² itself grows with the number of rows, and says of a million of them that anything has changed; V does not
    (Cramér, Mathematical Methods of Statistics, 1946; two rows, so its smaller dimension is 1). None for numbers, or
    where a side has no values.

    >>> round(chi_squared(Categories({"a": 10, "b": 10}), Categories({"a": 15, "b": 5})), 6)
    0.258199
    """
    if not isinstance(base, Categories) or not isinstance(study, Categories):
        return None
    counts = compared_counts(base, study)
    if counts is None:
        return None
    table = np.stack(counts)
    table = table[:, table.sum(axis=0) > 0]
    total = table.sum()
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / total
    statistic = float(np.sum((table - expected) ** 2 / expected))
    return math.sqrt(statistic / float(total))

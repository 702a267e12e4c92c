"""`population_stability_index`: the symmetric relative entropy by which credit scoring watches its populations."""

from __future__ import annotations

import numpy as np

from hagane.monitoring.distribution import Distribution
from hagane.monitoring.measures.compared_counts import compared_counts

LEAST_SHARE = 1e-4
"""What a share of 0 counts as: the logarithm of none is infinite."""


def population_stability_index(base: Distribution, study: Distribution) -> float | None:
    """PSI = Σ (q - p) ln(q / p) over the pieces or values: Jeffreys's divergence, in nats, from 0 and without an end.

    Siddiqi, Credit Risk Scorecards, 2006, where 0.1 is a small and 0.25 a large change. A share under one in ten
    thousand counts as that, so that one new value does not make it infinite. None where one side is numbers and the
    other text, or one has no values.

    >>> from hagane.monitoring.distribution import Categories
    >>> round(population_stability_index(Categories({"a": 50, "b": 50}), Categories({"a": 60, "b": 40})), 6)
    0.040547
    """
    counts = compared_counts(base, study)
    if counts is None:
        return None
    p, q = (np.maximum(side / side.sum(), LEAST_SHARE) for side in counts)
    return float(np.sum((q - p) * np.log(q / p)))

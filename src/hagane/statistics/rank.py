"""`rank`: the places of values in their order."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def rank(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The rank of every value among those present, from 1, [n]; equal values share their mean rank, NaN stays NaN.

    >>> rank(np.array([30.0, 10.0, np.nan, 10.0]))
    array([3. , 1.5, nan, 1.5])
    """
    present = ~np.isnan(values)
    _, inverse, counts = np.unique(values[present], return_inverse=True, return_counts=True)
    ranks = np.full(len(values), np.nan)
    ranks[present] = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return ranks

"""`uncertainty_coefficient`: how much of one column another tells."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def uncertainty_coefficient(counts: npt.NDArray[np.float64]) -> float:
    """Theil's U: which part of the rows' entropy is gone where the columns are known, 0 to 1.

    `counts` [n, m]: a contingency table. 0 where nothing is to be told: one row alone. What a table of so few counts
    would tell by chance is taken off: (n - 1) (m - 1) / 2N nats of the mutual information (Miller and Madow, 1955).

    >>> tables = [[500., 0.], [0., 500.]], [[250., 250.], [250., 250.]], [[5., 5.]]
    >>> [round(uncertainty_coefficient(np.array(table)), 3) for table in tables]
    [0.999, 0.0, 0.0]
    """
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    total = counts.sum()
    rows, columns = _entropy(counts.sum(axis=1), total), _entropy(counts.sum(axis=0), total)
    if not rows > 0:
        return 0.0
    by_chance = (counts.shape[0] - 1) * (counts.shape[1] - 1) / (2 * total)
    return max(0.0, float((rows + columns - _entropy(counts.ravel(), total) - by_chance) / rows))


def _entropy(counts: npt.NDArray[np.float64], total: float) -> float:
    shares = counts[counts > 0] / total
    return float(-(shares * np.log(shares)).sum())

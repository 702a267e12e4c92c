"""`cramers_v`: how strongly two categories go together."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def cramers_v(counts: npt.NDArray[np.integer]) -> float | None:
    """Cramér's V of a contingency table, 0 to 1, corrected for the bias of few rows; None where a side has one value.

    Bergsma, A bias-correction for Cramér's V and Tschuprow's T, 2013: φ̃² = max(0, φ² - (r-1)(c-1)/(n-1)), over the
    lesser of r̃ - 1 and c̃ - 1, r̃ = r - (r-1)²/(n-1).

    >>> cramers_v(np.array([[30, 0], [0, 30]])), cramers_v(np.array([[10, 20], [10, 20]]))
    (1.0, 0.0)
    """
    counts = counts[np.ix_(counts.sum(axis=1) > 0, counts.sum(axis=0) > 0)]
    n, (r, c) = int(counts.sum()), counts.shape
    if r < 2 or c < 2:
        return None
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / n
    phi_squared = float(((counts - expected) ** 2 / expected).sum()) / n
    corrected = max(0.0, phi_squared - (r - 1) * (c - 1) / (n - 1))
    least = min(r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)) - 1
    return float(min(1.0, np.sqrt(corrected / least))) if least > 0 else None

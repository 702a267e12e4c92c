"""`PairMoments`: Pearson's correlation of every pair of columns, from rows that come in parts.

Legend: n rows of a part, d columns; sums are matrices [d, d] over the rows in which both columns have a value.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_TINY = 1e-13
"""Of a standardised column: less variance than that is rounding."""


class PairMoments:
    """Sums of products, from which counts and correlations follow; pairwise complete.

    Values are shifted and scaled first (by anything near mean and deviation), so that no digits cancel.

    >>> moments = PairMoments(np.zeros(2), np.ones(2))
    >>> moments.add(np.array([[1.0, 2.0], [2.0, 4.0]]))
    >>> moments.add(np.array([[3.0, 7.0], [np.nan, 9.0]]))
    >>> int(moments.counts()[0, 1]), round(float(moments.pearson()[0, 1]), 4)
    (3, 0.9934)
    """

    def __init__(self, centres: Floats, scales: Floats) -> None:
        num_columns = len(centres)
        self._centres, self._scales = centres, np.where(scales > 0, scales, 1.0)
        self._products, self._counts, self._sums, self._squares = (
            np.zeros((num_columns, num_columns)) for _ in range(4)
        )
        """Σ xy, rows, Σ x and Σ x² of the first column over the rows in which the second has a value, too."""

    def add(self, rows: Floats) -> None:
        """Take in a part, [n, d]; NaN is no value."""
        scaled = (rows - self._centres) / self._scales
        missing = np.isnan(scaled)
        if not missing.any():
            self._products += scaled.T @ scaled
            self._counts += len(scaled)
            self._sums += scaled.sum(axis=0)[:, None]
            self._squares += np.einsum("ij,ij->j", scaled, scaled)[:, None]
            return
        present = (~missing).astype(np.float64)
        scaled[missing] = 0.0
        self._products += scaled.T @ scaled
        self._counts += present.T @ present
        self._sums += scaled.T @ present
        self._squares += (scaled * scaled).T @ present

    def counts(self) -> Floats:
        """In how many rows both columns of a pair have a value, [d, d]."""
        return self._counts.copy()

    def pearson(self) -> Floats:
        """Correlations, [d, d]; NaN where a column of the pair does not vary in the rows that both have."""
        n = np.maximum(self._counts, 1.0)
        covariance = self._products / n - (self._sums / n) * (self._sums.T / n)
        variance = np.maximum(self._squares / n - (self._sums / n) ** 2, 0.0)
        varies = (variance > _TINY) & (variance.T > _TINY) & (self._counts >= 2)
        deviations = np.sqrt(np.where(varies, variance, 1.0) * np.where(varies, variance.T, 1.0))
        result: Floats = np.where(varies, np.clip(covariance / deviations, -1.0, 1.0), np.nan)
        np.fill_diagonal(result, np.where(np.diag(varies), 1.0, np.nan))
        return result

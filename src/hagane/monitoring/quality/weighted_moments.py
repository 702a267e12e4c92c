"""`WeightedMoments`: sums from which any smooth function of weighted means has its error.

The error is that of a ratio of sums over rows drawn independently (Särndal, Swensson and Wretman, Model Assisted Survey
Sampling, 1992, chapter 5), by the delta method: Var g(m) = Σ w² (∇g · (z - m))² / (Σ w)².

Shapes: n rows, k terms; the first term of a row is 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class WeightedMoments(msgspec.Struct, frozen=True, kw_only=True):
    """Σ w z and Σ w² z zᵀ, mergeable with those of any other rows.

    >>> moments = WeightedMoments.of(np.array([[1.0, 2.0], [1.0, 4.0]]), np.array([1.0, 1.0]))
    >>> moments.means.tolist(), moments.error([0.0, 1.0])
    ([1.0, 3.0], 1.0)
    """

    sums: tuple[float, ...]
    """[k]."""
    products: tuple[float, ...]
    """[k · k], row by row."""

    @staticmethod
    def of(terms: Floats, weights: Floats) -> WeightedMoments:
        """Of terms [n, k] and weights [n]."""
        weighted = terms * weights[:, None]
        return WeightedMoments(sums=_tuple(weighted.sum(axis=0)), products=_tuple((weighted.T @ weighted).ravel()))

    def merge(self, other: WeightedMoments) -> WeightedMoments:
        """Of both's rows."""
        return WeightedMoments(
            sums=tuple(a + b for a, b in zip(self.sums, other.sums, strict=True)),
            products=tuple(a + b for a, b in zip(self.products, other.products, strict=True)),
        )

    def mapped(self, matrix: Floats) -> WeightedMoments:
        """Of the terms `matrix` [k, k] · z of the same rows."""
        products = matrix @ self._products @ matrix.T
        return WeightedMoments(sums=_tuple(matrix @ np.array(self.sums)), products=_tuple(products.ravel()))

    @property
    def num_rows(self) -> float:
        """Rows, weighted."""
        return self.sums[0]

    @property
    def num_effective(self) -> float:
        """Rows of equal weight that would say as much (Kish): (Σw)² / Σw²."""
        return self.sums[0] ** 2 / self.products[0] if self.products[0] else 0.0

    @property
    def means(self) -> Floats:
        """[k]; there are rows."""
        return np.array(self.sums) / self.sums[0]

    def error(self, gradient: Sequence[float] | Floats) -> float:
        """The standard error of a function of the means, given its gradient [k] at them."""
        slopes = np.array(gradient, np.float64)
        slopes[0] -= float(slopes @ self.means)  # as if every term were less its mean: the first term is 1
        variance = float(slopes @ self._products @ slopes) / self.sums[0] ** 2
        seen = self.num_effective
        return math.sqrt(max(0.0, variance) * (seen / (seen - 1) if seen > 1 else 1.0))

    @property
    def _products(self) -> Floats:
        return np.array(self.products).reshape(len(self.sums), -1)


def _tuple(values: Floats) -> tuple[float, ...]:
    return tuple(float(value) for value in values)

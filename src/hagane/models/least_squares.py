"""Penalised least squares in closed form, from the Gram matrix: minimise ½ wᵀGw − bᵀw + ½ Σ l2ⱼ wⱼ².

Shapes: G [w, w] symmetric, b, l2, unit [w]. `unit` is what a weight is divided by to be in its feature's own unit.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.linalg

Floats = npt.NDArray[np.float64]

LEAST_CONDITION = 1e-13
"""Below it Cholesky answers with rounding alone along what the data do not determine."""
RANK_TOLERANCE = 1e-11
"""Directions with an eigenvalue below this share of the largest are not determined by the data."""


def solve_ridge(gram: Floats, target: Floats, l2: Floats) -> Floats:
    """The solution where every l2ⱼ > 0, by Cholesky.

    Where a penalty is so small that rounding hides it (1e-14 beside columns that sum to one), it is the limit of small
    penalties: along directions that the data do not determine nothing is added.

    >>> gram, target = np.array([[2.0, 2.0], [2.0, 2.0]]), np.array([4.0, 4.0])
    >>> solve_ridge(gram, target, np.full(2, 1e-18)).round(9).tolist()
    [1.0, 1.0]
    """
    penalised = gram + np.diag(l2)
    factor, failed = scipy.linalg.lapack.dpotrf(penalised, lower=1, clean=0)
    if not failed:
        norm = float(np.abs(penalised).sum(axis=0).max())
        condition, _ = scipy.linalg.lapack.dpocon(factor, norm, uplo="L")
        if condition > LEAST_CONDITION:
            solution: Floats = scipy.linalg.cho_solve((factor, True), target)
            return solution
    values, vectors = np.linalg.eigh(penalised)
    kept = values > RANK_TOLERANCE * max(values[-1], 0.0)
    found: Floats = vectors[:, kept] @ ((vectors[:, kept].T @ target) / values[kept])
    return found


def solve_minimum_norm(gram: Floats, target: Floats, unit: Floats) -> Floats:
    """Of all least-squares solutions the one whose weights, in the features' own units, have the smallest norm.

    The Moore-Penrose solution of the scaled problem, less its part in the null space as the original units see it.
    """
    values, vectors = np.linalg.eigh(gram)
    kept = values > RANK_TOLERANCE * max(values[-1], 0.0)
    solution: Floats = vectors[:, kept] @ ((vectors[:, kept].T @ target) / values[kept])
    return with_smallest_norm(solution[:, None], vectors[:, ~kept], unit)[:, 0]


def with_smallest_norm(weights: Floats, null: Floats, unit: Floats) -> Floats:
    """Weights [w, c] that predict the same, with the smallest norm in the features' own units.

    `null` [w, m] are directions along which nothing changes in the rows.
    """
    if not null.size:
        return weights
    basis, _ = np.linalg.qr(null / unit[:, None])
    original = weights / unit[:, None]
    smallest: Floats = (original - basis @ (basis.T @ original)) * unit[:, None]
    return smallest

"""Solvers of penalised least squares from the Gram matrix: minimise ½ wᵀGw − bᵀw + Σ l1ⱼ|wⱼ| + ½ Σ l2ⱼ wⱼ².

Shapes: G [w, w] symmetric, b, l1, l2, unit [w]. `unit` is what a weight is divided by to be in its feature's own unit.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.linalg

Floats = npt.NDArray[np.float64]

LASSO_TOLERANCE = 1e-10
"""Largest step of a sweep, as a share of the fit's own size, at which coordinate descent has converged."""
RANK_TOLERANCE = 1e-11
"""Directions with an eigenvalue below this share of the largest are not determined by the data."""


def solve_ridge(gram: Floats, target: Floats, l2: Floats) -> Floats:
    """The solution where every l2ⱼ > 0, by Cholesky."""
    solution: Floats = scipy.linalg.solve(gram + np.diag(l2), target, assume_a="pos")
    return solution


def solve_minimum_norm(gram: Floats, target: Floats, unit: Floats) -> Floats:
    """Of all least-squares solutions the one whose weights, in the features' own units, have the smallest norm.

    The Moore-Penrose solution of the scaled problem, less its part in the null space as the original units see it.
    """
    values, vectors = np.linalg.eigh(gram)
    kept = values > RANK_TOLERANCE * max(values[-1], 0.0)
    solution: Floats = vectors[:, kept] @ ((vectors[:, kept].T @ target) / values[kept])
    null = vectors[:, ~kept] / unit[:, None]
    if null.size:
        basis, _ = np.linalg.qr(null)
        original = solution / unit
        solution = (original - basis @ (basis.T @ original)) * unit
    return solution


def solve_lasso(gram: Floats, target: Floats, l1: Floats, l2: Floats, *, max_sweeps: int) -> tuple[Floats, bool]:
    """Cyclic coordinate descent (Friedman, Hastie and Tibshirani 2010, §2); the solution, and whether it converged."""
    diagonal = np.diag(gram) + l2
    weights, slope = np.zeros_like(target), target.copy()
    for _ in range(max_sweeps):
        largest = 0.0
        for j in np.flatnonzero(diagonal > 0):
            aim = slope[j] + gram[j, j] * weights[j]
            moved = np.sign(aim) * max(abs(aim) - l1[j], 0.0) / diagonal[j] - weights[j]
            if moved:
                weights[j] += moved
                slope -= moved * gram[j]
                largest = max(largest, abs(moved) * np.sqrt(diagonal[j]))
        if largest <= LASSO_TOLERANCE * np.sqrt(max(float(np.abs(target @ weights)), 1e-300)):
            return weights, True
    return weights, False

"""`CoordinateDescent`: lasso and elastic net from the Gram matrix: minimise ½ wᵀGw − bᵀw + Σ l1ⱼ|wⱼ| + ½ Σ l2ⱼ wⱼ².

Shapes: G [w, w] symmetric, b, l1, l2 [w].

A sweep of cyclic coordinate descent (Friedman, Hastie and Tibshirani, Regularization paths for generalized linear
models via coordinate descent, 2010, section 2) finds which weights are not nil, and their signs. Then these go towards
where the equations with these signs are met, as far as that lowers the loss: the step of feature-sign search (Lee,
Battle, Raina and Ng, Efficient sparse coding algorithms, 2007, algorithm 1). So the end is exact, to rounding, and
columns that nearly say the same, between which sweeps alone would creep for thousands of rounds, cost no more.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg

from hagane.models.solvers.method import Floats, SolverState

TOLERANCE = 1e-10
"""Largest step of a sweep, as a share of the fit's own size, at which coordinate descent has converged."""
KKT_TOLERANCE = 1e-9
"""By how much a weight that is nil may want to move, as a share of its penalty and of b."""


class CoordinateDescentState(SolverState, frozen=True, kw_only=True):
    """`slope` [w] = b − Gw."""

    slope: Floats


class CoordinateDescent:
    """An iteration is a sweep over all weights, and a jump.

    >>> method = CoordinateDescent(np.eye(2), np.array([3.0, 0.5]), np.ones(2), np.zeros(2))
    >>> state = method.step(method.start())
    >>> state.point.tolist(), state.status
    ([2.0, 0.0], 'converged')
    """

    State = CoordinateDescentState

    def __init__(self, gram: Floats, target: Floats, l1: Floats, l2: Floats, *, first: Floats | None = None) -> None:
        self.gram, self.target, self.l1, self.l2 = gram, target, l1, l2
        self.first = np.zeros_like(target) if first is None else first
        self._diagonal = np.diag(gram) + l2
        self._columns = np.flatnonzero(self._diagonal > 0).tolist()

    def start(self) -> CoordinateDescentState:
        """At `first`: all weights nil, where none are given."""
        return self._state(self.first, self.target - self.gram @ self.first, 0, is_over=False)

    def step(self, state: CoordinateDescentState) -> CoordinateDescentState:
        """A sweep, and a jump."""
        weights, slope = state.point.copy(), state.slope.copy()
        largest = self._sweep(weights, slope)
        is_over = largest <= TOLERANCE * np.sqrt(max(float(np.abs(self.target @ weights)), 1e-300))
        if not is_over:
            weights = self._jump(weights, slope)
            slope = self.target - self.gram @ weights
            is_over = self._is_optimal(weights, slope)
        return self._state(weights, slope, state.iteration + 1, is_over=is_over)

    def _state(self, weights: Floats, slope: Floats, iteration: int, *, is_over: bool) -> CoordinateDescentState:
        penalty = float(self.l1 @ np.abs(weights)) + 0.5 * float(self.l2 @ np.square(weights))
        return CoordinateDescentState(
            point=weights,
            loss=penalty - 0.5 * float(weights @ (self.target + slope)),
            slope=slope,
            iteration=iteration,
            status="converged" if is_over else "running",
        )

    def _sweep(self, weights: Floats, slope: Floats) -> float:
        """Move each weight to its best place, given the others; the largest move in units of the fit."""
        largest, l1, diagonal, own = 0.0, self.l1.tolist(), self._diagonal.tolist(), np.diag(self.gram).tolist()
        for j in self._columns:
            before = float(weights[j])
            aim = float(slope[j]) + own[j] * before
            after = (aim - l1[j] if aim > l1[j] else aim + l1[j] if aim < -l1[j] else 0.0) / diagonal[j]
            if after != before:
                weights[j] = after
                slope -= (after - before) * self.gram[j]
                largest = max(largest, abs(after - before) * diagonal[j] ** 0.5)
        return largest

    def _jump(self, weights: Floats, slope: Floats) -> Floats:
        """Towards the solution of these signs: there, or to the lowest place on the way at which a sign changes."""
        active = weights != 0
        if not active.any():
            return weights
        matrix = self.gram[np.ix_(active, active)] + np.diag(self.l2[active])
        here, l1 = weights[active], self.l1[active]
        found = _solve_positive(matrix, self.target[active] - l1 * np.sign(here))
        if found is None:
            return weights
        way = found - here
        crossed = np.sign(found) != np.sign(here)
        places = np.append(-here[crossed] / way[crossed], 1.0)
        rise = self.l2[active] * here - slope[active]
        smooth = 0.5 * np.square(places) * float(way @ matrix @ way) + places * float(rise @ way)
        penalties = np.array([float(l1 @ np.abs(here + place * way)) for place in places])
        place = places[np.argmin(smooth + penalties)]
        moved = here + place * way
        moved[np.flatnonzero(crossed)[places[:-1] == place]] = 0.0
        result = np.zeros_like(weights)
        result[active] = moved
        return result

    def _is_optimal(self, weights: Floats, slope: Floats) -> bool:
        """Whether no weight that is nil would move, and the equations of the others hold."""
        room = KKT_TOLERANCE * (self.l1 + np.abs(self.target).max(initial=0))
        still = np.abs(slope) <= self.l1 + room
        met = np.abs(slope - self.l1 * np.sign(weights) - self.l2 * weights) <= room
        return bool(np.where(weights != 0, met, still).all())


def _solve_positive(matrix: Floats, target: Floats) -> Floats | None:
    """None for a matrix that is not, or hardly, positive definite."""
    try:
        factor = scipy.linalg.cho_factor(matrix)
    except scipy.linalg.LinAlgError:
        return None
    diagonal = np.abs(np.diag(factor[0]))
    if diagonal.min() < 1e-7 * diagonal.max():
        return None
    solution: Floats = scipy.linalg.cho_solve(factor, target)
    return solution

"""`QuasiNewton`: L-BFGS, and with an l1 penalty OWL-QN, for a loss that one pass over the rows tells with its slope.

Shapes: p numbers are sought, the last k steps are remembered [k, p].

L-BFGS: Nocedal and Wright, Numerical Optimization (2006), algorithms 7.4 and 7.5, with a line search for the weak Wolfe
conditions by bisection (Lewis and Overton, Nonsmooth optimization via quasi-Newton methods, 2013, algorithm 4.6).
OWL-QN: Andrew and Gao, Scalable training of L1-regularized log-linear models (ICML 2007). Here the inverse Hessian is
that of the axes along which the point may move at all, so that the last steps, on which the signs no longer change,
converge as L-BFGS does.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import NamedTuple

import msgspec
import numpy as np

from hagane.models.solvers.method import Floats, SolverState, Status

Objective = Callable[[Floats], tuple[float, Floats]]
"""Point [p] → loss, and its gradient [p]."""

KEPT, FEWER_KEPT, WIDE = 20, 7, 200_000
"""Steps that are remembered; fewer from so many numbers on: each takes two vectors of that length."""
SUFFICIENT, CURVATURE = 1e-4, 0.9
"""Of the fall that the slope promises, the share that is enough; of the slope, the share that may be left."""
MOST_TRIALS = 40
"""Of one line search."""
PATIENCE = 8
"""Iterations in a row that neither lower the loss nor flatten the slope: no more can be had."""
NOISE = 1e-14
"""Of the loss, the share that may be the rounding of its sum."""
GOOD_ENOUGH = 1e3
"""Times the tolerance: a slope so flat, from which no step goes down, is one of rounding."""


class QuasiNewtonState(SolverState, frozen=True, kw_only=True):
    """`gradient` [p] of the smooth part, the last `steps` [k, p] and what each changed the gradient by, `changes`."""

    gradient: Floats
    steps: Floats
    changes: Floats
    flattest: float = sys.float_info.max
    """The least slope so far, its largest part."""
    stale: int = 0
    """Iterations since there was progress."""


class Trial(NamedTuple):
    """A point that the line search looked at."""

    point: Floats
    loss: float
    gradient: Floats


class QuasiNewton:
    """Minimises `objective` + Σ l1ⱼ |xⱼ| from `start`, until no part of the slope is above `tolerance`."""

    State = QuasiNewtonState

    def __init__(self, objective: Objective, start: Floats, *, l1: Floats | None = None, tolerance: float) -> None:
        self.objective = objective
        self.first = start
        self.l1 = l1 if l1 is not None and l1.any() else None
        self.memory = FEWER_KEPT if len(start) >= WIDE else KEPT
        self.tolerance = tolerance

    def start(self) -> QuasiNewtonState:
        """The loss where it begins: one pass."""
        found = self._try(self.first)
        nothing = np.zeros((0, len(self.first)))
        state = QuasiNewtonState(
            point=found.point, loss=found.loss, gradient=found.gradient, steps=nothing, changes=nothing
        )
        return state if self._steepness(state) > self.tolerance else _ended(state, "converged")

    def step(self, state: QuasiNewtonState) -> QuasiNewtonState:
        """One step along the quasi-Newton direction: mostly one pass, now and then a few."""
        slope = self._slope(state.point, state.gradient)
        trial = self._search(state, slope, self._direction(state, slope))
        if trial is None and len(state.steps):
            trial = self._search(state, slope, -slope)
        if trial is None:
            flat = float(np.abs(slope).max(initial=0)) <= GOOD_ENOUGH * self.tolerance
            return _ended(state, "converged" if flat else "stuck")
        return self._judged(state, self._remembering(state, trial))

    def _remembering(self, state: QuasiNewtonState, trial: Trial) -> QuasiNewtonState:
        step, change = trial.point - state.point, trial.gradient - state.gradient
        steps, changes = state.steps, state.changes
        if float(step @ change) > 1e-14 * float(np.linalg.norm(step) * np.linalg.norm(change)):
            keep = slice(max(0, len(steps) + 1 - self.memory), None)
            steps, changes = np.vstack([steps, step])[keep], np.vstack([changes, change])[keep]
        return QuasiNewtonState(
            point=trial.point,
            loss=trial.loss,
            gradient=trial.gradient,
            steps=steps,
            changes=changes,
            iteration=state.iteration + 1,
            flattest=state.flattest,
            stale=state.stale,
        )

    def _judged(self, before: QuasiNewtonState, state: QuasiNewtonState) -> QuasiNewtonState:
        """`state` with what it means: go on, there, or nothing more to be had."""
        steepness = self._steepness(state)
        moved = before.loss - state.loss > NOISE * abs(state.loss) or steepness < 0.9 * state.flattest
        stale = 0 if moved else state.stale + 1
        status: Status = "converged" if steepness <= self.tolerance else "running"
        if status == "running" and stale >= PATIENCE:
            status = "converged" if steepness <= GOOD_ENOUGH * self.tolerance else "stuck"
        flattest = min(state.flattest, steepness)
        return _ended(msgspec.structs.replace(state, flattest=flattest, stale=stale), status)

    def _steepness(self, state: QuasiNewtonState) -> float:
        return float(np.abs(self._slope(state.point, state.gradient)).max(initial=0))

    def _slope(self, point: Floats, gradient: Floats) -> Floats:
        """[p] the gradient; with l1, of all subgradients the one nearest to nil (Andrew and Gao, equation 4)."""
        if self.l1 is None:
            return gradient
        beside = np.sign(gradient) * np.maximum(np.abs(gradient) - self.l1, 0)
        slope: Floats = np.where(point == 0, beside, gradient + self.l1 * np.sign(point))
        return slope

    def _direction(self, state: QuasiNewtonState, slope: Floats) -> Floats:
        """[p] where to go; with l1 only along axes on which that goes down."""
        if self.l1 is None:
            return -_inverse_hessian_times(slope, state.steps, state.changes)
        free = slope != 0
        direction = np.zeros_like(slope)
        direction[free] = -_inverse_hessian_times(slope[free], state.steps[:, free], state.changes[:, free])
        direction[direction * slope >= 0] = 0
        return direction

    def _search(self, state: QuasiNewtonState, slope: Floats, direction: Floats) -> Trial | None:
        descent = float(slope @ direction)
        if not descent < 0:
            return None
        if self.l1 is None:
            return self._wolfe(state, direction, descent)
        return self._backtrack(state, slope, direction)

    def _wolfe(self, state: QuasiNewtonState, direction: Floats, descent: float) -> Trial | None:
        """A point low enough, and flat enough; None where there is none."""
        low, high, length, best = 0.0, math.inf, 1.0, None
        slack = NOISE * abs(state.loss)
        for _ in range(MOST_TRIALS):
            trial = self._try(state.point + length * direction)
            if not trial.loss <= state.loss + SUFFICIENT * length * descent + slack:
                high = length
                length = _between(low, high, _lowest_of_parabola(trial.loss - state.loss, descent, length))
            elif float(trial.gradient @ direction) < CURVATURE * descent:
                low, best = length, trial
                length = 2 * length if high == math.inf else (low + high) / 2
            else:
                return trial
            if high - low <= 1e-12 * high:
                break
        return best

    def _backtrack(self, state: QuasiNewtonState, slope: Floats, direction: Floats) -> Trial | None:
        """A point low enough in the orthant into which the slope leads (Andrew and Gao, section 3.2)."""
        orthant = np.where(state.point == 0, -np.sign(slope), np.sign(state.point))
        length, slack = 1.0, NOISE * abs(state.loss)
        for _ in range(MOST_TRIALS):
            point = state.point + length * direction
            point[point * orthant <= 0] = 0
            promised = float(slope @ (point - state.point))
            if promised >= 0:
                return None
            trial = self._try(point)
            if trial.loss <= state.loss + SUFFICIENT * promised + slack:
                return trial
            length = _between(0, length, length * _lowest_of_parabola(trial.loss - state.loss, promised, 1.0))
        return None

    def _try(self, point: Floats) -> Trial:
        loss, gradient = self.objective(point)
        if self.l1 is not None:
            loss += float(self.l1 @ np.abs(point))
        return Trial(point, loss, gradient)


def _inverse_hessian_times(vector: Floats, steps: Floats, changes: Floats) -> Floats:
    """The two-loop recursion; pairs without positive curvature along these axes are passed over."""
    products = np.einsum("kp,kp->k", steps, changes)
    sizes = np.einsum("kp,kp->k", changes, changes)
    kept = np.flatnonzero(products > 1e-14 * sizes)
    result, shares = vector.copy(), np.zeros(len(steps))
    for index in kept[::-1]:
        shares[index] = (steps[index] @ result) / products[index]
        result -= shares[index] * changes[index]
    if len(kept):
        result *= products[kept[-1]] / sizes[kept[-1]]
    for index in kept:
        result += (shares[index] - (changes[index] @ result) / products[index]) * steps[index]
    return result


def _lowest_of_parabola(rise: float, descent: float, length: float) -> float:
    """Where the parabola of slope `descent` at 0 that rises by `rise` at `length` is lowest; NaN for no number."""
    bend = rise - descent * length
    return -descent * length * length / (2 * bend) if math.isfinite(bend) and bend > 0 else math.nan


def _between(low: float, high: float, wanted: float) -> float:
    """`wanted`, kept off both ends; the middle where it is no number."""
    if math.isnan(wanted):
        return (low + high) / 2
    return min(max(wanted, low + 0.1 * (high - low)), high - 0.1 * (high - low))


def _ended(state: QuasiNewtonState, status: Status) -> QuasiNewtonState:
    return msgspec.structs.replace(state, status=status)

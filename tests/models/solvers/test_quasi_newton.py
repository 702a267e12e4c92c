"""L-BFGS and OWL-QN beside scipy's optimum and the conditions that an optimum meets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize, rosen, rosen_der
from scipy.special import expit

from hagane.models.solvers.method import Floats
from hagane.models.solvers.quasi_newton import Objective, QuasiNewton, QuasiNewtonState


def solved(objective: Objective, size: int, *, l1: Floats | None = None, tolerance: float = 1e-7) -> QuasiNewtonState:
    method = QuasiNewton(objective, np.zeros(size), l1=l1, tolerance=tolerance)
    state = method.start()
    while state.status == "running":
        assert state.iteration < 5000
        state = method.step(state)
    return state


def logistic(seed: int, rows: int, columns: int) -> Objective:
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, columns)) * random.uniform(0.3, 3, columns)
    x[:, -1] = x[:, 0] + 0.1 * x[:, -1]
    y = (random.random(rows) < expit(x @ random.normal(size=columns))).astype(float)

    def objective(w: Floats) -> tuple[float, Floats]:
        z = x @ w
        return float((np.logaddexp(0, z) - y * z).sum() + 0.05 * w @ w), x.T @ (expit(z) - y) + 0.1 * w

    return objective


def test_the_valley_of_rosenbrock() -> None:
    """Not convex: the line search must work."""
    state = solved(lambda x: (float(rosen(x)), rosen_der(x)), 6)
    assert state.status == "converged"
    assert np.abs(state.point - 1).max() < 1e-6
    assert state.iteration < 100


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(2, 60), st.integers(2, 12))
def test_without_a_penalty_it_finds_scipys_optimum(seed: int, rows: int, columns: int) -> None:
    objective = logistic(seed, rows, columns)
    state = solved(objective, columns)
    oracle = minimize(objective, np.zeros(columns), jac=True, method="L-BFGS-B", options={"ftol": 1e-15, "gtol": 1e-9})
    assert state.status == "converged"
    assert state.loss <= oracle.fun + 1e-9 * (1 + abs(oracle.fun))
    assert np.abs(state.point - oracle.x).max() < 1e-4


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(2, 60), st.integers(2, 12), st.floats(0.01, 20))
def test_with_l1_the_conditions_of_karush_kuhn_and_tucker_hold(
    seed: int, rows: int, columns: int, strength: float
) -> None:
    objective = logistic(seed, rows, columns)
    l1 = np.full(columns, strength)
    l1[0] = 0.0
    state = solved(objective, columns, l1=l1)
    assert state.status == "converged"
    _, slope = objective(state.point)
    nil = state.point == 0
    assert (np.abs(slope[nil]) <= l1[nil] + 1e-6).all()
    assert np.abs(slope[~nil] + l1[~nil] * np.sign(state.point[~nil])).max(initial=0) < 1e-6


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.floats(0.1, 10))
def test_with_l1_it_is_not_above_what_scipy_finds_on_the_difference_of_two_positive_vectors(
    seed: int, strength: float
) -> None:
    objective = logistic(seed, 50, 8)

    def split(both: Floats) -> tuple[float, Floats]:
        loss, slope = objective(both[:8] - both[8:])
        return loss + strength * float(both.sum()), np.concatenate([slope, -slope]) + strength

    oracle = minimize(split, np.zeros(16), jac=True, method="L-BFGS-B", bounds=[(0, None)] * 16,
                      options={"ftol": 1e-15, "gtol": 1e-9, "maxiter": 5000})  # fmt: skip
    state = solved(objective, 8, l1=np.full(8, strength))
    assert state.loss <= oracle.fun + 1e-9 * (1 + abs(oracle.fun))


def test_a_start_that_is_the_optimum_is_told_at_once() -> None:
    state = solved(lambda x: (float(x @ x), 2 * x), 3)
    assert (state.status, state.iteration) == ("converged", 0)


@pytest.mark.parametrize("l1", [None, np.ones(2)])
def test_a_slope_that_lies_ends_it(l1: Floats | None) -> None:
    """A loss that rises wherever the slope says that it falls."""
    state = solved(lambda x: (float(np.abs(x - 0.3).sum()), np.full(2, 5.0) * (1 + x)), 2, l1=l1)
    assert state.status == "stuck"

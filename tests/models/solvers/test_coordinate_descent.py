"""Coordinate descent beside scikit-learn and the conditions that an optimum meets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import ElasticNet

from hagane.models.solvers.coordinate_descent import CoordinateDescent, CoordinateDescentState


def solved(method: CoordinateDescent, most: int = 20_000) -> CoordinateDescentState:
    state = method.start()
    while state.status == "running" and state.iteration < most:
        state = method.step(state)
    return state


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.integers(1, 40), st.integers(1, 15), st.floats(1e-3, 30), st.sampled_from([0.0, 2.0]))
def test_the_conditions_of_karush_kuhn_and_tucker_hold(
    seed: int, rows: int, columns: int, strength: float, l2: float
) -> None:
    random = np.random.default_rng(seed)
    x, y = random.normal(size=(rows, columns)), 3 * random.normal(size=rows)
    if columns > 3:
        x[:, 2], x[:, 3] = x[:, 1], 0.0
    state = solved(CoordinateDescent(x.T @ x, x.T @ y, np.full(columns, strength), np.full(columns, l2)))
    assert state.status == "converged"
    slope = x.T @ (y - x @ state.point) - l2 * state.point
    nil, room = state.point == 0, 1e-6 * (1 + np.abs(x.T @ y).max())
    assert (np.abs(slope[nil]) <= strength + room).all()
    assert np.abs(slope[~nil] - strength * np.sign(state.point[~nil])).max(initial=0) < room
    square = float(np.square(y - x @ state.point).sum())
    penalty = strength * float(np.abs(state.point).sum()) + 0.5 * l2 * float(state.point @ state.point)
    assert state.loss == pytest.approx(0.5 * (square - float(y @ y)) + penalty, abs=1e-9 * (1 + float(y @ y)))


def test_columns_that_nearly_say_the_same_are_solved_exactly_in_few_sweeps() -> None:
    """Sweeps alone would need tens of thousands."""
    random = np.random.default_rng(1)
    base = random.normal(size=(500, 5))
    x = np.concatenate([base, base + 1e-3 * random.normal(size=(500, 5))], axis=1)
    y = x @ np.array([2, -1, 0, 0, 3, 2, -1, 0, 0, 3.0]) + random.normal(size=500)
    state = solved(CoordinateDescent(x.T @ x, x.T @ y, np.full(10, 5.0), np.full(10, 1e-3)))
    oracle = ElasticNet(5.001 / 500, l1_ratio=5 / 5.001, fit_intercept=False, tol=1e-12, max_iter=10**7).fit(x, y)
    assert np.abs(state.point - oracle.coef_).max() < 1e-3
    assert state.iteration <= 128
    slope = x.T @ (y - x @ state.point) - 1e-3 * state.point
    assert np.abs(slope[state.point != 0] - 5 * np.sign(state.point[state.point != 0])).max() < 1e-8


def test_a_penalty_that_nothing_overcomes_leaves_no_weight() -> None:
    state = solved(CoordinateDescent(np.eye(3), np.array([1.0, -2.0, 0.5]), np.full(3, 2.5), np.zeros(3)))
    assert (state.point == 0).all()
    assert state.iteration == 1

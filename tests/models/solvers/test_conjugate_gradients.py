"""Conjugate gradients beside the solution of the same equations."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hagane.models.solvers.conjugate_gradients import ConjugateGradients


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(1, 20), st.booleans())
def test_it_solves_the_equations(seed: int, size: int, singular: bool) -> None:
    random = np.random.default_rng(seed)
    root = random.normal(size=(size + 3, size)) * random.uniform(0.1, 10, size)
    if singular:
        root[:, -1] = root[:, 0]
    matrix = root.T @ root
    target = matrix @ random.normal(size=size)
    method = ConjugateGradients(lambda x: matrix @ x, target, 1 / np.diag(matrix), tolerance=1e-10)
    state = method.start()
    while state.status == "running" and state.iteration < 1000:
        state = method.step(state)
    assert np.linalg.norm(matrix @ state.point - target) <= 1e-8 * np.linalg.norm(target)
    expected = 0.5 * state.point @ matrix @ state.point - target @ state.point
    assert abs(state.loss - expected) <= 1e-7 * abs(expected)


def test_nothing_to_solve() -> None:
    state = ConjugateGradients(lambda x: x, np.zeros(3), np.ones(3), tolerance=1e-10).start()
    assert state.status == "converged"
    assert (state.point == 0).all()

"""Isotonic curves against scipy's pool-adjacent-violators and numpy's interpolation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import isotonic_regression

from hagane.calibration.isotonic_calibrator import RisingCurve, fit_isotonic


def pooled(scores: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct scores and the rising fit of Platt's targets there, by scipy."""
    inside, outside = weights[labels].sum(), weights[~labels].sum()
    targets = np.where(labels, (inside + 1) / (inside + 2), 1 / (outside + 2))
    distinct, place = np.unique(scores, return_inverse=True)
    mass = np.bincount(place, weights)
    return distinct, isotonic_regression(np.bincount(place, weights * targets) / mass, weights=mass).x


@pytest.mark.parametrize("digits", [1, 2, 12])
def test_of_two_classes_it_is_scipys_fit_at_every_row(digits: int) -> None:
    random = np.random.default_rng(digits)
    scores = random.random(700).round(digits)
    labels = random.random(700) < scores**2
    weights = random.integers(1, 5, 700).astype(np.float64)
    said = np.column_stack([1 - scores, scores])
    fitted = fit_isotonic(said, labels.astype(np.int64), weights)
    distinct, values = pooled(scores, labels, weights)
    assert fitted.apply(said)[:, 1] == pytest.approx(values[np.searchsorted(distinct, scores)], abs=1e-12)
    between = np.linspace(-0.1, 1.1, 501).clip(0, 1)
    got = fitted.apply(np.column_stack([1 - between, between]))
    assert got[:, 1] == pytest.approx(np.interp(between, distinct, values), abs=1e-12)
    assert got.sum(axis=1) == pytest.approx(np.ones(501))
    assert len(fitted.curves[0].x) < len(distinct) or digits == 1


def test_of_more_classes_each_is_fitted_against_the_others() -> None:
    random = np.random.default_rng(3)
    said = random.dirichlet([1, 1, 1], 900)
    labels = np.array([random.choice(3, p=row**1.5 / (row**1.5).sum()) for row in said])
    raised = np.empty_like(said)
    for index in range(3):
        distinct, values = pooled(said[:, index], labels == index, np.ones(900))
        raised[:, index] = np.interp(said[:, index], distinct, values)
    got = fit_isotonic(said, labels).apply(said)
    assert got == pytest.approx(raised / raised.sum(axis=1, keepdims=True), abs=1e-12)


def test_no_pool_says_never_or_always() -> None:
    scores = np.linspace(0.01, 0.99, 50)
    labels = (scores > 0.5).astype(np.int64)
    calibrated = fit_isotonic(np.column_stack([1 - scores, scores]), labels).apply(np.array([[1.0, 0.0], [0.0, 1.0]]))
    assert calibrated[:, 1] == pytest.approx([1 / 27, 26 / 27])


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=30, unique=True),
    st.lists(st.floats(-0.5, 1.5), min_size=1, max_size=50),
)
@settings(max_examples=200)
def test_a_curve_rises_whatever_the_distances_of_its_points(points: list[float], asked: list[float]) -> None:
    x = tuple(sorted(points))
    y = tuple(np.linspace(0.1, 0.9, len(x)).tolist())
    got = RisingCurve(x, y).at(np.sort(np.array([*asked, *x])))
    assert np.all(np.diff(got) >= 0)
    assert got[0] >= y[0]
    assert got[-1] <= y[-1]

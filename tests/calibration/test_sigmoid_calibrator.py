"""Platt scaling against scikit-learn's own, and against what holds at the optimum."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.calibration import _SigmoidCalibration

from hagane.calibration.sigmoid_calibrator import fit_sigmoid, smoothed_targets


def rows(random: np.random.Generator, n: int, num_classes: int, sharpness: float) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities that are `sharpness` times too sure, and labels drawn from the true ones."""
    scores = random.normal(size=(n, num_classes)) * 1.5
    true = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    said = np.exp(sharpness * scores) / np.exp(sharpness * scores).sum(axis=1, keepdims=True)
    labels = (random.random((n, 1)) > true.cumsum(axis=1)).sum(axis=1).clip(0, num_classes - 1)
    return said, labels


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("n", "sharpness"), [(40, 1.0), (500, 2.5), (3_000, 0.4)])
def test_of_two_classes_it_is_scikit_learns(n: int, sharpness: float, weighted: bool) -> None:
    random = np.random.default_rng(n)
    said, labels = rows(random, n, 2, sharpness)
    weights = random.integers(1, 4, n).astype(np.float64) if weighted else None
    log_odds = np.log(said[:, 1]) - np.log(said[:, 0])
    theirs = _SigmoidCalibration().fit(log_odds, labels, weights)
    ours = fit_sigmoid(said, labels, weights)
    assert (ours.slope, ours.shifts[1]) == pytest.approx((-theirs.a_, -theirs.b_), abs=2e-4)
    assert ours.apply(said)[:, 1] == pytest.approx(theirs.predict(log_odds), abs=1e-4)


@pytest.mark.parametrize("num_classes", [3, 7])
def test_of_more_classes_the_gradient_is_zero_and_the_temperature_is_found(num_classes: int) -> None:
    """At the optimum each class's mean probability is its mean target, and so is the mean of ln p under both."""
    said, labels = rows(np.random.default_rng(num_classes), 6_000, num_classes, 2.0)
    fitted = fit_sigmoid(said, labels)
    calibrated, targets = fitted.apply(said), smoothed_targets(labels, np.ones(len(labels)), num_classes)
    assert calibrated.mean(axis=0) == pytest.approx(targets.mean(axis=0), abs=1e-6)
    assert np.mean(np.sum((calibrated - targets) * np.log(said), axis=1)) == pytest.approx(0, abs=1e-6)
    assert fitted.slope == pytest.approx(0.5, abs=0.03)  # twice too sure
    assert calibrated.sum(axis=1) == pytest.approx(np.ones(len(said)))


def test_what_is_certain_and_wrong_stays_finite_and_no_order_turns_round() -> None:
    sure = np.array([[0.0, 1.0]] * 5 + [[1.0, 0.0]] * 5)
    wrong = fit_sigmoid(sure, np.repeat([0, 1], 5))
    assert wrong.slope == 0.0
    assert wrong.apply(sure) == pytest.approx(np.full((10, 2), 0.5))
    right = fit_sigmoid(sure, np.repeat([1, 0], 5)).apply(sure)
    assert right[0, 1] == pytest.approx(6 / 7, abs=1e-6)  # Platt's target of five rows: (5 + 1) / (5 + 2)


def test_a_class_that_no_row_shows_keeps_a_little_probability() -> None:
    said = np.full((30, 3), 1 / 3)
    calibrated = fit_sigmoid(said, np.repeat([0, 1], 15)).apply(said)
    assert 0 < calibrated[0, 2] < 0.1

"""Which method is chosen, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import log_loss
from sklearn.model_selection import PredefinedSplit

from hagane.calibration.calibrate import calibrate, cross_validated_log_losses, stratified_folds
from hagane.calibration.sigmoid_calibrator import fit_sigmoid
from hagane.errors import TrainingError


def two(scores: np.ndarray) -> np.ndarray:
    return np.column_stack([1 - scores, scores])


@pytest.mark.parametrize(
    ("chosen", "truth"),
    [
        ("none", lambda p: p),
        ("platt", lambda p: 1 / (1 + np.exp(-(0.4 * np.log(p / (1 - p)) + 0.8)))),
        ("isotonic", lambda p: np.where(p < 0.3, 0.05, np.where(p < 0.7, 0.6, 0.65))),
    ],
)
def test_auto_takes_what_suits(chosen: str, truth: object) -> None:
    random = np.random.default_rng(5)
    scores = random.uniform(0.01, 0.99, 8_000)
    labels = (random.random(8_000) < truth(scores)).astype(np.int64)  # type: ignore[operator]
    fitted, told = calibrate("auto", two(scores), labels, seed=1)
    assert told.method == chosen
    assert min(told.cross_validated_log_loss, key=told.cross_validated_log_loss.__getitem__) == chosen
    assert (fitted is None) == (chosen == "none")


def test_the_cross_validated_loss_is_that_of_rows_left_out() -> None:
    random = np.random.default_rng(2)
    scores = random.uniform(0.05, 0.95, 400)
    labels = (random.random(400) < scores**2).astype(np.int64)
    weights = random.integers(1, 4, 400).astype(np.float64)
    folds = stratified_folds(labels, seed=9)
    answers = np.empty((400, 2))
    for train, test in PredefinedSplit(folds).split():
        answers[test] = fit_sigmoid(two(scores)[train], labels[train], weights[train]).apply(two(scores)[test])
    losses = cross_validated_log_losses(two(scores), labels, weights, seed=9)
    assert losses["platt"] == pytest.approx(log_loss(labels, answers, sample_weight=weights), abs=1e-12)
    assert losses["none"] == pytest.approx(log_loss(labels, two(scores), sample_weight=weights), abs=1e-12)
    shares = [labels[folds == fold].mean() for fold in range(5)]
    assert max(shares) - min(shares) <= 1 / 80 + 1e-9


def test_rows_of_one_class_teach_nothing() -> None:
    with pytest.raises(TrainingError, match="one class only"):
        calibrate("auto", two(np.full(20, 0.5)), np.zeros(20, np.int64), seed=0)
    with pytest.raises(TrainingError, match="one class only"):
        calibrate("platt", two(np.full(2, 0.5)), np.array([0, 1]), np.array([1.0, 0.0]), seed=0)

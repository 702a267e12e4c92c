"""The promise of split-conformal prediction, on many random data sets, and what is promised exactly."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hagane.calibration.conformal import conformal_margin, fewest_rows
from hagane.calibration.prediction_intervals import PredictionIntervals
from hagane.errors import TrainingError


def draw(random: np.random.Generator, kind: str, size: tuple[int, int]) -> np.ndarray:
    return {
        "normal": random.normal(size=size),
        "heavy tails": random.standard_cauchy(size),
        "skewed": random.lognormal(1, 2, size),
        "few values": random.integers(0, 4, size).astype(np.float64),
    }[kind]


@pytest.mark.parametrize("kind", ["normal", "heavy tails", "skewed", "few values"])
@pytest.mark.parametrize(("n", "level"), [(9, 0.9), (50, 0.8), (99, 0.95)])
def test_coverage_over_thousands_of_data_sets(n: int, level: float, kind: str) -> None:
    """The chance that a new row is covered is ⌈(n + 1) level⌉ / (n + 1), exactly where there are no ties."""
    trials = 4_000
    labels = draw(np.random.default_rng(n), kind, (trials, n + 1))
    zeros = np.zeros(n)
    covered = [abs(row[n]) <= conformal_margin(row[:n], zeros, zeros, level) for row in labels]
    promised = math.ceil((n + 1) * level - 1e-9) / (n + 1)
    slack = 4 * math.sqrt(promised * (1 - promised) / trials) + 1e-12
    assert np.mean(covered) >= promised - slack
    assert promised >= level
    if kind != "few values":
        assert np.mean(covered) <= promised + slack


def test_bounds_that_are_too_wide_shrink_and_keep_the_prediction_inside() -> None:
    random = np.random.default_rng(0)
    labels = random.normal(size=2_000)
    values, far = np.zeros(2_000), np.full(2_000, 10.0)
    margin = conformal_margin(labels, -far, far, 0.9)
    assert margin == pytest.approx(1.645 - 10, abs=0.1)  # the normal distribution's own quantile
    narrow = PredictionIntervals(margin=-100.0).apply(values, None, None)
    assert np.array_equal(narrow, (values, values))


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9, 0.95, 0.99, 0.999, 0.9999, 0.12345])
def test_the_fewest_rows_are_enough_and_one_less_is_not(level: float) -> None:
    n = fewest_rows(level)
    assert conformal_margin(np.arange(float(n)), np.zeros(n), np.zeros(n), level) == n - 1
    if n > 1:
        with pytest.raises(TrainingError, match=f"at least {n:,} eval rows"):
            conformal_margin(np.arange(n - 1.0), np.zeros(n - 1), np.zeros(n - 1), level)

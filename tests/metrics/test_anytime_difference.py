"""Intervals that hold at every look: against closed forms, and by simulation of who looks after every row."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from hagane.metrics.anytime_difference import (
    LEAST_ROWS,
    Moments,
    anytime_difference,
    half_width,
    prior_information,
    wanted_information,
)


@pytest.mark.parametrize("information", [10.0, 1_000.0, 100_000.0])
@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.2])
def test_on_the_bound_the_mixture_is_one_over_alpha(information, alpha):
    prior = prior_information(0.02, alpha)
    score = information * half_width(information, prior, alpha)

    def mixed(truth: float) -> float:
        return math.exp(truth * score - truth**2 * information / 2) * stats.norm.pdf(truth, 0, prior**-0.5)

    peak = score / (information + prior)
    spread = 12 / math.sqrt(information + prior)
    ratio, _ = integrate.quad(mixed, peak - spread, peak + spread, limit=200)
    assert ratio == pytest.approx(1 / alpha, rel=1e-6)


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.2])
@pytest.mark.parametrize("resolution", [0.001, 0.02, 3.0])
def test_the_mixture_is_about_the_best_for_its_resolution(alpha, resolution):
    wanted = wanted_information(resolution, alpha)
    assert half_width(wanted, prior_information(resolution, alpha), alpha) == pytest.approx(resolution)
    best = optimize.minimize_scalar(lambda log_r: half_width(wanted, math.exp(log_r), alpha), bounds=(-20, 30))
    assert resolution <= best.fun * 1.005


def test_the_moments_are_numpys_and_scipys():
    values = np.random.default_rng(0).exponential(2, 5_000)
    one = Moments.of(values)
    assert one == (5_000, pytest.approx(values.mean()), pytest.approx(values.var(ddof=1)))
    draws = np.sqrt(np.random.default_rng(1).exponential(2, (4_000, 500)).mean(axis=1))
    assert one.root().variance / 500 == pytest.approx(draws.var(), rel=0.1)
    hits = np.repeat([0.0, 1.0], [30, 70])
    assert Moments.of_share(len(hits), hits.sum()) == (100, pytest.approx(0.7), pytest.approx(71 / 102 * 31 / 102))


def test_few_rows_and_equal_rows_say_nothing():
    few = anytime_difference(Moments(LEAST_ROWS - 1, 0, 1), Moments(10**6, 5, 1), resolution=0.1)
    assert (few.lower, few.upper) == (-math.inf, math.inf)
    equal = anytime_difference(Moments(500, 1, 0), Moments(500, 2, 0), resolution=0.1)
    assert (equal.lower, equal.upper) == (-math.inf, math.inf)


def test_the_rows_that_are_needed_are_about_enough():
    a, b = Moments(500, 0.8, 0.16), Moments(500, 0.8, 0.16)
    first = anytime_difference(a, b, resolution=0.02)
    each = first.rows_needed // 2
    later = anytime_difference(a._replace(num_rows=each), b._replace(num_rows=each), resolution=0.02)
    assert later.upper - later.difference == pytest.approx(0.02, rel=1e-3)


Draw = Callable[[np.random.Generator, tuple[int, int]], np.ndarray]
KINDS: dict[str, tuple[Draw, float, bool]] = {
    "normal": (lambda draw, size: draw.normal(0, 1, size), 0.1, False),
    "half right": (lambda draw, size: (draw.random(size) < 0.5).astype(float), 0.04, True),
    "nearly always right": (lambda draw, size: (draw.random(size) < 0.95).astype(float), 0.02, True),
    "log losses": (lambda draw, size: draw.exponential(0.5, size), 0.05, False),
}


@pytest.mark.slow
@pytest.mark.parametrize("share_of_b", [0.5, 0.1])
@pytest.mark.parametrize("kind", KINDS)
def test_who_looks_after_every_row_finds_a_difference_that_is_none_in_at_most_one_of_twenty(kind, share_of_b):
    draw = np.random.default_rng(7)
    tests, rows, wrong = 2_000, 10_000, 0
    for _ in range(tests // 100):
        wrong += _ever_wrong(draw, KINDS[kind], share_of_b, (100, rows))
    most = 0.05 + 3 * math.sqrt(0.05 * 0.95 / tests)
    assert wrong / tests <= most
    # The bound is not so wide that it could never be wrong, either.
    assert wrong > 0 or share_of_b == 0.1


def _ever_wrong(
    draw: np.random.Generator, kind: tuple[Draw, float, bool], share_of_b: float, size: tuple[int, int]
) -> int:
    """In how many of `size[0]` tests without a difference some look's interval, of all after each row, excludes 0."""
    sample, resolution, is_share = kind
    values, is_b = sample(draw, size), draw.random(size) < share_of_b
    parts = []
    for mask in (~is_b, is_b):
        count = mask.cumsum(axis=1)
        total, squares = (values * mask).cumsum(axis=1), (values**2 * mask).cumsum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = total / count
            share = (total + 1) / (count + 2)
            variance = share * (1 - share) if is_share else (squares - count * mean**2) / (count - 1)
            parts.append((count, mean, variance / count))
    (n_a, mean_a, var_a), (n_b, mean_b, var_b) = parts
    prior, alpha = prior_information(resolution, 0.05), 0.05
    with np.errstate(divide="ignore", invalid="ignore"):
        information = 1 / (var_a + var_b)
        half = np.sqrt((information + prior) * np.log((information + prior) / (prior * alpha**2))) / information
        excluded = (np.minimum(n_a, n_b) >= LEAST_ROWS) & (np.abs(mean_b - mean_a) > half)
    return int(excluded.any(axis=1).sum())


def test_the_simulation_computes_what_the_function_does():
    draw = np.random.default_rng(3)
    values, is_b = draw.exponential(1, 3_000), draw.random(3_000) < 0.3
    found = anytime_difference(Moments.of(values[~is_b]), Moments.of(values[is_b]), resolution=0.1)
    a, b = values[~is_b], values[is_b]
    information = 1 / (a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
    half = half_width(information, prior_information(0.1, 0.05), 0.05)
    assert found[:3] == pytest.approx((b.mean() - a.mean(), b.mean() - a.mean() - half, b.mean() - a.mean() + half))

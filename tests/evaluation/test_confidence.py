"""Confidence intervals against scipy's bootstrap, and against how often they hold the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from hagane.evaluation import evaluate
from hagane.evaluation.bootstrap import MOST_ROWS
from hagane.evaluation.interval_coverage import interval_coverage
from hagane.metrics.binomial_interval import binomial_interval


def binary(random: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    labels = (random.random(n) < 0.3).astype(np.int64)
    return labels, 1 / (1 + np.exp(-(1.4 * labels - 1.5 + random.normal(size=n))))


def test_percentiles_are_scipys() -> None:
    labels, scores = binary(np.random.default_rng(0), 400)
    found = evaluate(labels, scores, task="classification", num_resamples=4_000).confidence
    for name, statistic, times in (
        ("accuracy", lambda y, s: np.mean((s >= 0.5) == y), 4_000),
        ("brier_score", lambda y, s: np.mean((s - y) ** 2), 4_000),
        ("roc_auc", roc_auc_score, 800),
    ):
        theirs = stats.bootstrap(
            (labels, scores), statistic, paired=True, vectorized=False, method="percentile", n_resamples=times, rng=1
        ).confidence_interval
        width = theirs.high - theirs.low
        assert (found[name].low, found[name].high) == pytest.approx(tuple(theirs), abs=0.1 * width), name


def test_the_mean_error_of_a_regression_has_the_normal_interval() -> None:
    random = np.random.default_rng(3)
    labels = random.normal(size=2_000)
    errors = random.normal(size=2_000)
    found = evaluate(labels, labels - errors, task="regression").confidence
    expected = stats.norm.interval(0.95, np.mean(np.abs(errors)), np.std(np.abs(errors)) / np.sqrt(2_000))
    got = found["mean_absolute_error"]
    assert (got.low, got.high) == pytest.approx(expected, abs=0.1 * (expected[1] - expected[0]))
    assert set(found) >= {"r2_score", "root_mean_squared_error", "median_absolute_error", "explained_variance"}


def test_nineteen_of_twenty_hold_the_truth() -> None:
    """The area under the curve of two normal distributions 1.4 apart is Φ(1.4 / √2)."""
    random = np.random.default_rng(7)
    truth = stats.norm.cdf(1.4 / np.sqrt(2))
    trials = 300
    held = 0
    for _ in range(trials):
        labels, scores = binary(random, 250)
        interval = evaluate(labels, scores, task="classification", num_resamples=300).confidence["roc_auc"]
        held += interval.low <= truth <= interval.high
    assert 0.90 <= held / trials <= 0.985


def test_very_many_rows_are_sub_sampled_and_the_interval_is_that_of_all() -> None:
    n = 9 * MOST_ROWS
    random = np.random.default_rng(1)
    labels, scores = binary(random, n)
    result = evaluate(labels, scores, task="classification", num_resamples=300)
    assert result.bootstrap.num_rows == MOST_ROWS
    assert f"{MOST_ROWS:,} rows" in result.bootstrap.meaning
    share, found = result.metrics["accuracy"], result.confidence["accuracy"]
    expected = 2 * 1.96 * np.sqrt(share * (1 - share) / n)
    assert found.high - found.low == pytest.approx(expected, rel=0.12)
    assert found.low < share < found.high


def test_the_same_rows_and_seed_give_the_same_interval_and_undefined_ones_give_none() -> None:
    labels, scores = binary(np.random.default_rng(2), 300)
    one, two = (evaluate(labels, scores, task="classification") for _ in range(2))
    assert one == two
    assert evaluate(labels, scores, task="classification", seed=1).confidence != one.confidence
    alike = evaluate(np.ones(50, np.int64), np.full(50, 0.7), task="classification")
    assert "roc_auc" not in alike.confidence
    assert alike.confidence["accuracy"].low == alike.confidence["accuracy"].high == 1.0
    assert evaluate(labels, scores, task="classification", num_resamples=0).confidence == {}
    assert evaluate(labels[:1], scores[:1], task="classification").bootstrap is None


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (10, 10), (263, 300), (1, 2)])
def test_the_binomial_interval_is_scipys(hits: int, n: int) -> None:
    theirs = stats.binomtest(hits, n).proportion_ci(0.95, "exact")
    assert binomial_interval(hits, n) == pytest.approx((theirs.low, theirs.high))


def test_coverage_says_whether_the_promise_was_kept() -> None:
    labels = np.random.default_rng(0).normal(size=1_000)
    for half_width, verdict in ((1.645, "as promised"), (1.0, "less than promised"), (3.0, "more than promised")):
        bounds = np.column_stack([np.full(1_000, -half_width), np.full(1_000, half_width)])
        found = interval_coverage(labels, bounds, 0.9)
        assert (found.verdict, found.mean_width) == (verdict, pytest.approx(2 * half_width))
        assert found.share_below + found.coverage + found.share_above == pytest.approx(1)
    assert interval_coverage(labels[:0], bounds[:0], 0.9) is None


def test_the_verdict_allows_for_the_draw_that_the_bounds_stand_on() -> None:
    """Bounds of 200 rows, judged on 400: a promise that is kept is called broken once in forty."""
    random = np.random.default_rng(11)
    verdicts = []
    for _ in range(400):
        margin = np.sort(np.abs(random.normal(size=200)))[math.ceil(201 * 0.9) - 1]
        bounds = np.column_stack([np.full(400, -margin), np.full(400, margin)])
        verdicts.append(interval_coverage(random.normal(size=400), bounds, 0.9, 200).verdict)
    assert verdicts.count("less than promised") <= 22  # 10 are expected
    assert verdicts.count("more than promised") <= 22
    assert verdicts.count("as promised") < 398

"""Models on the same rows: differences against closed forms and scipy, and how often nothing is called something."""

from __future__ import annotations

import re

import msgspec
import numpy as np
import pytest
from scipy import stats

from hagane.evaluation import Comparison, bootstrap, compare_scores, evaluate
from hagane.metrics.delong import delong_test


def pair(random: np.random.Generator, n: int, gap: float) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Two scores of one row with much in common, the second with `gap` more noise."""
    labels = (random.random(n) < 0.4).astype(np.int64)
    common = 1.2 * labels + random.normal(size=n)
    scores = {
        "a": common + 0.5 * random.normal(size=n),
        "b": common + (0.5 + gap) * random.normal(size=n),
    }
    return labels, {name: 1 / (1 + np.exp(-value)) for name, value in scores.items()}


def by(table: Comparison) -> dict[tuple[str, str, str], object]:
    return {(test.model, test.metric, test.test): test for test in table.tests}


def test_the_difference_of_mean_errors_is_the_paired_t_tests() -> None:
    random = np.random.default_rng(0)
    labels = random.normal(size=1_500)
    near, far = labels + random.normal(size=1_500), labels + 1.05 * random.normal(size=1_500)
    table = compare_scores(labels, {"near": near, "far": far}, task="regression", num_resamples=2_000)
    test = by(table)["far", "mean_absolute_error", "bootstrap"]
    paired = np.abs(far - labels) - np.abs(near - labels)
    theirs = stats.ttest_1samp(paired, 0)
    low, high = theirs.confidence_interval()
    assert test.difference == pytest.approx(paired.mean())
    assert (test.interval.low, test.interval.high) == pytest.approx((low, high), abs=0.1 * (high - low))
    assert test.p_value == pytest.approx(theirs.pvalue, abs=0.03)


def test_delong_and_the_bootstrap_agree_on_the_area() -> None:
    labels, scores = pair(np.random.default_rng(1), 2_000, 0.4)
    tests = by(compare_scores(labels, scores, task="classification", num_resamples=2_000))
    delong, drawn = tests["b", "roc_auc", "delong"], tests["b", "roc_auc", "bootstrap"]
    width = delong.interval.high - delong.interval.low
    assert (drawn.interval.low, drawn.interval.high) == pytest.approx(
        (delong.interval.low, delong.interval.high), abs=0.08 * width
    )
    assert delong.difference == drawn.difference
    assert delong.p_value == delong_test(labels == 1, scores["b"], scores["a"]).p_value
    assert delong.better == "against"


def test_the_pairing_makes_the_interval_narrower_than_two_intervals() -> None:
    labels, scores = pair(np.random.default_rng(2), 1_000, 0.1)
    table = compare_scores(labels, scores, task="classification")
    alone = next(metric for metric in table.metrics if metric.name == "log_loss").intervals
    test = by(table)["b", "log_loss", "bootstrap"]
    unpaired = np.hypot(*(each.high - each.low for each in alone))
    assert test.interval.high - test.interval.low < 0.6 * unpaired
    separate = evaluate(labels, scores["a"], task="classification").confidence["log_loss"]
    assert (alone[0].low, alone[0].high) == pytest.approx((separate.low, separate.high), abs=0.02)


def test_equal_models_are_seldom_told_apart_and_unequal_ones_often() -> None:
    random = np.random.default_rng(3)
    found = {0.0: np.zeros(4), 0.8: np.zeros(4)}
    kinds = (("roc_auc", "delong"), ("accuracy", "mcnemar"), ("log_loss", "bootstrap"), ("roc_auc", "bootstrap"))
    for gap, counts in found.items():
        for _ in range(80):
            labels, scores = pair(random, 300, gap)
            tests = by(compare_scores(labels, scores, task="classification", num_resamples=99))
            counts += [tests["b", metric, kind].p_value < 0.05 for metric, kind in kinds]
    assert np.all(found[0.0] / 80 <= 0.13), found  # 5 % of 80 is 4; more than 10 come by chance once in 300
    assert np.all(found[0.8][[0, 2, 3]] / 80 > 0.6), found


def test_holm_counts_the_models_of_a_metric() -> None:
    labels, scores = pair(np.random.default_rng(4), 400, 0.2)
    one = by(compare_scores(labels, scores, task="classification"))["b", "roc_auc", "delong"]
    three = scores | {"c": np.roll(scores["b"], 7), "d": scores["a"] * 0.9}
    tests = by(compare_scores(labels, three, task="classification"))
    assert one.adjusted_p_value == one.p_value
    family = [tests[name, "roc_auc", "delong"] for name in "bcd"]
    least = min(family, key=lambda test: test.p_value)
    assert least.adjusted_p_value == pytest.approx(min(1, 3 * least.p_value))
    assert all(test.adjusted_p_value >= test.p_value for test in family)
    assert tests["d", "roc_auc", "delong"].p_value == 1.0


def test_more_classes_and_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "MOST_ROWS", 4_000)
    random = np.random.default_rng(5)
    n = 11_000
    labels = random.integers(0, 3, n)
    sure = np.eye(3)[labels] * 2 + random.random((n, 3))
    vague = np.eye(3)[labels] * 1.9 + random.random((n, 3)) * 1.1
    scores = {name: each / each.sum(axis=1, keepdims=True) for name, each in (("sure", sure), ("vague", vague))}
    table = compare_scores(labels, scores, task="classification", num_resamples=200)
    assert table.bootstrap.num_rows == 4_000
    right = [np.argmax(each, axis=1) == labels for each in scores.values()]
    test = by(table)["vague", "accuracy", "mcnemar"]
    assert test.counts == (int((right[1] & ~right[0]).sum()), int((right[0] & ~right[1]).sum()))
    loss = by(table)["vague", "log_loss", "bootstrap"]
    paired = np.log(scores["sure"][np.arange(n), labels]) - np.log(scores["vague"][np.arange(n), labels])
    width = 2 * 1.96 * paired.std() / np.sqrt(n)
    assert loss.difference == pytest.approx(paired.mean())
    assert loss.interval.high - loss.interval.low == pytest.approx(width, rel=0.2)
    assert not [key for key in by(table) if key[2] == "delong"]


def test_it_travels_as_json_and_draws_a_page() -> None:
    labels, scores = pair(np.random.default_rng(6), 200, 0.2)
    named = {"<trees@1>": scores["a"], "line": scores["b"]}
    table = compare_scores(labels, named, task="classification", classes=["no", "yes"], num_resamples=100)
    assert msgspec.json.decode(table.to_json(), type=Comparison) == table
    page = table.to_html()
    assert "&lt;trees@1&gt;" in page
    assert "<trees@1>" not in page
    assert "DeLong" in page
    assert not re.search(r"<script|src=|href=|url\(", page)
    assert compare_scores(labels, named, task="classification", num_resamples=0).tests == ()
    alike = compare_scores(labels, {"x": scores["a"], "y": scores["a"]}, task="classification", num_resamples=100)
    assert {test.better for test in alike.tests} == {"neither"}
    assert {test.p_value for test in alike.tests} == {1.0}

"""Evaluations side by side: the best is marked, and what makes it unfair is said."""

import numpy as np
import pytest

from hagane.evaluation import compare, evaluate

LABELS = np.array([0, 1, 1, 0, 1])
GOOD = np.array([0.1, 0.9, 0.8, 0.2, 0.7])
BAD = np.array([0.6, 0.4, 0.8, 0.2, 0.7])


def binary(labels=LABELS, scores=GOOD, **options):
    return evaluate(labels, scores, task="classification", classes=["no", "yes"], **options)


def test_the_best_of_each_metric_is_marked_either_way_round():
    table = compare({"good": binary(), "bad": binary(scores=BAD)})
    best = {metric.name: metric.best for metric in table.metrics}
    assert best["roc_auc"] == best["log_loss"] == best["accuracy"] == ("good",)
    assert table.models == ("good", "bad")
    assert (table.num_rows, table.unfair, table.is_fair) == ((5, 5), (), True)
    values = {metric.name: metric.values for metric in table.metrics}
    assert values["roc_auc"] == (1.0, pytest.approx(5 / 6))


def test_ties_mark_every_winner_and_undefined_values_none():
    alone = binary(np.zeros(3, int), np.zeros(3))
    table = compare({"one": alone, "two": alone})
    best = {metric.name: metric.best for metric in table.metrics}
    assert best["accuracy"] == ("one", "two")
    assert best["roc_auc"] == ()


def test_unfair_comparisons_say_why():
    regression = evaluate(np.arange(3.0), np.arange(3.0), task="regression")
    assert compare({"a": binary(), "b": regression}).unfair[0] == "the tasks differ: a: binary; b: regression"
    fewer = binary(LABELS[:4], GOOD[:4])
    assert compare({"a": binary(), "b": fewer}).unfair == ("the numbers of rows differ: a: 5; b: 4",)
    (other_rows,) = compare({"a": binary(), "b": binary(LABELS[::-1], GOOD[::-1])}).unfair
    assert other_rows.startswith("the labels differ")
    (thresholds,) = compare({"a": binary(), "b": binary(threshold=0.3)}).unfair
    assert thresholds.endswith("different thresholds: a: 0.5; b: 0.3")


def test_one_model_and_none():
    assert compare({"a": binary()}).is_fair
    assert compare({}).metrics == ()

"""Weighted metrics against the plain ones of rows repeated as often as their weights say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, log_loss, r2_score, roc_auc_score

from hagane.evaluation.measure import measure_binary, measure_multiclass, measure_regression, numbers
from hagane.metrics.weighted_metrics import binary_metrics, multiclass_metrics, regression_metrics


def same(found: dict[str, np.ndarray], place: int, expected: dict[str, float | None], *, most_missing: int) -> None:
    assert len(set(expected) - set(found)) <= most_missing
    for name, values in found.items():
        wanted = expected[name]
        if wanted is None:
            assert not np.isfinite(values[place]), name
        else:
            assert values[place] == pytest.approx(wanted, rel=1e-9, abs=1e-9), name


ROWS = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.500001, 1.0]), st.integers(0, 3)),
    min_size=1,
    max_size=12,
).filter(lambda rows: any(weight for *_, weight in rows))


@given(ROWS, st.sampled_from([0.0, 0.3, 0.5, 1.0]))
@settings(max_examples=200)
def test_binary(rows: list[tuple[int, float, int]], threshold: float) -> None:
    labels, scores, weights = (np.array(column) for column in zip(*rows, strict=True))
    found = binary_metrics(labels, scores, threshold)(np.array([np.ones(len(rows)), weights], np.float64))
    repeated = np.repeat(labels, weights), np.repeat(scores, weights)
    same(found, 0, numbers(measure_binary(labels, scores, threshold)), most_missing=1)
    same(found, 1, numbers(measure_binary(*repeated, threshold)), most_missing=1)


@pytest.mark.parametrize("num_classes", [3, 4, 9, 20])
def test_several_classes(num_classes: int) -> None:
    random = np.random.default_rng(num_classes)
    labels, scores = random.integers(0, num_classes, 60), random.dirichlet(np.ones(num_classes), 60).round(2)
    weights = random.integers(0, 4, 60)
    found = multiclass_metrics(labels, scores)(np.array([np.ones(60), weights], np.float64))
    same(found, 0, numbers(measure_multiclass(labels, scores)), most_missing={3: 2, 4: 2, 9: 3}.get(num_classes, 6))
    repeated = np.repeat(labels, weights), np.repeat(scores, weights, axis=0)
    same(found, 1, numbers(measure_multiclass(*repeated)), most_missing=6)


@given(st.lists(st.tuples(st.integers(-3, 9), st.integers(-3, 9), st.integers(0, 3)), min_size=1, max_size=12))
@settings(max_examples=200)
def test_regression(rows: list[tuple[int, int, int]]) -> None:
    labels, predictions, weights = (np.array(column, np.float64) for column in zip(*rows, strict=True))
    if not weights.any():
        return
    found = regression_metrics(labels, predictions)(np.array([np.ones(len(rows)), weights]))
    counts = weights.astype(np.int64)
    repeated = np.repeat(labels, counts), np.repeat(predictions, counts)
    for place, expected in ((0, measure_regression(labels, predictions)), (1, measure_regression(*repeated))):
        defined = {name: value for name, value in numbers(expected).items() if value is not None}
        for name in defined.keys() & found.keys():
            assert found[name][place] == pytest.approx(defined[name], rel=1e-9, abs=1e-9), name


def test_fractions_of_rows_as_scikit_learn_weighs_them() -> None:
    random = np.random.default_rng(1)
    labels, scores, weights = random.integers(0, 2, 300), random.random(300).round(2), random.random(300)
    found = {name: value[0] for name, value in binary_metrics(labels, scores, 0.5)(weights[None]).items()}
    assert found["roc_auc"] == pytest.approx(roc_auc_score(labels, scores, sample_weight=weights))
    assert found["pr_auc"] == pytest.approx(average_precision_score(labels, scores, sample_weight=weights))
    inside = np.clip(scores, 2.3e-16, 1 - 2.3e-16)
    assert found["log_loss"] == pytest.approx(log_loss(labels, inside, sample_weight=weights), rel=1e-3)
    values = random.normal(size=300)
    r2 = regression_metrics(labels.astype(np.float64), values)(weights[None])["r2_score"][0]
    assert r2 == pytest.approx(r2_score(labels, values, sample_weight=weights))

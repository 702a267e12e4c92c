"""What is expected of several classes without labels, against scikit-learn's metrics of labels that are drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as sk

from hagane.monitoring.quality.expected_multiclass import ExpectedMulticlass

METRICS = ("accuracy", "precision", "recall", "f1_score", "log_loss")


def probabilities(num_rows: int, num_classes: int, seed: int, sharpness: float = 1.5) -> Any:
    scores = np.exp(np.random.default_rng(seed).normal(0, sharpness, (num_rows, num_classes)) - np.arange(num_classes))
    return scores / scores.sum(axis=1, keepdims=True)


def shown(y: Any, p: Any) -> dict[str, float]:
    answers = p.argmax(axis=1)
    macro: dict[str, Any] = {"average": "macro", "zero_division": 0}
    return {
        "accuracy": sk.accuracy_score(y, answers),
        "precision": sk.precision_score(y, answers, **macro),
        "recall": sk.recall_score(y, answers, **macro),
        "f1_score": sk.f1_score(y, answers, **macro),
        "log_loss": sk.log_loss(y, p, labels=range(p.shape[1])),
    }


@pytest.mark.parametrize(("num_classes", "sharpness"), [(3, 1.5), (5, 2.5)])
def test_it_is_what_drawn_labels_show(num_classes: int, sharpness: float) -> None:
    p = probabilities(1000, num_classes, seed=1, sharpness=sharpness)
    expected = ExpectedMulticlass.of(p).metrics()
    assert tuple(expected) == METRICS
    random = np.random.default_rng(2)
    drawn = [shown((p.cumsum(axis=1) < random.random((len(p), 1))).sum(axis=1), p) for _ in range(70)]
    for name, found in expected.items():
        values = np.array([each[name] for each in drawn])
        assert found.value == pytest.approx(values.mean(), abs=4 * values.std() / np.sqrt(70) + 2e-3), name
        assert np.mean((values >= found.low) & (values <= found.high)) >= 0.89, name
        assert found.high - found.low < 2 * 1.96 * 1.6 * values.std(), name


def test_weights_stand_for_rows() -> None:
    p = probabilities(400, 3, seed=3)
    once, thrice = ExpectedMulticlass.of(p), ExpectedMulticlass.of(p, weights=np.full(400, 3.0))
    assert (thrice.num_seen, thrice.num_rows) == (400, 1200.0)
    for name, found in once.metrics().items():
        other = thrice.metrics()[name]
        assert (other.value, other.low) == pytest.approx((found.value, found.low)), f"{name}: no more rows were seen"


def test_what_is_undefined_is_left_out() -> None:
    assert ExpectedMulticlass.of(np.empty((0, 3))).metrics() == {}
    assert set(ExpectedMulticlass.of(np.full((2, 60), 1 / 60)).metrics()) == {"accuracy", "log_loss"}


@settings(max_examples=30, deadline=None)
@given(scores=arrays(np.float64, st.tuples(st.integers(1, 20), st.just(4)), elements=st.floats(0.01, 1.0)),
       cut=st.integers(0, 20))  # fmt: skip
def test_parts_merge_into_the_whole(scores: Any, cut: int) -> None:
    p = scores / scores.sum(axis=1, keepdims=True)
    whole = ExpectedMulticlass.of(p)
    both = ExpectedMulticlass.of(p[:cut]).merge(ExpectedMulticlass.of(p[cut:]))
    for name, found in whole.metrics().items():
        assert both.metrics()[name].value == pytest.approx(found.value), name
        assert both.metrics()[name].low == pytest.approx(found.low, abs=1e-6), name

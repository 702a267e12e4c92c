"""What is expected without labels, against scikit-learn's metrics of labels drawn as the probabilities say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

from hagane.errors import DataError
from hagane.monitoring.expected_binary import ExpectedBinary

METRICS: dict[str, Callable[[Any, Any, float], float]] = {
    "accuracy": lambda y, p, t: sk.accuracy_score(y, p >= t),
    "precision": lambda y, p, t: sk.precision_score(y, p >= t),
    "recall": lambda y, p, t: sk.recall_score(y, p >= t),
    "f1_score": lambda y, p, t: sk.f1_score(y, p >= t),
    "roc_auc": lambda y, p, t: sk.roc_auc_score(y, p),
    "log_loss": lambda y, p, t: sk.log_loss(y, p),
}


@pytest.mark.parametrize(("shape", "threshold"), [((2.0, 5.0), 0.5), ((0.5, 0.5), 0.3), ((8.0, 8.0), 0.55)])
def test_it_is_what_drawn_labels_show(shape: tuple[float, float], threshold: float) -> None:
    random = np.random.default_rng(3)
    p = random.beta(*shape, 2000)
    expected = ExpectedBinary.of(p, threshold=threshold).metrics()
    assert set(expected) == set(METRICS)
    shown = {name: np.array([metric(y, p, threshold) for y in random.random((200, 2000)) < p])
             for name, metric in METRICS.items()}  # fmt: skip
    for name, values in shown.items():
        found = expected[name]
        assert found.value == pytest.approx(values.mean(), abs=4 * values.std() / np.sqrt(200) + 2e-3), name
        inside = np.mean((values >= found.low) & (values <= found.high))
        assert inside >= 0.89, (name, inside)
        assert found.high - found.low < 2 * 1.96 * 1.6 * values.std(), name


def test_parts_merge_into_the_whole_and_weights_stand_for_rows() -> None:
    p = np.random.default_rng(0).random(1000)
    whole = ExpectedBinary.of(p, threshold=0.4)
    parts = ExpectedBinary.of(p[:300], threshold=0.4).merge(ExpectedBinary.of(p[300:], threshold=0.4))
    for name, found in whole.metrics().items():
        assert parts.metrics()[name].value == pytest.approx(found.value, abs=1e-12)
    twice = ExpectedBinary.of(p, threshold=0.4, weights=np.full(1000, 2.0))
    assert twice.num_rows == 2000
    assert twice.metrics()["accuracy"].value == pytest.approx(whole.metrics()["accuracy"].value)
    for name, found in whole.metrics().items():
        assert twice.metrics()[name].high == pytest.approx(found.high, abs=1e-3), "no more rows were seen"


def test_what_is_undefined_is_left_out() -> None:
    assert ExpectedBinary.of(np.empty(0), threshold=0.5).metrics() == {}
    assert set(ExpectedBinary.of(np.array([0.1]), threshold=0.5).metrics()) == {
        "accuracy", "log_loss", "recall", "f1_score", "roc_auc"}  # fmt: skip
    assert "roc_auc" not in ExpectedBinary.of(np.array([0.0, 0.0]), threshold=0.5).metrics()


def test_sums_of_another_threshold_are_refused_with_a_fault() -> None:
    p = np.array([0.2, 0.7])
    with pytest.raises(DataError, match=r"different thresholds .*merged"):
        ExpectedBinary.of(p, threshold=0.4).merge(ExpectedBinary.of(p, threshold=0.5))

"""Families that correct the log odds for rows left out of a class: by exactly as much, in the graph and in training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from family_cases import QUICK
from small_encoder import graph_of, relative_difference

from hagane.features.encoded import Encoded
from hagane.models import FAMILIES, family_options, get_family
from hagane.models.family import FitContext, Task
from hagane.models.prior_shift import prior_shift

Encode = Callable[..., Encoded]
correcting = pytest.mark.parametrize("name", [name for name in FAMILIES if get_family(name).corrects_prior])
OPTIONS: dict[str, dict[str, Any]] = {
    "boosted_tree_classifier": {"max_iterations": 40, "patience": 5},
    "dnn_classifier": {"max_iterations": 4, "hidden_units": [8], "learn_rate": 0.01, "dropout": 0.0},
    "dnn_linear_combined_classifier": {"max_iterations": 4, "hidden_units": [8], "dropout": 0.0},
    "ensemble_classifier": {"members": [{"type": "boosted_tree_classifier", "options": {"max_iterations": 9}}]},
}
OFFSETS = {2: (3.0, 0.0), 3: (0.0, 2.5, 0.5)}
SMALL = 1e-5
"""float32's rounding of a raw score."""


def rows_of(encode: Encode, num_classes: int, seed: int, n: int = 900) -> Encoded:
    random = np.random.default_rng(seed)
    dense, ids = random.normal(size=(n, 2)).astype(np.float32), random.integers(0, 4, (n, 1))
    signal = dense[:, 0] + (ids[:, 0] == 1) + random.normal(size=n)
    label = np.digitize(signal, np.quantile(signal, np.arange(1, num_classes) / num_classes)).astype(np.int64)
    return encode(dense, ids, label, (4,), block_rows=256)


def fit(name: str, train: Encoded, evaluation: Encoded | None, num_classes: int, offsets: tuple[float, ...]) -> Any:
    context = FitContext(features=train.features, num_classes=num_classes, num_threads=1, seed=7, class_offsets=offsets)
    return get_family(name).fit(
        train, evaluation, family_options(name, OPTIONS.get(name, QUICK.get(name, {}))), context
    )


def log_odds(probabilities: np.ndarray) -> np.ndarray:
    """[n, c - 1] of each class against the first."""
    logs = np.log(probabilities.astype(np.float64))
    return logs[:, 1:] - logs[:, :1]


@correcting
@pytest.mark.parametrize("num_classes", [2, 3])
def test_the_log_odds_move_by_the_offsets_and_nothing_else_changes(name: str, num_classes: int, encode: Encode) -> None:
    train, offsets = rows_of(encode, num_classes, 0), np.array(OFFSETS[num_classes])
    plain = fit(name, train, None, num_classes, ())
    moved = fit(name, train, None, num_classes, OFFSETS[num_classes])
    batch = train.arrays()
    difference = log_odds(moved.predict(batch.dense, batch.ids)) - log_odds(plain.predict(batch.dense, batch.ids))
    assert np.abs(difference - (offsets[1:] - offsets[0])).max() < SMALL
    if name != "ensemble_classifier":  # of which the last is the loss of what is predicted
        assert [row.loss for row in moved.curve] == [row.loss for row in plain.curve]


@correcting
@pytest.mark.parametrize("num_classes", [2, 3])
def test_the_eval_loss_is_that_of_what_is_predicted(name: str, num_classes: int, encode: Encode) -> None:
    """So that training stops by the loss of the corrected probabilities, on rows of which none were left out."""
    train, watched = rows_of(encode, num_classes, 0), rows_of(encode, num_classes, 1)
    model = fit(name, train, watched, num_classes, OFFSETS[num_classes])
    batch = watched.arrays()
    answered = model.predict(batch.dense, batch.ids)[np.arange(len(batch.label)), batch.label]
    assert model.curve[model.best_iteration - 1].eval_loss == pytest.approx(-np.log(answered).mean(), rel=1e-5)
    if name != "ensemble_classifier":  # whose last iteration is all of its members together
        assert model.best_iteration == 1 + int(np.argmin([row.eval_loss for row in model.curve]))


@correcting
@pytest.mark.parametrize("num_classes", [2, 3])
def test_the_graph_is_corrected_too(name: str, num_classes: int, encode: Encode) -> None:
    train = rows_of(encode, num_classes, 0)
    model = fit(name, train, rows_of(encode, num_classes, 1), num_classes, OFFSETS[num_classes])
    batch = train.arrays()
    found = graph_of(model, train)(batch.dense, batch.ids)
    assert relative_difference(found, model.predict(batch.dense, batch.ids)) <= get_family(name).relative_tolerance


def test_trees_that_found_no_split_are_corrected(encode: Encode) -> None:
    train = encode(np.zeros((40, 1)), np.empty((40, 0), np.int64), np.arange(40) % 2, ())
    model = fit("boosted_tree_classifier", train, None, 2, OFFSETS[2])
    expected = 1 / (1 + np.exp(3.0))
    assert np.abs(model.predict(np.zeros((3, 1)), None)[:, 1] - expected).max() < 1e-9
    assert np.abs(graph_of(model, train)(np.zeros((3, 1)), np.empty((3, 0)))[:, 1] - expected).max() < 1e-9


def test_only_a_classifier_has_a_prior() -> None:
    assert all(get_family(name).task is Task.CLASSIFICATION for name in FAMILIES if get_family(name).corrects_prior)
    assert not prior_shift((), 0).any()

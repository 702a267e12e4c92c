"""Forests beside scikit-learn's, on the same rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from real_tables import Table, read_housing
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.metrics import log_loss, roc_auc_score
from small_encoder import graph_of, relative_difference

from hagane.features.encoded import Encoded
from hagane.models import family_options, get_family
from hagane.models.family import FitContext

Encode = Callable[..., Encoded]


def fit(name: str, train: Encoded, evaluation: Encoded | None = None, *, num_classes: int = 0, **given: Any) -> Any:
    family = get_family(name)
    context = FitContext(features=train.features, num_classes=num_classes, num_threads=1, seed=7)
    start = given.pop("start", None)
    options = family_options(family, {"num_parallel_tree": 50, **given})
    return family.fit(train, evaluation, options, context, start=start)  # type: ignore[call-arg]


def encoded(encode: Encode, table: Table) -> Encoded:
    return encode(table.dense.astype(np.float32), table.ids, table.label, table.cardinalities, block_rows=65_536)


def test_adult_as_scikit_learn(adult: tuple[Table, Table], encode: Encode) -> None:
    train, test = adult
    model = fit("random_forest_classifier", encoded(encode, train), num_classes=2)
    found = model.predict(test.dense.astype(np.float32), test.ids)[:, 1]
    oracle = RandomForestClassifier(50, random_state=0, min_samples_leaf=3)
    oracle.fit(np.nan_to_num(train.one_hot(), nan=-1), train.label)
    peer = oracle.predict_proba(np.nan_to_num(test.one_hot(), nan=-1))[:, 1]
    assert roc_auc_score(test.label, found) >= max(0.914, roc_auc_score(test.label, peer) - 0.002)
    assert log_loss(test.label, found) <= log_loss(test.label, peer) + 0.005
    assert found.mean() == pytest.approx(test.label.mean(), abs=0.01)


@pytest.mark.slow
def test_housing_as_scikit_learn(shared_data: Path, encode: Encode) -> None:
    table = read_housing(shared_data / "california_housing")
    rows = np.random.default_rng(0).permutation(len(table.label))
    train, test = table.rows(rows[4000:]), table.rows(rows[:4000])
    model = fit("random_forest_regressor", encoded(encode, train))
    found = model.predict(test.dense.astype(np.float32), test.ids)
    oracle = RandomForestRegressor(50, random_state=0, max_features=1 / 3)
    peer = oracle.fit(np.nan_to_num(train.one_hot(), nan=-1), train.label).predict(
        np.nan_to_num(test.one_hot(), nan=-1)
    )
    ours, theirs = (np.sqrt(np.mean(np.square(scores - test.label))) for scores in (found, peer))
    assert ours <= 1.01 * theirs


def small(encode: Encode, n: int, seed: int, num_classes: int) -> Encoded:
    random = np.random.default_rng(seed)
    dense = random.integers(0, 9, (n, 3)).astype(np.float32)
    signal = dense[:, 0] + dense[:, 1] + random.normal(size=n)
    label = np.digitize(signal, np.quantile(signal, np.arange(1, num_classes) / num_classes)) if num_classes else signal
    return encode(dense, np.empty((n, 0), np.int64), label.astype(np.int64 if num_classes else float), ())


WHOLE = {"subsample": 1.0, "colsample_bynode": 1.0, "num_parallel_tree": 2, "min_tree_child_weight": 0.0}


@pytest.mark.parametrize("num_classes", [0, 2])
def test_a_tree_of_all_rows_answers_the_means_of_its_leaves(num_classes: int, encode: Encode) -> None:
    """Without chance every tree is the same: splits are those of a regression tree, leaves plain means."""
    train = small(encode, 400, 0, num_classes)
    name = "random_forest_classifier" if num_classes else "random_forest_regressor"
    model = fit(name, train, num_classes=num_classes, min_tree_child_rows=20, num_leaves=6, **WHOLE)
    batch = train.arrays()
    first = model.trees.trees[0]
    assert len(first.leaves) == 6
    leaf = model.learned.booster().predict(batch.dense, pred_leaf=True)[:, 0]
    means = np.array([batch.label[leaf == number].mean() for number in range(6)])
    found = model.predict(batch.dense, None)
    assert np.abs((found[:, 1] if num_classes else found) - means[leaf]).max() < 1e-5


def test_rows_weigh_in_the_leaves(encode: Encode) -> None:
    label, weight = np.array([0] * 30 + [1] * 10), np.array([1.0] * 30 + [9.0] * 10)
    train = encode(np.zeros((40, 1)), np.empty((40, 0), np.int64), label, (), weight=weight)
    model = fit("random_forest_classifier", train, num_classes=2)
    assert model.predict(np.zeros((1, 1), np.float32), None).tolist() == [[0.25, 0.75]]


@pytest.mark.parametrize("num_classes", [0, 2, 4])
def test_the_one_iteration_of_its_curve(num_classes: int, encode: Encode) -> None:
    name = "random_forest_classifier" if num_classes else "random_forest_regressor"
    train, held_out = small(encode, 500, 0, num_classes), small(encode, 200, 1, num_classes)
    model = fit(name, train, held_out, num_classes=num_classes, num_parallel_tree=15)
    (row,) = model.curve
    for split, told in ((train, row.loss), (held_out, row.eval_loss)):
        batch = split.arrays()
        scores = model.predict(batch.dense, None)
        if num_classes:
            of_label = scores[np.arange(len(scores)), batch.label]
            expected = -np.log(np.maximum(of_label, 1e-15)).mean()
        else:
            expected = np.mean(np.square(scores - batch.label))
        assert told == pytest.approx(expected, rel=1e-6)
    assert (row.iteration, row.learning_rate) == (1, None)


@pytest.mark.parametrize("num_classes", [0, 2, 4])
def test_a_forest_grown_behind_another_is_one_forest(num_classes: int, encode: Encode) -> None:
    name = "random_forest_classifier" if num_classes else "random_forest_regressor"
    train = small(encode, 500, 0, num_classes)
    first, whole = (fit(name, train, num_classes=num_classes, num_parallel_tree=size) for size in (6, 10))
    more = fit(name, train, num_classes=num_classes, num_parallel_tree=4, start=first.learned)
    assert more.learned.text == whole.learned.text
    batch = train.arrays()
    assert np.array_equal(more.predict(batch.dense, None), whole.predict(batch.dense, None))
    found = graph_of(more, train)(batch.dense, batch.ids)
    assert relative_difference(found, whole.predict(batch.dense, None)) < 1e-7


def test_a_rows_shares_do_not_depend_on_its_batch(encode: Encode) -> None:
    """Nor on the order in which a row's shares are added up."""
    train = small(encode, 4096, 0, 5)
    model = fit("random_forest_classifier", train, num_classes=5, num_parallel_tree=8, max_tree_depth=6)
    batch, graph = train.arrays(), graph_of(model, train)
    whole = graph(batch.dense, batch.ids)
    assert np.abs(whole.sum(axis=1) - 1).max() < 1e-12
    for n in (0, 1, 2, 7, 300):
        for start in (0, 1001):
            rows = slice(start, start + n)
            assert graph(batch.dense[rows], batch.ids[rows]).tobytes() == whole[rows].tobytes()

"""decision_tree_* beside scikit-learn's own trees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from small_encoder import graph_of

from hagane.errors import SpecError, TrainingError
from hagane.features.encoded import Encoded
from hagane.memory_budget import MemoryBudget
from hagane.models import family_options, get_family
from hagane.models.family import FitContext
from hagane.models.warm_start import WarmStart

Encode = Callable[..., Encoded]
NO_IDS = np.empty((500, 0), np.int64)
WEIGHT = np.random.default_rng(8).integers(1, 5, 500).astype(np.float32)


def rows(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    dense = random.normal(size=(500, 5)).astype(np.float32)
    signal = np.where(dense[:, 0] > 0.2, dense[:, 1], 2 * dense[:, 2]) + 0.3 * random.normal(size=500)
    dense[random.random((500, 5)) < 0.1] = np.nan
    return dense, signal


def fit(kind: str, train: Encoded, evaluation: Encoded | None = None, num_classes: int = 0, **options: Any) -> Any:
    name = f"decision_tree_{kind}"
    memory = MemoryBudget(options.pop("memory", 1 << 30))
    context = FitContext(features=train.features, num_classes=num_classes, num_threads=1, seed=3, memory=memory)
    return get_family(name).fit(train, evaluation, family_options(name, options), context)


@pytest.mark.parametrize("criterion", ["gini", "entropy"])
@pytest.mark.parametrize("num_classes", [2, 4])
def test_classes_are_scikit_learns_to_the_bit(num_classes: int, criterion: str, encode: Encode) -> None:
    dense, signal = rows()
    label = np.digitize(signal, np.quantile(signal, np.arange(1, num_classes) / num_classes))
    train = encode(dense, NO_IDS, label, (), weight=WEIGHT, block_rows=64)
    model = fit("classifier", train, num_classes=num_classes, criterion=criterion, min_tree_child_rows=7, num_leaves=31)
    oracle = DecisionTreeClassifier(criterion=criterion, max_leaf_nodes=31, min_samples_leaf=7, random_state=3)
    expected = oracle.fit(dense, label, WEIGHT).predict_proba(dense)
    assert np.abs(model.predict(dense, None) - expected).max() < 1e-12
    assert np.abs(graph_of(model, train)(dense, NO_IDS) - expected).max() < 1e-12
    assert len(model.trees.trees[0].leaves) == oracle.get_n_leaves()
    gains = np.array([*model.importance().values()])
    assert np.abs(gains / gains.sum() - oracle.feature_importances_).max() < 1e-5
    share = expected[np.arange(500), label]
    assert model.curve[0].loss == pytest.approx(np.average(-np.log(np.maximum(share, 1e-15)), weights=WEIGHT))


def test_numbers_are_scikit_learns(encode: Encode) -> None:
    dense, label = rows()
    train = encode(dense, NO_IDS, label, ())
    model = fit("regressor", train, max_tree_depth=4, min_split_loss=0.002, num_leaves=31)
    oracle = DecisionTreeRegressor(
        max_depth=4, max_leaf_nodes=31, min_samples_leaf=20, min_impurity_decrease=0.002, random_state=3
    )
    expected = oracle.fit(dense, label).predict(dense)
    assert np.abs(model.predict(dense, None) - expected).max() < 1e-12
    assert model.curve[0].loss == pytest.approx(np.mean((expected - label) ** 2))


@pytest.mark.parametrize("num_classes", [0, 2, 3])
def test_categories_are_split_as_sets(num_classes: int, encode: Encode) -> None:
    """Which a one-hot tree needs many splits for: the very best two sets, where there is one split."""
    random = np.random.default_rng(1)
    ids = random.integers(1, 19, (2000, 1))
    effect = random.permutation(20) % (num_classes or 2)
    label = effect[ids[:, 0]] + (0.0 if num_classes else 0.1 * random.normal(size=2000))
    train = encode(np.empty((2000, 0)), ids, label.astype(np.int64) if num_classes else label, (20,))
    model = fit(
        "classifier" if num_classes else "regressor", train, num_classes=num_classes, num_leaves=num_classes or 2
    )
    scores = model.predict(None, ids)
    found = scores.argmax(axis=1) if num_classes else np.round(scores)
    assert np.array_equal(found, effect[ids[:, 0]])
    assert np.array_equal(graph_of(model, train)(np.empty((2000, 0)), ids), scores)


def test_branches_that_eval_rows_do_not_bear_out_are_pruned(encode: Encode) -> None:
    dense, signal = rows()
    other, held_out = rows(seed=9)
    train, evaluation = encode(dense, NO_IDS, signal, ()), encode(other, NO_IDS, held_out, ())
    whole = fit("regressor", train, evaluation, prune=False, min_tree_child_rows=1, num_leaves=400)
    kept = fit("regressor", train, evaluation, min_tree_child_rows=1, num_leaves=400)
    sizes = [len(model.trees.trees[0].leaves) for model in (whole, kept)]
    assert sizes[0] > 350
    assert sizes[1] < 100
    assert kept.curve[0].eval_loss < 0.8 * whole.curve[0].eval_loss
    assert kept.curve[0].eval_loss == pytest.approx(np.mean((kept.predict(other, None) - held_out) ** 2), rel=1e-6)
    random = np.random.default_rng(0)
    noise = encode(random.normal(size=(500, 5)).astype(np.float32), NO_IDS, random.normal(size=500), ())
    stump = fit("regressor", noise, encode(other, NO_IDS, np.full(500, 0.0), ()))
    assert len(stump.trees.trees[0].leaves) < 4


def test_infinite_numbers_are_the_largest(encode: Encode) -> None:
    dense, label = rows()
    dense[::7, 0], dense[1::7, 0] = np.inf, -np.inf
    train = encode(dense, NO_IDS, label, ())
    model = fit("regressor", train)
    assert np.array_equal(graph_of(model, train)(dense, NO_IDS), model.predict(dense, None))


def test_rows_that_do_not_fit_in_memory_are_refused(encode: Encode) -> None:
    dense, label = rows()
    with pytest.raises(TrainingError, match="do not fit in memory, as decision trees need them"):
        fit("regressor", encode(dense, NO_IDS, label, ()), memory=1000)


def test_it_begins_with_no_other_tree(encode: Encode) -> None:
    dense, label = rows()
    train = encode(dense, NO_IDS, label, ())
    start = WarmStart(reference="m@1", digest="0", parameters={}, features=train.features, options={})
    context = FitContext(features=train.features, num_threads=1, warm_start=start)
    family = get_family("decision_tree_regressor")
    with pytest.raises(SpecError, match="nothing to go on from in m@1"):
        family.fit(train, None, family_options(family, {}), context)


def test_options_are_checked() -> None:
    with pytest.raises(SpecError) as raised:
        family_options("decision_tree_classifier", {"max_depth": 3, "criterion": "ginni"})
    assert [fault.nearest for fault in raised.value.faults] == ["max_tree_depth", "gini"]

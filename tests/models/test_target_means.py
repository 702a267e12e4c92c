"""Means of the label in the slots of wide categories: by hand, out of fold, and what they are worth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from small_encoder import graph_of, relative_difference

from hagane.features.encoded import Encoded
from hagane.models import family_options, get_family
from hagane.models.family import FitContext
from hagane.models.target_means import FOLDS, TargetMeans, folds_of, target_means

Encode = Callable[..., Encoded]


def rows(n: int = 4_000, slots: int = 600, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Ids with an effect of their own, and noise."""
    random = np.random.default_rng(seed)
    ids = random.integers(1, slots - 50, (n, 1))
    effect = np.random.default_rng(1).normal(size=slots)
    return ids, effect[ids[:, 0]] + random.normal(size=n)


def encoded(encode: Encode, ids: np.ndarray, label: np.ndarray, slots: int, **settings: Any) -> Encoded:
    return encode(np.empty((len(ids), 0)), ids, label, (slots,), block_rows=1024, **settings)


def measure(train: Encoded, slots: int, num_classes: int = 0) -> TargetMeans:
    (found,) = target_means(train, (0,), (slots,), num_classes, 7)
    return found


@pytest.mark.parametrize("weighted", [False, True])
def test_the_means_are_shrunk_by_the_variances_that_made_the_data(weighted: bool, encode: Encode) -> None:
    """The labels have variance 1 within a slot and 1 between slots, so m is about 1 row."""
    ids, label = rows(40_000)
    weight = np.full(len(ids), 250.0) if weighted else None
    found = measure(encoded(encode, ids, label, 600, weight=weight), 600)
    counts = np.bincount(ids[:, 0], minlength=600)
    sums = np.bincount(ids[:, 0], label, minlength=600)
    m = 1.0
    expected = (sums + m * label.mean()) / (counts + m)
    assert np.abs(found.all_rows[:, 0] - expected).max() < 0.05
    assert found.all_rows[0, 0] == pytest.approx(label.mean(), rel=1e-6)
    assert found.all_rows[599, 0] == pytest.approx(label.mean(), rel=1e-6)


def test_a_row_is_told_nothing_by_its_own_label(encode: Encode) -> None:
    ids, label = rows()
    other = label.copy()
    other[5] += 3.0
    one, moved = (measure(encoded(encode, ids, each, 600), 600) for each in (label, other))
    fold = folds_of(7, 0, 1024)[5]
    slot = ids[5, 0]
    folds = np.arange(FOLDS)
    changed = np.abs(one.without_fold[folds, slot, 0] - moved.without_fold[folds, slot, 0]) > 0.1
    assert changed.tolist() == (folds != fold).tolist()


def test_labels_that_have_nothing_to_do_with_the_slots_leave_the_mean(encode: Encode) -> None:
    random = np.random.default_rng(2)
    ids, label = random.integers(0, 500, (3_000, 1)), random.normal(size=3_000)
    found = measure(encoded(encode, ids, label, 500), 500)
    assert np.std(found.all_rows) < 0.15
    constant = measure(encoded(encode, ids, np.full(3_000, 4.0), 500), 500)
    assert np.abs(constant.all_rows - 4).max() < 1e-12


def test_classes_have_a_mean_each_the_frequent_ones(encode: Encode) -> None:
    random = np.random.default_rng(3)
    ids = random.integers(0, 300, (9_000, 1))
    label = np.where(random.random(9_000) < 0.7, ids[:, 0] % 3, random.integers(0, 40, 9_000))
    found = measure(encoded(encode, ids, label, 300), 300, num_classes=40)
    assert found.all_rows.shape == (300, 16)
    assert np.array_equal(found.all_rows[:, :3].argmax(axis=1), np.arange(300) % 3)


@pytest.mark.parametrize("name", ["boosted_tree_classifier", "boosted_tree_regressor"])
@pytest.mark.parametrize("num_classes", [2, 3])
def test_trees_on_a_wide_category(name: str, num_classes: int, encode: Encode) -> None:
    """Better than native splits on slots of few rows; the graph says what LightGBM says, seen or not."""
    ids, label = rows(12_000, 3_000)
    held_ids, held = rows(4_000, 3_000, seed=5)
    classes = 0
    if name.endswith("classifier"):
        edges = np.quantile(label, np.arange(1, num_classes) / num_classes)
        label, held, classes = np.digitize(label, edges), np.digitize(held, edges), num_classes
    train = encoded(encode, ids, label, 3_000)
    context = FitContext(features=train.features, num_classes=classes, num_threads=1, seed=7)
    family = get_family(name)
    models = [
        family.fit(train, None, family_options(name, {"max_iterations": 40, "max_category_slots": slots}), context)
        for slots in (256, 10_000)
    ]
    none = np.empty((len(held_ids), 0), np.float32)

    def loss(model: Any) -> float:
        scores = model.predict(none, held_ids)
        if classes:
            return -float(np.log(scores[np.arange(len(held)), held]).mean())
        return float(np.square(scores - held).mean())

    assert loss(models[0]) < loss(models[1])
    every = np.arange(3_000)[:, None]
    found = graph_of(models[0], train)(none[:3_000], every)
    assert relative_difference(found, models[0].predict(none[:3_000], every)) <= family.relative_tolerance
    assert list(models[0].importance()) == ["c0"]
    assert models[0].importance()["c0"] > 0

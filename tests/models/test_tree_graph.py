"""LightGBM's trees as a graph: the same decision at every threshold, for every value there is."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_encoder import graph_of, write

from hagane.features.encoded import Encoded
from hagane.models import family_options, get_family
from hagane.models.family import FitContext
from hagane.models.lightgbm_trees import parse_trees
from hagane.models.tree_model import TreeModel

Encode = Callable[..., Encoded]
HOSTILE = np.array(
    [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-40, -1e-40, 1e-35, -1e-35, 3.4e38, -3.4e38, 0.1, 1.0, 16_777_217.0],
    np.float32,
)


def boost(train: Encoded, **options: Any) -> TreeModel:
    settings_ = {"max_iterations": 8, "num_leaves": 12, "min_tree_child_rows": 2, "subsample": 1.0, **options}
    context = FitContext(features=train.features, num_threads=1)
    return get_family("boosted_tree_regressor").fit(
        train, None, family_options("boosted_tree_regressor", settings_), context
    )


def dense_values(random: np.random.Generator, kind: str, n: int) -> np.ndarray:
    """A column of one sort: smooth, whole numbers, hostile, mostly missing, constant."""
    values = {
        "smooth": random.normal(size=n),
        "whole": random.integers(-3, 4, n).astype(float),
        "hostile": random.choice(HOSTILE, n),
        "missing": np.where(random.random(n) < 0.8, np.nan, random.normal(size=n)),
        "tiny": random.normal(size=n) * 1e-38,
        "constant": np.full(n, 5.0),
    }
    return values[kind].astype(np.float32)


@settings(max_examples=25, deadline=None)
@given(
    kinds=st.lists(
        st.sampled_from(["smooth", "whole", "hostile", "missing", "tiny", "constant"]), min_size=1, max_size=4
    ),
    cardinalities=st.lists(st.sampled_from([2, 3, 40, 64, 65, 129, 700]), max_size=3),
    seed=st.integers(0, 2**16),
)
def test_random_forests_agree(kinds: list[str], cardinalities: list[int], seed: int) -> None:
    random, n = np.random.default_rng(seed), 400
    dense = np.stack([dense_values(random, kind, n) for kind in kinds], axis=1)
    ids = (
        np.stack([random.integers(0, c, n) for c in cardinalities], axis=1)
        if cardinalities
        else np.empty((n, 0), np.int64)
    )
    signal = random.normal(size=n) + np.isnan(dense[:, 0]) + (np.nan_to_num(dense[:, -1]) > 0)
    signal = signal + (ids % 3 == 1).sum(axis=1)
    with tempfile.TemporaryDirectory() as folder:
        train = write(Path(folder), dense, ids, signal, tuple(cardinalities))
        model = boost(train)
        graph = graph_of(model, train)
        probe = dense_probe(model, dense, random)
        chosen = random.integers(0, n, len(probe))
        others = (
            np.stack([random.integers(0, c, len(probe)) for c in cardinalities], axis=1)
            if cardinalities
            else ids[chosen]
        )
        for some_dense, some_ids in ((dense, ids), (probe, ids[chosen]), (probe, others)):
            found, expected = graph(some_dense, some_ids), model.predict(some_dense, some_ids)
            np.testing.assert_allclose(
                found, expected, rtol=2.5e-7, atol=2.5e-7 * max(1.0, float(np.abs(signal).max()))
            )


def dense_probe(model: TreeModel, dense: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Rows of hostile values, and of the thresholds themselves with their two neighbours in float32."""
    columns = []
    for column in range(dense.shape[1]):
        pool = [HOSTILE, dense[:, column]]
        for tree in model.trees.trees:
            at = tree.thresholds[(tree.features == column) & (tree.kinds & 1 == 0)].clip(-3e38, 3e38).astype(np.float32)
            pool += [at, np.nextafter(at, np.float32(np.inf)), np.nextafter(at, np.float32(-np.inf))]
        columns.append(random.choice(np.concatenate(pool), 300))
    return np.stack(columns, axis=1).astype(np.float32)


def test_values_at_the_thresholds_decide_alike(encode: Encode) -> None:
    """Every float32 beside each threshold, one feature at a time: exactly LightGBM's answer."""
    random = np.random.default_rng(3)
    x = np.round(random.normal(size=(2000, 1)), 2).astype(np.float32)
    train = encode(x, np.empty((2000, 0), np.int64), np.sin(9 * x[:, 0].astype(np.float64)), ())
    model = boost(train, max_iterations=60, num_leaves=31)
    at = np.unique(np.concatenate([tree.thresholds for tree in model.trees.trees])).astype(np.float32)
    near = np.concatenate([at, np.nextafter(at, np.float32(9)), np.nextafter(at, np.float32(-9))])[:, None]
    assert len(near) > 300
    difference = graph_of(model, train)(near, np.empty((len(near), 0))) - model.predict(near, np.empty((len(near), 0)))
    assert np.abs(difference).max() < 1e-12


def test_sets_of_many_categories(encode: Encode) -> None:
    """Thousands of categories; every id there is, seen or not, goes where LightGBM sends it."""
    random, cardinality = np.random.default_rng(4), 5000
    ids = random.integers(0, cardinality - 100, (20_000, 1))
    effect = random.normal(size=cardinality)
    train = encode(np.empty((20_000, 0)), ids, effect[ids[:, 0]], (cardinality,))
    model = boost(train, max_iterations=30, max_category_slots=cardinality)
    assert max(len(chosen) for tree in model.trees.trees for chosen in tree.sets) > 8
    every = np.arange(cardinality)[:, None]
    nothing = np.empty((cardinality, 0), np.float32)
    difference = graph_of(model, train)(nothing, every) - model.predict(nothing, every)
    assert np.abs(difference).max() < 1e-12


def test_nan_where_training_saw_none_is_compared_as_zero(encode: Encode) -> None:
    random = np.random.default_rng(5)
    x = (random.normal(size=(500, 2)) + np.array([2.0, -2.0])).astype(np.float32)
    train = encode(x, np.empty((500, 0), np.int64), x[:, 0] * x[:, 1].astype(np.float64), ())
    model = boost(train, max_iterations=20)
    probe = np.array([[np.nan, -2], [2, np.nan], [np.nan, np.nan], [0, 0]], np.float32)
    found = graph_of(model, train)(probe, np.empty((4, 0)))
    assert found.tolist() == model.predict(probe, np.empty((4, 0))).tolist()
    assert found[2] == found[3]


def test_the_parsed_trees_are_those_of_the_dump(encode: Encode) -> None:
    """LightGBM's JSON dump as the oracle of the text that we read."""
    random = np.random.default_rng(6)
    x, ids = random.normal(size=(800, 2)).astype(np.float32), random.integers(0, 90, (800, 1))
    train = encode(x, ids, x[:, 0] + (ids[:, 0] % 2), (90,))
    booster = boost(train)._booster
    trees, dump = parse_trees(booster.model_to_string()), booster.dump_model()
    assert trees.num_features == 3
    for tree, expected in zip(trees.trees, dump["tree_info"], strict=True):
        stack = [(0, expected["tree_structure"])]
        while stack:
            index, node = stack.pop()
            if "leaf_value" in node:
                assert tree.leaves[~index] == node["leaf_value"]
                continue
            assert tree.features[index] == node["split_feature"]
            if node["decision_type"] == "==":
                assert tree.sets[int(tree.thresholds[index])].tolist() == [
                    int(v) for v in node["threshold"].split("||")
                ]
            else:
                assert tree.thresholds[index] == node["threshold"]
            stack += [(tree.left[index], node["left_child"]), (tree.right[index], node["right_child"])]


def test_nothing_is_printed(encode: Encode, capfd: pytest.CaptureFixture[str]) -> None:
    random = np.random.default_rng(8)
    ids = random.integers(0, 900, (3000, 1))
    boost(encode(np.empty((3000, 0)), ids, random.normal(size=3000), (900,)))
    out, err = capfd.readouterr()
    assert out + err == ""

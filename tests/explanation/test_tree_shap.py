"""Attributions of trees, beside LightGBM's own and beside the definition of a Shapley value."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
import pytest

from hagane.explanation import tree_shap
from hagane.explanation.tree_arrays import TreeArrays
from hagane.explanation.tree_paths import TreePaths
from hagane.explanation.tree_shap import TreeShap
from hagane.models.tree_arrays_of import tree_arrays_of

KINDS: dict[str, dict[str, Any]] = {
    "binary": {"objective": "binary", "num_leaves": 31},
    "multiclass": {"objective": "multiclass", "num_class": 3, "num_leaves": 12},
    "dart": {"objective": "regression", "boosting": "dart", "num_leaves": 20},
    "forest": {"objective": "regression", "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6},
    "deep": {"objective": "regression", "num_leaves": 120, "min_data_in_leaf": 2},
    "stumps": {"objective": "regression", "min_data_in_leaf": 400},
}


def hostile(matrix: np.ndarray) -> np.ndarray:
    """Its first rows, with every value that a split can meet."""
    rows = matrix[:200].copy()
    rows[0, 4], rows[1, 4], rows[2, 4], rows[3, 4] = 999, -1, np.nan, 39
    rows[4, 0], rows[5, 0], rows[6, :4], rows[7, 1] = np.inf, -np.inf, np.nan, 1e-40
    rows[8, 5], rows[9, 1], rows[10, 1] = 7, 0.0, -1e-40
    return rows


def arrays_of(trees: Any, divided_by: int = 1) -> TreeArrays:
    return tree_arrays_of(trees, level=np.zeros(trees.num_outputs), num_trees=divided_by)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_as_lightgbms_own(kind: str, grown: Callable[..., Any], matrix: np.ndarray) -> None:
    booster, trees = grown(**KINDS[kind])
    rows, c = hostile(matrix), trees.num_outputs
    expected = booster.predict(rows, pred_contrib=True).reshape(len(rows), c, -1)
    for output in range(c):
        shap = TreeShap(TreePaths.of(arrays_of(trees), output), rows.shape[1])
        found = shap.attributions(rows)
        np.testing.assert_allclose(found, expected[:, output, :-1], rtol=1e-9, atol=1e-11)
        np.testing.assert_allclose(shap.baseline, expected[0, output, -1], rtol=1e-9, atol=1e-11)
        np.testing.assert_allclose(found.sum(axis=1) + shap.baseline, shap.scores(rows), rtol=1e-9, atol=1e-11)


def test_scores_are_lightgbms(grown: Callable[..., Any], matrix: np.ndarray) -> None:
    booster, trees = grown(**KINDS["binary"])
    rows = hostile(matrix)
    shap = TreeShap(TreePaths.of(arrays_of(trees), 0), rows.shape[1])
    np.testing.assert_allclose(shap.scores(rows), booster.predict(rows, raw_score=True), rtol=1e-12, atol=1e-12)


def test_the_definition(grown: Callable[..., Any], matrix: np.ndarray) -> None:
    """Σ over subsets of the columns, where a column that is not known sends a row both ways."""
    _, trees = grown(rounds=3, objective="regression", num_leaves=15)
    arrays, rows = arrays_of(trees), hostile(matrix)[:12]
    found = TreeShap(TreePaths.of(arrays, 0), rows.shape[1]).attributions(rows)
    for row, expected in zip(rows, found, strict=True):
        np.testing.assert_allclose(_shapley(arrays, row), expected, rtol=1e-9, atol=1e-12)


def _shapley(trees: TreeArrays, row: np.ndarray) -> np.ndarray:
    columns, values = range(len(row)), np.zeros(len(row))
    for column in columns:
        others = [each for each in columns if each != column]
        for size in range(len(row)):
            weight = factorial(size) * factorial(len(row) - size - 1) / factorial(len(row))
            for known in combinations(others, size):
                values[column] += weight * (_expected(trees, row, {*known, column}) - _expected(trees, row, {*known}))
    return values


def _expected(trees: TreeArrays, row: np.ndarray, known: set[int]) -> float:
    def at(node: int) -> float:
        if node < 0:
            return float(trees.leaves[~node])
        left, right = int(trees.left[node]), int(trees.right[node])
        column = int(trees.features[node])
        if column in known:
            return at(left if _goes_left(trees, node, row[column]) else right)
        shares = [float(trees.leaf_rows[~child] if child < 0 else trees.node_rows[child]) for child in (left, right)]
        return (shares[0] * at(left) + shares[1] * at(right)) / sum(shares)

    return sum(at(int(root)) for root in trees.roots)


def _goes_left(trees: TreeArrays, node: int, value: float) -> bool:
    if trees.sets[node] >= 0:
        first, end = trees.set_offsets[trees.sets[node] : trees.sets[node] + 2]
        return value in trees.set_members[first:end]
    return bool(trees.nan_left[node]) if np.isnan(value) else value <= trees.thresholds[node]


@pytest.mark.parametrize("table_depth", [0, 3, 8])
def test_tables_change_nothing(
    table_depth: int, grown: Callable[..., Any], matrix: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, trees = grown(**KINDS["binary"])
    rows, paths = hostile(matrix), TreePaths.of(arrays_of(trees), 0)
    expected = TreeShap(paths, rows.shape[1]).attributions(rows)
    monkeypatch.setattr(tree_shap, "TABLE_DEPTH", table_depth)
    found = TreeShap(paths, rows.shape[1]).attributions(rows)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("kind", ["binary", "deep"])
def test_a_row_alone_has_the_same_bits(
    kind: str, grown: Callable[..., Any], matrix: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, trees = grown(**KINDS[kind])
    rows = hostile(matrix)
    shap = TreeShap(TreePaths.of(arrays_of(trees), 0), rows.shape[1])
    together, scores = shap.attributions(rows), shap.scores(rows)
    for size in (0, 1, 2, 7):
        assert np.array_equal(shap.attributions(rows[:size]), together[:size])
        assert np.array_equal(shap.scores(rows[:size]), scores[:size])
    monkeypatch.setattr(tree_shap, "CHUNK_NUMBERS", 1)
    assert np.array_equal(shap.attributions(rows), together)


def test_deep_paths_keep_their_digits() -> None:
    """A chain of 60 splits on 60 columns: the sum still adds up, where weights of Shapley span 17 digits."""
    depth = 60
    nodes = np.arange(depth)
    chain = TreeArrays(
        features=nodes, thresholds=np.zeros(depth), sets=np.full(depth, -1), nan_left=np.zeros(depth, bool),
        left=np.append(nodes[1:], -1), right=~(nodes + 1), node_rows=2.0 ** (depth - nodes),
        leaf_rows=np.append(1.0, 2.0 ** (depth - 1 - nodes)), leaves=np.append(1.0, np.zeros(depth)),
        outputs=np.zeros(1, np.int64), roots=np.zeros(1, np.int64), set_offsets=np.zeros(1, np.int64),
        set_members=np.zeros(0, np.int64), base=np.zeros(1),
    )  # fmt: skip
    shap = TreeShap(TreePaths.of(chain, 0), depth)
    found = shap.attributions(np.full((1, depth), -1.0))
    np.testing.assert_allclose(found, (1 - 2.0**-depth) / depth, rtol=1e-12)

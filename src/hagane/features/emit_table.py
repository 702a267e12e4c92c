"""Constant tables: counting points, and reading values by number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hagane.features.emit import Emitter
from hagane.features.emit_logic import INT64, both, cast, column, side_by_side, where

MOST_COMPARISONS = 16
"""Up to so many points are compared one by one, more by a tree (measured: the tree wins from there on)."""
_LESS, _LEAF = 1, 0


def count_points(e: Emitter, x: str, points: Sequence[Sequence[float]]) -> str:
    """How many of a lane's ascending points are <= x ([n, g] float64), as int64 [n, g]. 0 or all of them for NaN."""
    width = len(points)
    x = e.full(x, width)
    most = max(len(lane) for lane in points)
    if most == 0:
        return e.full(e.row(np.zeros(width, np.int64)), width)
    if most <= MOST_COMPARISONS:
        return _compare_points(e, x, points, most)
    return cast(e, _tree_ensemble(e, x, points), INT64)


def int_position(e: Emitter, x: str, vocabularies: Sequence[Sequence[int]]) -> str:
    """The whole number's place in its lane's vocabulary, from 1; 0 where it is not there."""
    if all(vocabulary == vocabularies[0] for vocabulary in vocabularies):
        return _int_position(e, x, vocabularies[0])
    columns = enumerate(vocabularies)
    return side_by_side(e, [_int_position(e, column(e, x, lane), vocabulary) for lane, vocabulary in columns])


def read(e: Emitter, index: str, tables: Sequence[npt.NDArray[Any]], allowed: str | None) -> str:
    """table[index] of each lane; index 0 where it lies outside or is not `allowed`: Gather would fail the batch."""
    sizes = np.array([len(table) for table in tables], np.int64)
    inside = both(e, e.node("GreaterOrEqual", index, e.row(0, np.int64)), e.node("Less", index, e.row(sizes)))
    usable = inside if allowed is None else both(e, inside, allowed)
    safe = where(e, usable, index, e.row(0, np.int64))
    if all(np.array_equal(table, tables[0]) for table in tables):
        return e.node("Gather", e.constant(tables[0]), safe, axis=0, width=e.extent(safe).width)
    place = e.node("Add", safe, e.row(np.cumsum(sizes) - sizes))
    return e.node("Gather", e.constant(np.concatenate(tables)), place, axis=0, width=e.extent(place).width)


def _int_position(e: Emitter, x: str, vocabulary: Sequence[int]) -> str:
    if not vocabulary:
        return e.full(e.row(0, np.int64), e.extent(x).width)
    places = list(range(1, len(vocabulary) + 1))
    table: dict[str, Any] = {"keys_int64s": list(vocabulary), "values_int64s": places, "default_int64": 0}
    return e.node("LabelEncoder", x, domain="ai.onnx.ml", **table)


def _compare_points(e: Emitter, x: str, points: Sequence[Sequence[float]], most: int) -> str:
    """NaN fills shorter lanes: no number is >= NaN."""
    table = np.full((1, len(points), most), np.nan)
    for index, lane in enumerate(points):
        table[0, index, : len(lane)] = lane
    deep = e.node("Unsqueeze", x, e.constant([2], np.int64))
    reached = cast(e, e.node("GreaterOrEqual", deep, e.constant(table)), INT64)
    return e.node("ReduceSum", reached, e.constant([2], np.int64), keepdims=0, width=len(points))


def _tree_ensemble(e: Emitter, x: str, points: Sequence[Sequence[float]]) -> str:
    """One balanced tree of `x < point` a lane, each adding its leaf to its own target (ai.onnx.ml TreeEnsemble 5)."""
    forest = _Forest()
    for lane, lane_points in enumerate(points):
        forest.add_tree(lane, list(lane_points))
    arrays = forest.attributes()
    return e.node("TreeEnsemble", x, domain="ai.onnx.ml", n_targets=len(points), aggregate_function=1, post_transform=0,
                  width=len(points), **arrays)  # fmt: skip


class _Forest:
    """The parallel arrays of TreeEnsemble, filled node by node."""

    def __init__(self) -> None:
        self.roots: list[int] = []
        self.features: list[int] = []
        self.splits: list[float] = []
        self.true_ids: list[int] = []
        self.true_leafs: list[int] = []
        self.false_ids: list[int] = []
        self.false_leafs: list[int] = []
        self.leaf_targets: list[int] = []
        self.leaf_weights: list[float] = []

    def add_tree(self, lane: int, points: list[float]) -> None:
        """A tree that answers how many of the points are <= x."""
        if not points:
            return
        self.roots.append(self._node(lane, points, 0, len(points))[0])

    def attributes(self) -> dict[str, object]:
        """The operator's attributes."""
        from onnx import numpy_helper

        return {
            "tree_roots": self.roots,
            "nodes_featureids": self.features,
            "nodes_splits": numpy_helper.from_array(np.array(self.splits, np.float64), "splits"),
            "nodes_modes": numpy_helper.from_array(np.full(len(self.splits), _LESS, np.uint8), "modes"),
            "nodes_truenodeids": self.true_ids,
            "nodes_trueleafs": self.true_leafs,
            "nodes_falsenodeids": self.false_ids,
            "nodes_falseleafs": self.false_leafs,
            "leaf_targetids": self.leaf_targets,
            "leaf_weights": numpy_helper.from_array(np.array(self.leaf_weights, np.float64), "weights"),
        }

    def _node(self, lane: int, points: list[float], low: int, high: int) -> tuple[int, int]:
        """The subtree that decides between low … high points: its index, and whether it is a leaf."""
        if low == high:
            self.leaf_targets.append(lane)
            self.leaf_weights.append(float(low))
            return len(self.leaf_weights) - 1, 1
        middle = (low + high) // 2
        index = len(self.splits)
        self.features.append(lane)
        self.splits.append(points[middle])
        for array in (self.true_ids, self.true_leafs, self.false_ids, self.false_leafs):
            array.append(0)
        self.true_ids[index], self.true_leafs[index] = self._node(lane, points, low, middle)
        self.false_ids[index], self.false_leafs[index] = self._node(lane, points, middle + 1, high)
        return index, 0

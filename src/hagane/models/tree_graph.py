"""Trees as ONNX: one `TreeEnsemble` node in float64, then a sigmoid or a softmax.

Shapes: dense [n, d], ids [n, k] → x [n, d + k + u] float64 → raw [n, c] → scores [n] or [n, c] float64, where u is the
number of slots of sparse features on which some tree splits: the others are never looked at.

float64 makes every comparison the one that LightGBM makes (it widens float32 features too) and every sum the same
sum, so no threshold needs rounding. LightGBM reads a value of magnitude 1e-35 or less as 0: thresholds so near to 0 are
moved past that range. A categorical split becomes BRANCH_MEMBER; as in LightGBM a NaN goes right there,
and in a numeric split it goes where the node says, or is compared as 0 where the training rows had no NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import numpy_helper

from hagane.features.emit import Emitter
from hagane.features.emit_row_totals import emit_row_totals
from hagane.features.graph_ports import SparsePort
from hagane.models.lightgbm_trees import CATEGORICAL, DEFAULT_LEFT, MISSING_NAN, MISSING_ZERO, Tree, Trees
from hagane.models.sparse_graph import emit_chosen_slots, emit_entries
from hagane.models.tree_columns import TreeColumns

ZERO = float(np.float32(1e-35))
"""LightGBM's kZeroThreshold."""
LESS_OR_EQUAL = 0
MEMBER = 6


def emit_columns(emitter: Emitter, parts: Sequence[str]) -> str:
    """Add what puts tensors [n, …] side by side, in float64: the trees' columns."""
    wide = [emitter.node("Cast", part, to=_DOUBLE) for part in parts]
    return wide[0] if len(wide) == 1 else emitter.node("Concat", *wide, axis=1)


def emit_trees(emitter: Emitter, trees: Trees, columns: str) -> str:
    """Add the ensemble behind its columns [n, w] in float64; raw sums [n, c]."""
    return emitter.node("TreeEnsemble", columns, domain="ai.onnx.ml", **tree_attributes(trees))


def used_slots(trees: Trees, columns: TreeColumns) -> npt.NDArray[np.int64]:
    """[u] the slots of sparse features on which some tree splits; one all the same where there is no other column."""
    used = np.unique(np.concatenate([np.zeros(0, np.int64), *(tree.features for tree in trees.trees)]))
    slots = used[used >= columns.first_slot] - columns.first_slot
    return slots if len(slots) or columns.first_slot else np.zeros(1, np.int64)


def moved_trees(trees: Trees, slots: npt.NDArray[np.int64], columns: TreeColumns) -> Trees:
    """The trees that look at the columns before the slots, which stay as they are, and behind them at `slots`."""
    first = columns.first_slot
    places = np.zeros(columns.num_columns, np.int64)
    places[:first] = np.arange(first)
    places[slots + first] = first + np.arange(len(slots))
    return trees._replace(trees=tuple(tree._replace(features=places[tree.features]) for tree in trees.trees))


def emit_used_slots(
    emitter: Emitter, slots: npt.NDArray[np.int64], sparse: Sequence[SparsePort], columns: TreeColumns
) -> str | None:
    """[n, u] the weights in the slots; None for no slots."""
    if not len(slots):
        return None
    entries = emit_entries(emitter, sparse, columns.slot_offsets)
    return emit_chosen_slots(emitter, entries, slots, columns.num_slots)


def emit_mean(emitter: Emitter, raw: str, level: npt.NDArray[np.float64], num_trees: int) -> str:
    """Add what makes a forest's answer [n, c] of its trees' sums: `level` [c] + sum / `num_trees`."""
    mean = emitter.node("Div", raw, emitter.constant(np.float64(num_trees)))
    return emitter.node("Add", mean, emitter.constant(level))


def emit_link(emitter: Emitter, raw: str, link: str) -> str:
    """Add what makes scores of the raw sums [n, c]; their name. `tree_link` says which links there are."""
    if link in ("identity", "exp"):
        numbers = emitter.node("Exp", raw) if link == "exp" else raw
        return emitter.node("Reshape", numbers, emitter.constant(np.array([-1], np.int64)))
    if link == "softmax":
        return emitter.node("Softmax", raw, axis=1)
    if link == "shares":
        shares = emitter.node("Max", raw, emitter.constant(np.float64(0)))
        return emitter.node("Div", shares, emit_row_totals(emitter, shares))
    positive = _clipped(emitter, raw) if link == "share" else emitter.node("Sigmoid", raw)
    negative = emitter.node("Sub", emitter.constant(np.float64(1)), positive)
    return emitter.node("Concat", negative, positive, axis=1)


def _clipped(emitter: Emitter, raw: str) -> str:
    return emitter.node("Clip", raw, emitter.constant(np.float64(0)), emitter.constant(np.float64(1)))


def tree_attributes(trees: Trees) -> dict[str, Any]:
    """Attributes of ai.onnx.ml 5 `TreeEnsemble` for the ensemble."""
    grown = [_stump(tree) if not len(tree.features) else tree for tree in trees.trees]
    nodes = np.array([len(tree.features) for tree in grown])
    leaves = np.array([len(tree.leaves) for tree in grown])
    first_node = np.concatenate([[0], np.cumsum(nodes)[:-1]])
    first_leaf = np.concatenate([[0], np.cumsum(leaves)[:-1]])
    kinds = np.concatenate([tree.kinds for tree in grown])
    thresholds = np.concatenate([tree.thresholds for tree in grown])
    node_start, leaf_start = np.repeat(first_node, nodes), np.repeat(first_leaf, nodes)
    categorical = (kinds & CATEGORICAL) != 0
    attributes: dict[str, Any] = {
        "n_targets": trees.num_outputs,
        "aggregate_function": 1,
        "post_transform": 0,
        "tree_roots": first_node.tolist(),
        "nodes_featureids": np.concatenate([tree.features for tree in grown]).tolist(),
        "nodes_modes": _tensor(np.where(categorical, MEMBER, LESS_OR_EQUAL).astype(np.uint8)),
        "nodes_splits": _tensor(np.where(categorical, 0.0, beyond_zero(thresholds))),
        "nodes_missing_value_tracks_true": nan_goes_left(kinds, thresholds, categorical).astype(np.int64).tolist(),
        "leaf_targetids": np.repeat(np.arange(len(grown)) % trees.num_outputs, leaves).tolist(),
        "leaf_weights": _tensor(np.concatenate([tree.leaves for tree in grown])),
    }
    for side, children in (("true", [tree.left for tree in grown]), ("false", [tree.right for tree in grown])):
        child = np.concatenate(children)
        attributes[f"nodes_{side}leafs"] = (child < 0).astype(np.int64).tolist()
        attributes[f"nodes_{side}nodeids"] = np.where(child < 0, ~child + leaf_start, child + node_start).tolist()
    if categorical.any():
        attributes["membership_values"] = _tensor(_members(grown))
    return attributes


def beyond_zero(thresholds: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Thresholds for which every value in [-ZERO, ZERO] goes where 0 goes, all others where they went.

    >>> beyond_zero(np.array([0.0, -1e-40, 0.5])) == np.array([ZERO, np.nextafter(-ZERO, -1), 0.5])
    array([ True,  True,  True])
    """
    below = np.minimum(thresholds, np.nextafter(-ZERO, -np.inf))
    return np.where(thresholds >= 0, np.maximum(thresholds, ZERO), below)


def nan_goes_left(
    kinds: npt.NDArray[np.int64], thresholds: npt.NDArray[np.float64], categorical: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """[m] whether NaN goes left at each node, from LightGBM's `decision_type` [m] and thresholds [m]."""
    missing = (kinds >> 2) & 3
    assert not np.any(~categorical & (missing == MISSING_ZERO)), "trained with zero_as_missing"
    as_zero = thresholds >= 0
    default = (kinds & DEFAULT_LEFT) != 0
    return np.where(categorical, False, np.where(missing == MISSING_NAN, default, as_zero))


def _members(trees: list[Tree]) -> npt.NDArray[np.float64]:
    """The sets of the categorical nodes in the order of the nodes, a NaN after each."""
    parts = []
    for tree in trees:
        for node in np.flatnonzero(tree.kinds & CATEGORICAL):
            parts += [tree.sets[int(tree.thresholds[node])].astype(np.float64), np.array([np.nan])]
    return np.concatenate(parts)


def _stump(tree: Tree) -> Tree:
    """A tree without a split, as one node whose sides are the same leaf."""
    zero, leaf = np.zeros(1, np.int64), np.array([-1])
    return tree._replace(features=zero, thresholds=np.zeros(1), kinds=zero, left=leaf, right=leaf)


def _tensor(array: npt.NDArray[Any]) -> Any:
    return numpy_helper.from_array(np.ascontiguousarray(array))


_DOUBLE = 11
"""ONNX's number for float64 (`TensorProto.DOUBLE`)."""

"""LightGBM's trees as arrays, read from the text of its model file (format v4)."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

CATEGORICAL = 1
DEFAULT_LEFT = 2
MISSING_ZERO = 1
MISSING_NAN = 2

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Tree(NamedTuple):
    """One tree of m inner nodes and m + 1 leaves. Node 0 is the root; a child c >= 0 is a node, c < 0 the leaf ~c."""

    features: Ints
    """[m] the column that the node looks at."""
    thresholds: Floats
    """[m] `x <= threshold` goes left; for a categorical node the number of its set."""
    kinds: Ints
    """[m] LightGBM's `decision_type`: bit 0 categorical, bit 1 NaN goes left, bits 2-3 what counts as missing."""
    left: Ints
    right: Ints
    leaves: Floats
    """[m + 1] what each leaf adds."""
    sets: tuple[Ints, ...]
    """The ids that go left, for each categorical node's set."""
    node_rows: Floats
    """[m] training rows that came to each node."""
    leaf_rows: Floats
    """[m + 1] training rows that ended in each leaf; () of a tree that was never split."""
    gains: Floats = np.empty(0)
    """[m] what each split gained: the sum, over its sides, of G² / (H + l2), less that of both together."""
    node_weights: Floats = np.empty(0)
    """[m] the sum of the second derivatives of the rows that came to each node; of trees grown elsewhere the rows."""


class Trees(NamedTuple):
    """A fitted ensemble: tree t adds to the raw score of output t mod `num_outputs`."""

    trees: tuple[Tree, ...]
    num_outputs: int
    num_features: int


def parse_trees(text: str) -> Trees:
    """The trees of `Booster.model_to_string()`."""
    header, *blocks = text.partition("\nend of trees")[0].split("\nTree=")
    fields = _fields(header)
    return Trees(
        tuple(_tree(_fields(block)) for block in blocks),
        int(fields["num_tree_per_iteration"]),
        int(fields["max_feature_idx"]) + 1,
    )


def _fields(block: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in block.splitlines())
    return {name: value for name, _, value in pairs}


def _tree(fields: dict[str, str]) -> Tree:
    return Tree(
        features=_ints(fields, "split_feature"),
        thresholds=_floats(fields, "threshold"),
        kinds=_ints(fields, "decision_type"),
        left=_ints(fields, "left_child"),
        right=_ints(fields, "right_child"),
        leaves=_floats(fields, "leaf_value"),
        sets=_sets(_ints(fields, "cat_boundaries"), _ints(fields, "cat_threshold")),
        node_rows=_floats(fields, "internal_count"),
        leaf_rows=_floats(fields, "leaf_count"),
        gains=_floats(fields, "split_gain"),
        node_weights=_floats(fields, "internal_weight" if "internal_weight" in fields else "internal_count"),
    )


def _ints(fields: dict[str, str], name: str) -> Ints:
    return np.array(fields.get(name, "").split(), np.int64)


def _floats(fields: dict[str, str], name: str) -> Floats:
    return np.array(fields.get(name, "").split(), np.float64)


def _sets(boundaries: Ints, words: Ints) -> tuple[Ints, ...]:
    """Each set is a bit field of 32-bit words, from one boundary to the next."""
    bits = [np.unpackbits(words[a:b].astype("<u4").view(np.uint8), bitorder="little") for a, b in pairwise(boundaries)]
    return tuple(np.flatnonzero(each).astype(np.int64) for each in bits)

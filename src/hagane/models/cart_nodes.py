"""`CartNodes`: a grown decision tree, pruned, and turned into the trees that graphs are made of.

Shapes: m nodes, leaves among them, o outputs, n rows, w columns.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hagane.models.lightgbm_trees import CATEGORICAL, DEFAULT_LEFT, MISSING_NAN, Tree, Trees
from hagane.models.tree_columns import TreeColumns

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
LEAF = -1


class CartNodes(NamedTuple):
    """Node 0 is the root, and children come after their parents."""

    left: Ints
    """[m] `x <= threshold` goes there; `LEAF` of leaves."""
    right: Ints
    features: Ints
    """[m] the column that the node looks at."""
    thresholds: Floats
    nan_left: npt.NDArray[np.bool_]
    rows: Floats
    """[m] training rows that came to each node."""
    impurity: Floats
    """[m] their weighted criterion, summed."""
    values: Floats
    """[m, o] what the node answers where it is a leaf."""


def pruned(nodes: CartNodes, matrix: npt.NDArray[np.float32], targets: Floats, weight: Floats | None) -> CartNodes:
    """The subtree with the lowest squared error on other rows [n]; of several the smallest."""
    weight = np.ones(len(matrix)) if weight is None else weight
    sums = np.zeros((len(nodes.left), 2 + targets.shape[1]))
    columns = np.column_stack([weight, weight * np.square(targets).sum(axis=1), weight[:, None] * targets])
    leaf = _leaf_of(nodes, matrix)
    for column in range(columns.shape[1]):
        sums[:, column] = np.bincount(leaf, columns[:, column], minlength=len(sums))
    left, right = nodes.left.copy(), nodes.right.copy()
    best = np.zeros(len(sums))
    for node in range(len(sums) - 1, -1, -1):
        below = np.inf
        if left[node] != LEAF:
            sums[node] += sums[left[node]] + sums[right[node]]
            below = best[left[node]] + best[right[node]]
        value, (total, squares, *firsts) = nodes.values[node], sums[node].tolist()
        own = squares - 2 * float(value @ np.array(firsts)) + total * float(value @ value)
        best[node] = min(own, below)
        if own <= below * (1 + 1e-12):
            left[node] = right[node] = LEAF
    return nodes._replace(left=left, right=right)


def _leaf_of(nodes: CartNodes, matrix: npt.NDArray[np.float32]) -> Ints:
    """[n] the leaf that each row comes to: all rows go down a level at a time."""
    at = np.zeros(len(matrix), np.int64)
    going = np.flatnonzero(nodes.left[at] != LEAF)
    while len(going):
        here = at[going]
        value = matrix[going, nodes.features[here]].astype(np.float64)
        goes_left = np.where(np.isnan(value), nodes.nan_left[here], value <= nodes.thresholds[here])
        at[going] = np.where(goes_left, nodes.left[here], nodes.right[here])
        going = going[nodes.left[at[going]] != LEAF]
    return at


def trees_of(nodes: CartNodes, columns: TreeColumns, ranks: dict[int, Ints]) -> tuple[Trees, list[Floats]]:
    """A tree an output, all of the same splits, and the gain of each split: what a tree of several outputs comes to."""
    kept = _preorder(nodes)
    inner = [node for node in kept if nodes.left[node] != LEAF]
    leaves = [node for node in kept if nodes.left[node] == LEAF]
    number = {node: place for place, node in enumerate(inner)} | {node: ~place for place, node in enumerate(leaves)}
    features = nodes.features[inner]
    thresholds, kinds, sets = nodes.thresholds[inner].copy(), np.zeros(len(inner), np.int64), []
    for place, node in enumerate(inner):
        column = int(features[place])
        if columns.num_dense <= column < columns.num_dense + len(columns.narrow):
            rank = ranks[columns.narrow[column - columns.num_dense]]
            sets.append(np.flatnonzero(rank <= thresholds[place]).astype(np.int64))
            kinds[place], thresholds[place] = CATEGORICAL, len(sets) - 1
        else:
            kinds[place] = MISSING_NAN << 2 | (DEFAULT_LEFT if nodes.nan_left[node] else 0)
    shape = Tree(
        features=features,
        thresholds=thresholds,
        kinds=kinds,
        left=np.array([number[int(nodes.left[node])] for node in inner], np.int64),
        right=np.array([number[int(nodes.right[node])] for node in inner], np.int64),
        leaves=np.zeros(len(leaves)),
        sets=tuple(sets),
        node_rows=nodes.rows[inner],
        leaf_rows=nodes.rows[leaves] if inner else np.zeros(0),
    )
    outputs = nodes.values.shape[1]
    falls = nodes.impurity[inner] - nodes.impurity[nodes.left[inner]] - nodes.impurity[nodes.right[inner]]
    gains = np.maximum(falls, 0.0) / outputs
    trees = tuple(shape._replace(leaves=nodes.values[leaves, output]) for output in range(outputs))
    return Trees(trees, outputs, columns.num_columns), [gains] * outputs


def _preorder(nodes: CartNodes) -> list[int]:
    """The nodes that are still reached, parents first."""
    found, waiting = [], [0]
    while waiting:
        node = waiting.pop()
        found.append(node)
        if nodes.left[node] != LEAF:
            waiting += [int(nodes.right[node]), int(nodes.left[node])]
    return found

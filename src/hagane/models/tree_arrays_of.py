"""`tree_arrays_of`: LightGBM's trees as the arrays by which a bundle explains them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hagane.explanation.tree_arrays import TreeArrays
from hagane.models.lightgbm_trees import CATEGORICAL, Tree, Trees
from hagane.models.tree_graph import beyond_zero, nan_goes_left

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def tree_arrays_of(trees: Trees, *, level: Floats, num_trees: int) -> TreeArrays:
    """The trees that the graph has, to the same bits: what goes left there goes left here.

    The raw score is `level` [c] and the sum of the trees' leaves, divided by `num_trees`: 1 of boosted trees.
    """
    grown = [_stump(tree) if not len(tree.features) else tree for tree in trees.trees]
    nodes = np.array([len(tree.features) for tree in grown], np.int64)
    leaves = np.array([len(tree.leaves) for tree in grown], np.int64)
    sets = [np.sort(each) for tree in grown for each in tree.sets]
    kinds = _whole([tree.kinds for tree in grown])
    thresholds = _numbers([tree.thresholds for tree in grown])
    categorical = (kinds & CATEGORICAL) != 0
    first_set = np.repeat(_starts(np.array([len(tree.sets) for tree in grown], np.int64)), nodes)
    return TreeArrays(
        features=_whole([tree.features for tree in grown]),
        thresholds=np.where(categorical, 0.0, beyond_zero(thresholds)),
        sets=np.where(categorical, first_set + np.where(categorical, thresholds, 0).astype(np.int64), -1),
        nan_left=nan_goes_left(kinds, thresholds, categorical),
        left=_moved([tree.left for tree in grown], nodes, leaves),
        right=_moved([tree.right for tree in grown], nodes, leaves),
        node_rows=_numbers([tree.node_rows for tree in grown]),
        leaf_rows=_numbers([tree.leaf_rows for tree in grown]),
        leaves=_numbers([tree.leaves for tree in grown]) / num_trees,
        outputs=np.arange(len(grown)) % trees.num_outputs,
        roots=_starts(nodes),
        set_offsets=np.concatenate([[0], np.cumsum([len(each) for each in sets])]).astype(np.int64),
        set_members=_whole(sets),
        base=level,
    )


def _moved(children: list[Ints], nodes: Ints, leaves: Ints) -> Ints:
    """Children by their places among those of all trees."""
    child = _whole(children)
    first_node, first_leaf = np.repeat(_starts(nodes), nodes), np.repeat(_starts(leaves), nodes)
    return np.where(child < 0, child - first_leaf, child + first_node)


def _starts(counts: Ints) -> Ints:
    starts: Ints = np.cumsum(counts) - counts
    return starts


def _whole(parts: list[Ints]) -> Ints:
    return np.concatenate([np.zeros(0, np.int64), *parts])


def _numbers(parts: list[Floats]) -> Floats:
    return np.concatenate([np.zeros(0), *parts])


def _stump(tree: Tree) -> Tree:
    """A tree without a split, as one node whose sides are the same leaf."""
    zero, one, leaf = np.zeros(1, np.int64), np.ones(1), np.array([-1])
    return tree._replace(
        features=zero, thresholds=np.zeros(1), kinds=zero, left=leaf, right=leaf, node_rows=one, leaf_rows=one
    )

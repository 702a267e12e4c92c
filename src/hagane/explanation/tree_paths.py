"""`TreePaths`: every leaf's path as the conditions that lead to it, one for each column on it.

Yu et al. 2022, "Linear TreeShap", and Mitchell et al. 2022, "GPUTreeShap" (§3.2): conditions on one column along a path
are one condition, the intersection of theirs; the share of the rows that meet it is the product of the shares. A leaf
is then a product over its columns, and so is its part of every Shapley value.

Shapes: e conditions, sorted by leaf; l leaves.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hagane.explanation.tree_arrays import TreeArrays

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
LEAST_SHARE = 1e-30
"""Of rows that meet a condition: that no row met it in training is no division by 0."""


class TreePaths(NamedTuple):
    """The conditions of the leaves of one raw score's trees."""

    columns: Ints
    """[e] the column that each looks at."""
    above: Floats
    """[e] the value must not be `<=` this; NaN: no such bound."""
    most: Floats
    """[e] the value must be `<=` this."""
    nan_passes: Bools
    """[e]."""
    shares: Floats
    """[e] of the training rows that came by, those that met it."""
    members: Bools
    """[categorical conditions, ids + 1] which ids meet it; the last column stands for every other id and NaN."""
    member_rows: Ints
    """[e] the row of `members`, -1 for a numeric condition."""
    starts: Ints
    """[l + 1] where each leaf's conditions begin."""
    leaves: Floats
    """[l] what each adds."""
    constant: float
    """What leaves without a condition add, and the level of the score."""

    @classmethod
    def of(cls, trees: TreeArrays, output: int) -> TreePaths:
        """Of the trees that add to the raw score `output`."""
        edges = _edges(trees, output)
        order = np.lexsort((edges.columns, edges.leaves))
        leaf, column = edges.leaves[order], edges.columns[order]
        begins = np.flatnonzero(np.diff(leaf, prepend=-1).astype(bool) | np.diff(column, prepend=-1).astype(bool))
        if not len(begins):
            return _constant(trees, output)
        with np.errstate(invalid="ignore"):
            above = np.fmax.reduceat(edges.above[order], begins)
        members, member_rows = _members(trees, edges, order, begins)
        owners = leaf[begins]
        used, counts = np.unique(owners, return_counts=True)
        return cls(
            columns=column[begins],
            above=above,
            most=np.minimum.reduceat(edges.most[order], begins),
            nan_passes=np.logical_and.reduceat(edges.nan_passes[order], begins),
            shares=np.maximum(np.multiply.reduceat(edges.shares[order], begins), LEAST_SHARE),
            members=members,
            member_rows=member_rows,
            starts=np.concatenate([[0], np.cumsum(counts)]),
            leaves=trees.leaves[used],
            constant=_constant(trees, output).constant,
        )


class _Edges(NamedTuple):
    """One step of the way from a root to a leaf: [all of them]."""

    leaves: Ints
    columns: Ints
    above: Floats
    most: Floats
    nan_passes: Bools
    shares: Floats
    sets: Ints
    goes_left: Bools


def _edges(trees: TreeArrays, output: int) -> _Edges:
    """Climb from all leaves at once, a step a round, until every one is at its root."""
    parent, is_left, node_tree = _parents(trees)
    num_nodes = len(trees.features)
    rows = np.concatenate([trees.node_rows, trees.leaf_rows])
    leaf = np.flatnonzero(_is_split_leaf(trees) & (trees.outputs[node_tree[parent[num_nodes:]]] == output))
    at = leaf + num_nodes
    found = []
    while len(leaf):
        up, left = parent[at], is_left[at]
        split, bound = trees.sets[up], trees.thresholds[up]
        numeric = split < 0
        found.append(
            _Edges(
                leaves=leaf,
                columns=trees.features[up],
                above=np.where(numeric & ~left, bound, np.nan),
                most=np.where(numeric & left, bound, np.inf),
                nan_passes=trees.nan_left[up] == left,
                shares=rows[at] / np.maximum(rows[up], 1e-300),
                sets=split,
                goes_left=left,
            )
        )
        stays = parent[up] >= 0
        leaf, at = leaf[stays], up[stays]
    if not found:
        empty = np.zeros(0)
        none = empty.astype(np.int64)
        return _Edges(none, none, empty, empty, empty.astype(bool), empty, none, empty.astype(bool))
    return _Edges(*(np.concatenate(part) for part in zip(*found, strict=True)))


def _parents(trees: TreeArrays) -> tuple[Ints, Bools, Ints]:
    """Of nodes, then leaves: the node above (-1: none), whether it is that one's left; of each node the tree."""
    num_nodes, num_leaves = len(trees.features), len(trees.leaves)
    parent, is_left = np.full(num_nodes + num_leaves, -1), np.zeros(num_nodes + num_leaves, bool)
    nodes = np.arange(num_nodes)
    for children, left in ((trees.right, False), (trees.left, True)):
        place = np.where(children < 0, num_nodes + ~children, children)
        parent[place], is_left[place] = nodes, left
    tree = np.searchsorted(trees.roots, nodes, side="right") - 1
    return parent, is_left, tree


def _is_split_leaf(trees: TreeArrays) -> Bools:
    """[l] leaves of trees that were split at all."""
    split = np.ones(len(trees.leaves), bool)
    stumps = trees.left == trees.right
    split[~trees.left[stumps]] = False
    return split


def _members(trees: TreeArrays, edges: _Edges, order: Ints, begins: Ints) -> tuple[Bools, Ints]:
    """The sets of ids that meet the categorical conditions, and which condition has which."""
    sets = edges.sets[order][begins]
    categorical = sets >= 0
    rows = np.where(categorical, np.cumsum(categorical) - 1, -1)
    width = int(trees.set_members.max(initial=-1)) + 2
    table = np.zeros((len(trees.set_offsets) - 1, width), bool)
    owners = np.repeat(np.arange(len(table)), np.diff(trees.set_offsets))
    table[owners, trees.set_members] = True
    members = np.ones((int(categorical.sum()), width), bool)
    condition = np.repeat(np.arange(len(begins)), np.diff(np.append(begins, len(order))))
    edge_sets, goes_left = edges.sets[order], edges.goes_left[order]
    for edge in np.flatnonzero(edge_sets >= 0):
        passing = table[edge_sets[edge]]
        members[rows[condition[edge]]] &= passing if goes_left[edge] else ~passing
    return members, rows


def _constant(trees: TreeArrays, output: int) -> TreePaths:
    """No conditions: the level, and the trees that were never split."""
    _, _, node_tree = _parents(trees)
    stumps = np.flatnonzero((trees.left == trees.right) & (trees.outputs[node_tree] == output))
    constant = float(trees.base[output]) + float(trees.leaves[~trees.left[stumps]].sum())
    none, floats, bools = np.zeros(0, np.int64), np.zeros(0), np.zeros(0, bool)
    return TreePaths(
        none, floats, floats, bools, floats, np.zeros((0, 1), bool), none, np.zeros(1, np.int64), floats, constant
    )

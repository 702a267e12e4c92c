"""`TreeShap`: exact Shapley values of trees, by the rows that went each way in training.

Lundberg et al. 2020, "From local explanations to global understanding with explainable AI for trees", algorithm 2
(path-dependent): a column that is not known sends a row both ways, by the shares of the training rows. Over the
conditions j of a leaf (`tree_paths`), o_j ∈ {0, 1} whether the row meets one, z_j the share that does, and w what the
leaf adds, the game is v(S) = w Π_{j∈S} o_j Π_{j∉S} z_j, and since |S|! (d-1-|S|)! / d! = ∫₀¹ t^|S| (1-t)^(d-1-|S|) dt,

    φ_i = w (o_i - z_i) ∫₀¹ Π_{j≠i} (o_j t + z_j (1 - t)) dt.

The integrand is a polynomial of degree d - 1 in t: ⌈d / 2⌉ points of Gauss and Legendre give it exactly, and nothing in
it is subtracted, so that deep trees lose no digits. Sums over leaves go in their own order, row by row: a row's
answer does not depend on the rows beside it.

Where paths are short there are few patterns of (o_1 … o_d), and the values of each pattern are looked up.

Shapes: n rows, w columns, leaves of d conditions each: l.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hagane.explanation.tree_paths import TreePaths

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
CHUNK_NUMBERS = 1 << 19
"""Conditions times rows that are worked on at once: what a processor's cache holds."""
TABLE_DEPTH = 8
"""The most conditions of a leaf whose patterns are tabulated."""
TABLE_NUMBERS = 1 << 24
"""The most numbers of all tables: 128 MiB."""


class _Group(NamedTuple):
    """Leaves with d conditions each. The first conditions of all of them stand side by side, then the second ones, …"""

    start: int
    """Where their conditions begin."""
    columns: Ints
    """[l, d]."""
    shares: Floats
    """[d, l]."""
    leaves: Floats
    """[l]."""
    table: Floats | None
    """[l · 2^d, d] the values of every pattern; None: computed for each row."""

    def of(self, met: Bools) -> list[Bools]:
        """[d] · [n, l] of [n, e]."""
        depth, num_leaves = self.shares.shape
        starts = range(self.start, self.start + depth * num_leaves, num_leaves)
        return [met[:, start : start + num_leaves] for start in starts]


class TreeShap:
    """Shapley values of one raw score's trees. Threads may share one.

    >>> from hagane.explanation.tree_arrays import TreeArrays
    >>> one, none = np.zeros(1, np.int64), np.zeros(0, np.int64)
    >>> stump = TreeArrays(features=one, thresholds=np.array([2.0]), sets=one - 1, nan_left=np.array([True]),
    ...                    left=np.array([-1]), right=np.array([-2]), node_rows=np.array([4.0]),
    ...                    leaf_rows=np.array([3.0, 1.0]), leaves=np.array([10.0, 20.0]), outputs=one, roots=one,
    ...                    set_offsets=one, set_members=none, base=np.zeros(1))
    >>> shap = TreeShap(TreePaths.of(stump, 0), num_columns=1)
    >>> shap.baseline, shap.attributions(np.array([[1.0], [3.0]])).tolist()
    (12.5, [[-2.5], [7.5]])
    """

    def __init__(self, paths: TreePaths, num_columns: int) -> None:
        order, self._groups = _groups(paths)
        self._columns, self._above, self._most = paths.columns[order], paths.above[order], paths.most[order]
        self._nan_passes, self._member_rows = paths.nan_passes[order], paths.member_rows[order]
        self._categorical = np.flatnonzero(self._member_rows >= 0)
        self._members, self._constant = paths.members, paths.constant
        self._num_columns = num_columns
        products = [group.leaves * group.shares.prod(axis=0) for group in self._groups]
        self.baseline = self._constant + float(sum(part.sum() for part in products))
        """The mean raw score over the training rows: Σ leaves, weighted by the rows in each."""

    def attributions(self, columns: Floats) -> Floats:
        """[n, w] → [n, w]: each row sums to its score minus `baseline`."""
        found = np.zeros((len(columns), self._num_columns))
        for rows in self._chunks(len(columns)):
            met = self._met(columns[rows])
            for group in self._groups:
                found[rows] += self._of_group(group, met)
        return found

    def scores(self, columns: Floats) -> Floats:
        """[n, w] → [n] the raw scores: the leaves whose conditions are all met."""
        found = np.full(len(columns), self._constant)
        for rows in self._chunks(len(columns)):
            met = self._met(columns[rows])
            for group in self._groups:
                first, *more = group.of(met)
                reached = np.ascontiguousarray(first)
                for each in more:
                    reached = reached & each
                found[rows] += np.where(reached, group.leaves, 0.0).sum(axis=1)
        return found

    def _chunks(self, num_rows: int) -> Iterator[slice]:
        size = max(1, CHUNK_NUMBERS // max(len(self._columns), 1))
        return (slice(start, start + size) for start in range(0, num_rows, size))

    def _met(self, columns: Floats) -> Bools:
        """[n, e] whether each row meets each condition."""
        x = columns.take(self._columns, axis=1)
        met: Bools = x <= self._most
        met &= ~(x <= self._above)
        if np.isnan(columns).any():
            met = np.where(np.isnan(x), self._nan_passes, met)
        if len(self._categorical):
            ids, last = x.take(self._categorical, axis=1), self._members.shape[1] - 1
            known = (ids >= 0) & (ids < last)
            places = np.where(known, ids, last).astype(np.int64)
            met[:, self._categorical] = self._members[self._member_rows[self._categorical], places]
        return met

    def _of_group(self, group: _Group, met: Bools) -> Floats:
        """[n, w] what these leaves add to each column."""
        o, num_rows = group.of(met), len(met)
        if group.table is None:
            values = np.stack(_values(o, group.shares, group.leaves), axis=2)
        else:
            patterns = np.tile(np.arange(len(group.leaves), dtype=np.int32) << len(o), (num_rows, 1))
            for place, each in enumerate(o):
                patterns += each.astype(np.int32) << place
            values = group.table.take(patterns, axis=0)
        cells = group.columns + (np.arange(num_rows) * self._num_columns)[:, None, None]
        sums = np.bincount(cells.ravel(), values.ravel(), num_rows * self._num_columns)
        return np.asarray(sums, np.float64).reshape(num_rows, self._num_columns)


def _values(o: Sequence[Bools], shares: Floats, leaves: Floats) -> list[Floats]:
    """[d] · [n, l] the Shapley values of the conditions of each leaf; `o` [d] · [n, l], shares [d, l]."""
    depth = len(shares)
    points, weights = _points((depth + 1) // 2)
    integrals = [np.zeros(each.shape) for each in o]
    for t, weight in zip(points, weights, strict=True):
        factors = [np.where(each, t + share * (1 - t), share * (1 - t)) for each, share in zip(o, shares, strict=True)]
        product = weight * factors[0]
        for factor in factors[1:]:
            product *= factor
        integrals = [integral + product / factor for integral, factor in zip(integrals, factors, strict=True)]
    return [
        np.where(each, (1.0 - share) * leaves, -share * leaves) * integral
        for each, share, integral in zip(o, shares, integrals, strict=True)
    ]


@functools.cache
def _points(number: int) -> tuple[list[float], list[float]]:
    """Gauss's points in [0, 1], and their weights."""
    points, weights = np.polynomial.legendre.leggauss(number)
    return ((points + 1) / 2).tolist(), (weights / 2).tolist()


def _groups(paths: TreePaths) -> tuple[Ints, tuple[_Group, ...]]:
    """The order of the conditions, and the leaves by the number of theirs; tables as far as they may reach."""
    depths, room, groups, start = np.diff(paths.starts), TABLE_NUMBERS, [], 0
    order = [np.zeros(0, np.int64)]
    for depth in np.unique(depths).tolist():
        chosen = np.flatnonzero(depths == depth)
        conditions = paths.starts[chosen] + np.arange(depth)[:, None]
        shares, leaves, table = paths.shares[conditions], paths.leaves[chosen], None
        if depth <= TABLE_DEPTH and (size := len(chosen) * depth << depth) <= room:
            patterns = np.arange(1 << depth)[:, None] >> np.arange(depth)[:, None, None] & 1
            every = [np.broadcast_to(each, (1 << depth, len(chosen))).astype(bool) for each in patterns]
            table = np.stack(_values(every, shares, leaves), axis=2).transpose(1, 0, 2).reshape(-1, depth)
            room -= size
        groups.append(_Group(start, paths.columns[conditions].T, shares, leaves, table))
        order.append(conditions.ravel())
        start += conditions.size
    return np.concatenate(order), tuple(groups)

"""`assign`: one pass of k-means over the rows: which cluster each is of, and what the clusters come to.

Shapes: n rows, w columns of the feature space, k clusters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from hagane.models.design import DesignBlock

Floats = npt.NDArray[np.float64]


PART_NUMBERS = 1 << 22
"""Distances that are worked on at once."""


class Assigned(NamedTuple):
    """Weighted sums over rows, by the centroid that each is nearest to."""

    loss: float
    """Mean squared distance; of cosine distances the mean distance."""
    sums: Floats
    """[k, w] of the points (of cosine distances those of length 1)."""
    counts: Floats
    """[k] of the weights."""
    squares: Floats
    """[k] of what is minimised."""

    def means(self, centroids: Floats) -> Floats:
        """[k, w] where the centroids go; one that has no row stays."""
        return np.divide(self.sums, self.counts[:, None], out=centroids.copy(), where=self.counts[:, None] > 0)


def squared_distances(block: DesignBlock, centroids: Floats, nearest: npt.NDArray[np.int64]) -> Floats:
    """[n] from each row to the centroid of its number; no difference of large numbers but in categories."""
    d = block.dense.shape[1]
    found = np.square(block.dense - centroids[nearest, :d]).sum(axis=1)
    if block.slots.shape[1]:
        own = centroids[:, d:]
        found += block.slots.power(2).sum(axis=1) - 2 * products(block, own, nearest) + np.square(own).sum(1)[nearest]
    return np.asarray(np.maximum(found, 0.0))


def products(block: DesignBlock, table: Floats, nearest: npt.NDArray[np.int64]) -> Floats:
    """[n] of each row's slots with the row of `table` [k, s] of its number."""
    slots = block.slots
    rows = np.repeat(np.arange(len(nearest)), np.diff(slots.indptr))
    return np.asarray(np.bincount(rows, slots.data * table[nearest[rows], slots.indices], len(nearest)), np.float64)


def lengths(block: DesignBlock) -> Floats:
    """[n] of the points."""
    return np.asarray(np.sqrt(np.square(block.dense).sum(axis=1) + block.slots.power(2).sum(axis=1)))


def directions(points: Floats) -> Floats:
    """Points [k, w] at length 1; the origin stays."""
    size = np.linalg.norm(points, axis=1, keepdims=True)
    found: Floats = points / np.where(size > 0, size, 1.0)
    return found


def cosine_distances(block: DesignBlock, centroids: Floats) -> Floats:
    """[n, k] 1 − cos of the angle, in [0, 2]; 1 from the origin."""
    size = lengths(block)
    cosines = block.times(directions(centroids).T) / np.where(size > 0, size, 1.0)[:, None]
    return np.asarray(np.clip(1.0 - cosines, 0.0, 2.0))


def assign(blocks: Iterable[DesignBlock], centroids: Floats, *, is_cosine: bool) -> Assigned:
    """One pass. Of equally near centroids the first is a row's own."""
    k, w = centroids.shape
    sums, counts, squares = np.zeros((k, w)), np.zeros(k), np.zeros(k)
    loss, total = 0.0, 0.0
    for block in _parts(blocks, k):
        unit = _unit(block) if is_cosine else block
        nearest, distances = _nearest(block, centroids, is_cosine=is_cosine)
        weight = np.ones(len(nearest)) if block.weight is None else block.weight
        counts += np.bincount(nearest, weight, k)
        squares += np.bincount(nearest, weight * distances, k)
        _add_points(sums, unit, nearest, weight)
        loss, total = loss + float(weight @ distances), total + float(weight.sum())
    return Assigned(loss / max(total, 1e-300), sums, counts, squares)


def farthest_points(blocks: Iterable[DesignBlock], centroids: Floats, most: int, *, is_cosine: bool) -> Floats:
    """[≤ most, w] the points farthest from their centroids, the farthest first; of equal ones the first row."""
    found: list[tuple[float, Floats]] = []
    for block in _parts(blocks, len(centroids)):
        unit = _unit(block) if is_cosine else block
        _, distances = _nearest(block, centroids, is_cosine=is_cosine)
        counted = distances if block.weight is None else np.where(block.weight > 0, distances, 0.0)
        rows = np.argsort(-counted, kind="stable")[:most]
        rows = rows[counted[rows] > 0]
        points = np.hstack([unit.dense[rows], unit.slots[rows].toarray()])
        found += [(float(counted[row]), point) for row, point in zip(rows, points, strict=True)]
        found = sorted(found, key=lambda each: -each[0])[:most]
    return np.stack([point for _, point in found]) if found else np.zeros((0, centroids.shape[1]))


def _parts(blocks: Iterable[DesignBlock], num_clusters: int) -> Iterator[DesignBlock]:
    """Blocks, in parts where they have many distances."""
    for block in blocks:
        size = max(256, PART_NUMBERS // num_clusters)
        if size >= len(block.label):
            yield block
            continue
        for start in range(0, len(block.label), size):
            rows = slice(start, start + size)
            weight = None if block.weight is None else block.weight[rows]
            yield DesignBlock(block.dense[rows], block.slots[rows], block.label[rows], weight)


def _nearest(block: DesignBlock, centroids: Floats, *, is_cosine: bool) -> tuple[npt.NDArray[np.int64], Floats]:
    """[n] the centroid's number, and what is minimised: the squared distance, or the distance of a cosine."""
    if is_cosine:
        distances = cosine_distances(block, centroids)
        nearest = distances.argmin(axis=1)
        return nearest, distances[np.arange(len(nearest)), nearest]
    half = 0.5 * np.square(centroids).sum(axis=1) - block.times(centroids.T)
    nearest = half.argmin(axis=1)
    return nearest, squared_distances(block, centroids, nearest)


def _unit(block: DesignBlock) -> DesignBlock:
    """The points at length 1."""
    size = lengths(block)
    share = 1 / np.where(size > 0, size, 1.0)
    slots = block.slots.copy()
    slots.data *= np.repeat(share, np.diff(slots.indptr))
    return block._replace(dense=block.dense * share[:, None], slots=slots)


def _add_points(sums: Floats, block: DesignBlock, nearest: npt.NDArray[np.int64], weight: Floats) -> None:
    """Rows in their order, so that a sum has the same bits each time."""
    d, (k, _) = block.dense.shape[1], sums.shape
    n = len(nearest)
    owners = sp.csr_array((weight, nearest, np.arange(n + 1)), shape=(n, k))
    sums[:, :d] += np.asarray(owners.T @ block.dense)
    if block.slots.shape[1]:
        s = block.slots.shape[1]
        rows = np.repeat(np.arange(n), np.diff(block.slots.indptr))
        places = nearest[rows] * s + block.slots.indices
        sums[:, d:] += np.bincount(places, weight[rows] * block.slots.data, k * s).reshape(k, s)

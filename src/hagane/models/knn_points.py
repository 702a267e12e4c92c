"""`KnnPoints`: the training rows that a nearest-neighbour model keeps, on a grid on which distances are exact.

Numbers are centred, divided by their deviation, and rounded to whole numbers of a grid so fine that a squared distance
still fits in the 53 bits of a float64. All sums are then exact: in whatever order they are added, in whatever batch, by
whatever library, a row has the same distances, hence the same neighbours; of rows equally far off those that come first
in training. One category apart adds what one-hot columns do: 2 squared units.

Shapes: P points, d numbers, k categories.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hagane.counted import counted
from hagane.features.encoded import Encoded
from hagane.models.design import measure_dense
from hagane.models.family import Array, FitContext
from hagane.models.knn_options import KnnOptions
from hagane.models.training_data import labels_and_weights, weights_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
EXACT_BITS = 50
"""Of a squared distance; two are left for the terms it is made of."""


class Grid(NamedTuple):
    """(x − `centre`) · `factor` [d], rounded, within ±`limit`; a category apart adds `apart`."""

    centre: Floats
    factor: Floats
    limit: float
    apart: float

    def place(self, dense: Array) -> Floats:
        """[n, d] whole numbers."""
        scaled = (np.asarray(dense, np.float64) - self.centre) * self.factor
        return np.clip(np.rint(scaled), -self.limit, self.limit)


class KnnPoints(NamedTuple):
    """`numbers` [P, d] on the grid, `ids` [P, k], `label` [P], `weight` [P]."""

    grid: Grid
    numbers: Floats
    ids: Ints
    label: Floats
    weight: Floats

    def distances(self, numbers: Floats, ids: Ints) -> Floats:
        """[n, P] squared, exact, of rows [n, d] on the grid and [n, k]."""
        norms = np.square(self.numbers).sum(axis=1)
        found: Floats = np.square(numbers).sum(axis=1)[:, None] + norms - 2.0 * (numbers @ self.numbers.T)
        if not self.ids.shape[1]:
            return found
        num_apart = np.zeros(found.shape, np.uint16)
        for own, kept in zip(ids.astype(np.int32).T, self.ids.astype(np.int32).T, strict=True):
            num_apart += own[:, None] != kept
        found += self.grid.apart * num_apart
        return found

    def nearest(self, numbers: Floats, ids: Ints, most: int) -> tuple[Floats, Ints]:
        """Squared distances and places [n, K] of the nearest points, nearest first, of equal ones the first."""
        distances, most = self.distances(numbers, ids), min(most, len(self.label))
        if not len(distances):
            return np.zeros((0, most)), np.zeros((0, most), np.int64)
        last = np.partition(distances, most - 1, axis=1)[:, most - 1 : most]
        chosen = distances <= last
        ties = np.flatnonzero(np.count_nonzero(chosen, axis=1) > most)
        if len(ties):
            is_last = distances[ties] == last[ties]
            room = most - np.count_nonzero(chosen[ties] & ~is_last, axis=1)[:, None]
            chosen[ties] &= ~is_last | (np.cumsum(is_last, axis=1) <= room)
        places = np.nonzero(chosen)[1].reshape(-1, most)
        near = np.take_along_axis(distances, places, axis=1)
        order = np.argsort(near, axis=1, kind="stable")
        return np.take_along_axis(near, order, axis=1), np.take_along_axis(places, order, axis=1)


def knn_points(train: Encoded, options: KnnOptions, context: FitContext) -> KnnPoints:
    """All training rows that weigh something, or a sample of `max_points` of them; says so where it is one."""
    weights = [weight for _, weight in labels_and_weights(train)]
    rows = np.flatnonzero(np.concatenate(weights) > 0)
    if len(rows) > options.max_points:
        chosen = np.random.default_rng(context.seed).choice(len(rows), options.max_points, replace=False)
        kept, all_rows = f"{options.max_points:,}", counted(len(rows), "training row")
        context.progress.note(
            f"neighbours are looked for among {kept} of the {all_rows} (max_points), drawn by the seed"
        )
        rows = rows[np.sort(chosen)]
    batch = train.take(rows)
    measures = measure_dense(train)
    scale = 1 / measures.deviation if options.standardize_features else np.ones(train.num_dense)
    centred = np.abs((np.asarray(batch.dense, np.float64) - measures.mean) * scale)
    largest = float(np.where(np.isfinite(centred), centred, 0.0).max(initial=0.0))
    grid = _grid(measures.mean, scale, largest, train.num_dense + train.num_ids)
    ids = np.asarray(batch.ids, np.int64)
    return KnnPoints(grid, grid.place(batch.dense), ids, batch.label.astype(np.float64), weights_of(batch))


def _grid(centre: Floats, scale: Floats, largest: float, num_columns: int) -> Grid:
    """As fine as exact sums allow, with room for rows twice as far out as those of training.

    >>> grid = _grid(np.zeros(1), np.ones(1), 3.0, 10)
    >>> grid.factor.tolist(), grid.limit, bool(grid.apart == 2 * grid.factor[0] ** 2)
    ([1048576.0], 8388608.0, True)
    """
    bits = (EXACT_BITS - max(1, math.ceil(math.log2(num_columns)))) // 2
    step = 2.0 ** (bits - 1 - max(0, math.ceil(math.log2(largest)) if largest > 0 else 0))
    return Grid(centre, scale * step, 2.0**bits, float(np.rint(2 * step * step)))

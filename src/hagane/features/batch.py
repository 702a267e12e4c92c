"""`Batch`: encoded rows as a family reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hagane.features.sparse_rows import SparseRows

Array = npt.NDArray[np.generic]


class Batch(NamedTuple):
    """Some rows: `dense` [n, d] f32/f64, `ids` [n, k] int64, `label` [n] (f64, or int64 classes; of several labels
    [n, k] f64, or uint8 that is 0 or 1).

    >>> batch = Batch(np.zeros((3, 1)), np.array([[4], [5], [6]]), np.array([0, 1, 0]))
    >>> Batch.concatenate([batch.take(np.array([2])), batch.slice(0, 2)]).ids.tolist()
    [[6], [4], [5]]
    """

    dense: Array
    ids: Array
    label: Array
    sparse: tuple[SparseRows, ...] = ()
    """One a sparse feature, in the order of the features."""
    weight: Array | None = None
    """[n] float32: how much each row counts; None: all the same."""

    @property
    def num_rows(self) -> int:
        """n."""
        return len(self.label)

    def slice(self, start: int, stop: int) -> Batch:
        """Rows [start, stop), without a copy."""
        rows = slice(start, stop)
        sparse = tuple(feature.slice(start, stop) for feature in self.sparse)
        weight = None if self.weight is None else self.weight[rows]
        return Batch(self.dense[rows], self.ids[rows], self.label[rows], sparse, weight)

    def take(self, rows: npt.NDArray[np.integer]) -> Batch:
        """The rows of these numbers, in this order."""
        sparse = tuple(feature.take(rows) for feature in self.sparse)
        weight = None if self.weight is None else self.weight[rows]
        return Batch(self.dense[rows], self.ids[rows], self.label[rows], sparse, weight)

    @staticmethod
    def concatenate(batches: Sequence[Batch]) -> Batch:
        """The rows of all batches, one after another. There must be a batch; all have a weight, or none has."""
        sparse = tuple(
            SparseRows.concatenate(parts) for parts in zip(*(batch.sparse for batch in batches), strict=True)
        )
        weights = [batch.weight for batch in batches if batch.weight is not None]
        return Batch(
            np.concatenate([batch.dense for batch in batches]),
            np.concatenate([batch.ids for batch in batches]),
            np.concatenate([batch.label for batch in batches]),
            sparse,
            np.concatenate(weights) if weights else None,
        )

"""`RowWindow`: some stretches of an encoded split's rows, in memory, by column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hagane.features.batch import Batch
from hagane.features.sparse_rows import SparseRows

Array = npt.NDArray[np.generic]


class RowWindow(NamedTuple):
    """n rows: `dense` and `ids` hold an array [n] a feature, `label` [n] or [n, k], `weight` [n] or None.

    >>> window = RowWindow([np.array([0.5, 1.5])], [np.array([7, 8], np.uint8)], np.array([0, 1]))
    >>> window.take(np.array([1])).ids.tolist()
    [[8]]
    """

    dense: Sequence[Array]
    ids: Sequence[Array]
    label: Array
    weight: Array | None = None
    sparse: tuple[SparseRows, ...] = ()
    dense_dtype: str = "float32"

    def batch(self) -> Batch:
        """All rows, row-major."""
        return Batch(self._dense(None), self._ids(None), self.label, self.sparse, self.weight)

    def take(self, rows: npt.NDArray[np.integer]) -> Batch:
        """The rows of these numbers, in this order, row-major."""
        sparse = tuple(feature.take(rows) for feature in self.sparse)
        weight = None if self.weight is None else self.weight[rows]
        return Batch(self._dense(rows), self._ids(rows), self.label[rows], sparse, weight)

    def _dense(self, rows: npt.NDArray[np.integer] | None) -> Array:
        return _side_by_side(self.dense, len(self.label) if rows is None else len(rows), self.dense_dtype, rows)

    def _ids(self, rows: npt.NDArray[np.integer] | None) -> Array:
        return _side_by_side(self.ids, len(self.label) if rows is None else len(rows), "int64", rows)


def _side_by_side(columns: Sequence[Array], num_rows: int, dtype: str, rows: npt.NDArray[np.integer] | None) -> Array:
    out = np.empty((num_rows, len(columns)), dtype)
    for index, column in enumerate(columns):
        out[:, index] = column if rows is None else column[rows]
    return out

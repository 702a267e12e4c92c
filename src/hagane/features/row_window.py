"""`RowWindow`: some stretches of an encoded split's rows, in memory, row by row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hagane.features.batch import Batch
from hagane.features.sparse_rows import SparseRows

Array = npt.NDArray[np.generic]
COLUMNS_AT_ONCE = 16
ROWS_AT_ONCE = 4096
"""What is written in between stays in the processor's cache: a line of it holds several columns of a row."""


class RowWindow(NamedTuple):
    """n rows: `dense` [n, d], `ids` [n, k] in the narrowest type that holds them all, `label` [n] or [n, l], `weight`
    [n] or None.

    A row's numbers stand side by side, and so do its ids: taking rows in a shuffled order touches one place in memory
    for each, not one for each feature of each.

    >>> window = RowWindow(np.float32([[0.5], [1.5]]), np.array([[7], [8]], np.uint8), np.array([0, 1]))
    >>> window.take(np.array([1])).ids.tolist()
    [[8]]
    """

    dense: Array
    ids: Array
    label: Array
    weight: Array | None = None
    sparse: tuple[SparseRows, ...] = ()

    def batch(self) -> Batch:
        """All rows."""
        return Batch(self.dense, self.ids.astype(np.int64), self.label, self.sparse, self.weight)

    def take(self, rows: npt.NDArray[np.integer]) -> Batch:
        """The rows of these numbers, in this order."""
        sparse = tuple(feature.take(rows) for feature in self.sparse)
        weight = None if self.weight is None else self.weight.take(rows)
        ids = self.ids.take(rows, axis=0).astype(np.int64)
        return Batch(self.dense.take(rows, axis=0), ids, self.label.take(rows, axis=0), sparse, weight)


def side_by_side(columns: Sequence[Callable[[], Array]], num_rows: int, dtype: npt.DTypeLike) -> Array:
    """[n, columns] of what each gives, [n]; few of them are held at a time.

    >>> side_by_side([lambda: np.array([1, 2]), lambda: np.array([3, 4])], 2, np.uint8).tolist()
    [[1, 3], [2, 4]]
    """
    out: Array = np.empty((num_rows, len(columns)), dtype)
    for first in range(0, len(columns), COLUMNS_AT_ONCE):
        held = [column() for column in columns[first : first + COLUMNS_AT_ONCE]]
        for start in range(0, num_rows, ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            for index, column in enumerate(held, first):
                out[rows, index] = column[rows]
    return out

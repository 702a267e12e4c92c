"""`SparseRows`: one sparse feature of some rows, in compressed sparse row form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class SparseRows(NamedTuple):
    """Row i has the slots `ids[offsets[i]:offsets[i + 1]]` with the `weights` there.

    >>> rows = SparseRows(np.array([0, 2, 2, 3]), np.array([1, 5, 4], np.uint8), np.array([0.5, 2, 1], np.float32))
    >>> rows.num_rows, rows.take(np.array([2, 0])).ids.tolist()
    (3, [4, 1, 5])
    >>> SparseRows.concatenate([rows.slice(1, 3), rows.slice(0, 1)]).offsets.tolist()
    [0, 0, 1, 3]
    """

    offsets: npt.NDArray[np.int64]
    """[n + 1], ascending from 0 to t."""
    ids: npt.NDArray[np.generic]
    """[t], an integer type."""
    weights: npt.NDArray[np.float32]
    """[t]."""

    @staticmethod
    def from_entries(rows: npt.NDArray[np.int64], ids: npt.NDArray[np.generic], weights: npt.NDArray[np.float32],
                     num_rows: int) -> SparseRows:  # fmt: skip
        """From the row of each entry, ascending.

        >>> SparseRows.from_entries(np.array([0, 2]), np.array([7, 8]), np.float32([1, 1]), 4).offsets.tolist()
        [0, 1, 1, 2, 2]
        """
        return SparseRows(np.searchsorted(rows, np.arange(num_rows + 1)), ids, weights)

    @property
    def num_rows(self) -> int:
        """n."""
        return len(self.offsets) - 1

    def slice(self, start: int, stop: int) -> SparseRows:
        """Rows [start, stop), without a copy of their entries."""
        first, last = self.offsets[start], self.offsets[stop]
        return SparseRows(self.offsets[start : stop + 1] - first, self.ids[first:last], self.weights[first:last])

    def take(self, rows: npt.NDArray[np.integer]) -> SparseRows:
        """The rows of these numbers, in this order."""
        starts, lengths = self.offsets[rows], np.diff(self.offsets)[rows]
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        entries = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths)
        return SparseRows(offsets, self.ids[entries], self.weights[entries])

    @staticmethod
    def concatenate(parts: Sequence[SparseRows]) -> SparseRows:
        """The rows of all parts, one after another. There must be a part."""
        lengths = np.concatenate([np.diff(part.offsets) for part in parts])
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        ids = np.concatenate([part.ids for part in parts])
        return SparseRows(offsets, ids, np.concatenate([part.weights for part in parts]))

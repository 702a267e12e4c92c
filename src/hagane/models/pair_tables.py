"""`PairTables`: how many rows have each pair of slots of categories, feature by feature: the Gram matrix of one-hot."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from hagane.models.design import DesignBlock

Floats = npt.NDArray[np.float64]
CELLS_A_ENTRY = 4
"""Rows are kept until they have a quarter as many entries (rows × pairs) as the tables have cells: to make, clear and
add the tables then costs no more than to count."""
MOST_ENTRIES = 8_000_000
"""Ids that are kept at most: 32 MB."""


class PairTables:
    """Adds the weighted counts to `gram` [s, s], whose slots begin at `offsets` [k] of each feature.

    Counts without weights are exact; of weights each cell is a sum over the rows in their order, some at a time.
    Only the lower left part is counted: `close` mirrors it.
    """

    def __init__(self, gram: Floats, offsets: npt.NDArray[np.int64]) -> None:
        ends = [*offsets.tolist(), len(gram)]
        self._gram, self._offsets = gram, offsets.astype(np.int32)
        self._places = [slice(start, end) for start, end in pairwise(ends)]
        self._enough = min(MOST_ENTRIES // len(offsets), len(gram) ** 2 // (CELLS_A_ENTRY * len(offsets) ** 2))
        self._ids: list[npt.NDArray[np.int32]] = []
        self._weights: list[Floats] = []
        self._num_rows = 0

    def add(self, block: DesignBlock) -> None:
        """Count the rows of a block, now or with those that come."""
        n, k = len(block.label), len(self._offsets)
        ids = block.slots.indices.reshape(n, k).T
        self._ids.append(np.subtract(ids, self._offsets[:, None], order="C"))  # each feature's lie side by side
        if block.weight is not None:
            self._weights.append(block.weight)
        self._num_rows += n
        if self._num_rows >= self._enough:
            self._count()

    def close(self) -> None:
        """Count what is left, and fill the upper right part."""
        self._count()
        self._gram += np.tril(self._gram, -1).T

    def _count(self) -> None:
        if not self._ids:
            return
        ids = np.concatenate(self._ids, axis=1).astype(np.intp)
        weight = np.concatenate(self._weights) if self._weights else None
        self._ids, self._weights, self._num_rows = [], [], 0
        for one, rows in enumerate(self._places):
            height = rows.stop - rows.start
            diagonal = np.arange(rows.start, rows.stop)
            self._gram[diagonal, diagonal] += np.bincount(ids[one], weight, height)
            for other, columns in enumerate(self._places[:one]):
                width = columns.stop - columns.start
                table = np.bincount(ids[one] * width + ids[other], weight, height * width)
                self._gram[rows, columns] += table.reshape(height, width)

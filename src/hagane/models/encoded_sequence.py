"""`Encoded` as LightGBM reads it: a block at a time, so that the features are never in memory twice."""

from __future__ import annotations

from typing import SupportsIndex

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from hagane.features.encoded import Encoded
from hagane.models.family import Array

Matrix = npt.NDArray[np.float64]


class EncodedSequence(lgb.Sequence):  # type: ignore[misc]
    """Rows [d + k] float64 of an encoded split; the block last read is kept, since rows are asked for in order."""

    def __init__(self, encoded: Encoded) -> None:
        self.batch_size = encoded.header.block_rows
        self._encoded = encoded
        self._block = -1
        self._rows: Matrix = np.empty((0, len(encoded.features)))

    def __len__(self) -> int:
        return self._encoded.num_rows

    def __getitem__(self, index: SupportsIndex | slice) -> Matrix:
        """One row [d + k], or rows [n, d + k] for a slice."""
        if not isinstance(index, slice):
            block, row = divmod(int(index), self.batch_size)
            one: Matrix = self._read(block)[row]
            return one
        start, stop, _ = index.indices(len(self))
        parts = []
        for block in range(start // self.batch_size, -(-stop // self.batch_size)):
            first = block * self.batch_size
            parts.append(self._read(block)[max(start - first, 0) : stop - first])
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _read(self, block: int) -> Matrix:
        if block != self._block:
            columns = self._encoded.columns(block)[:-1]
            rows = np.empty((len(columns[0]), len(columns)))
            for index, column in enumerate(columns):
                rows[:, index] = column
            self._block, self._rows = block, rows
        return self._rows


def joined(dense: Array | None, ids: Array | None, num_dense: int, num_ids: int) -> Matrix:
    """[n, d] and [n, k] side by side as float64 [n, d + k]; either may be None where there are none."""
    parts = [part for part, count in ((dense, num_dense), (ids, num_ids)) if count and part is not None]
    return np.concatenate([np.asarray(part, np.float64) for part in parts], axis=1)

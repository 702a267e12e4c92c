"""`Encoded` as LightGBM reads it.

Without sparse features a block at a time, so that the features are never in memory twice; with them as one CSR matrix.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import SupportsIndex

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from hagane.features.batch import Batch
from hagane.features.encoded import Encoded
from hagane.models.target_means import TargetMeans, folds_of
from hagane.models.tree_columns import TreeColumns

Matrix = npt.NDArray[np.float64]


class EncodedRows:
    """The rows of a split as trees split them; `fold_seed` is given for the rows that the means were made from."""

    def __init__(
        self, encoded: Encoded, columns: TreeColumns, means: Sequence[TargetMeans], fold_seed: int | None
    ) -> None:
        self.encoded = encoded
        self._columns, self._means, self._fold_seed = columns, means, fold_seed

    def block(self, block: int) -> Matrix | sp.csr_matrix:
        """[rows of the block, columns]."""
        batch = self.encoded.block(block)
        return self._columns.matrix(batch.dense, batch.ids, batch.sparse, self._looked_up(batch, block))

    def whole(self) -> sp.csr_matrix:
        """A split with sparse features as one matrix. Its entries are in memory, 12 bytes each."""
        return sp.csr_matrix(sp.vstack(list(self._blocks()), format="csr"))

    def _blocks(self) -> Iterator[sp.csr_matrix]:
        return (sp.csr_matrix(self.block(block)) for block in range(self.encoded.num_blocks))

    def _looked_up(self, batch: Batch, block: int) -> list[Matrix]:
        folds = None if self._fold_seed is None else folds_of(self._fold_seed, block, batch.num_rows)
        return self._columns.look_up(batch.ids, self._means, folds)


class EncodedSequence(lgb.Sequence):  # type: ignore[misc]
    """Rows [columns] float64 of a split; the block last read is kept, since rows are asked for in order."""

    def __init__(self, rows: EncodedRows) -> None:
        self.batch_size = rows.encoded.block_rows
        self._rows = rows
        self._block = -1
        self._read_rows: Matrix = np.empty((0, 0))

    def __len__(self) -> int:
        return self._rows.encoded.num_rows

    def __getitem__(self, index: SupportsIndex | slice) -> Matrix:
        """One row [columns], or rows [n, columns] for a slice."""
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
            rows = self._rows.block(block)
            assert isinstance(rows, np.ndarray)
            self._block, self._read_rows = block, rows
        return self._read_rows

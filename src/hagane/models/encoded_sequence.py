"""`Encoded` as LightGBM reads it: columns in the order dense features, id features, each slot of each sparse feature.

Without sparse features a block at a time, so that the features are never in memory twice; with them as one CSR matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import SupportsIndex

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from hagane.features.encoded import Encoded
from hagane.features.feature import Feature, FeatureKind
from hagane.features.sparse_rows import SparseRows
from hagane.models.family import Array
from hagane.models.sparse_matrix import sparse_matrix

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


def joined_sparse(
    dense: Array | None, ids: Array | None, sparse: Sequence[SparseRows], features: tuple[Feature, ...]
) -> sp.csr_matrix:
    """The same with a column for each slot of the sparse features behind: [n, d + k + s], zeros left out, NaN kept.

    A `csr_matrix`: LightGBM knows no `csr_array`.
    """
    kinds = [feature.kind for feature in features]
    num_dense, num_ids = kinds.count(FeatureKind.DENSE), kinds.count(FeatureKind.ID)
    offsets, num_columns = slot_columns(features)
    entries = sparse_matrix(sparse, [offset - offsets[0] for offset in offsets], num_columns - offsets[0])
    if not num_dense + num_ids:
        return sp.csr_matrix(entries)
    return sp.csr_matrix(sp.hstack([sp.csr_array(joined(dense, ids, num_dense, num_ids)), entries], format="csr"))


def encoded_matrix(encoded: Encoded) -> sp.csr_matrix:
    """A whole split with sparse features as one matrix. Its entries are in memory, 12 bytes each."""
    blocks = [joined_sparse(batch.dense, batch.ids, batch.sparse, encoded.features) for batch in encoded.blocks()]
    return sp.csr_matrix(sp.vstack(blocks, format="csr"))


def slot_columns(features: tuple[Feature, ...]) -> tuple[list[int], int]:
    """The first column of each sparse feature's slots among LightGBM's columns, and the number of all columns.

    >>> x = Feature(name="x", kind=FeatureKind.DENSE, columns=("x",))
    >>> words = Feature(name="words", kind=FeatureKind.SPARSE, columns=("t",), cardinality=5)
    >>> slot_columns((x, words, words))
    ([1, 6], 11)
    """
    sparse = [feature.cardinality for feature in features if feature.kind is FeatureKind.SPARSE]
    ends = [len(features) - len(sparse)]
    for cardinality in sparse:
        ends.append(ends[-1] + cardinality)
    return ends[:-1], ends[-1]

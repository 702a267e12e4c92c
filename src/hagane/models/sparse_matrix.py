"""Sparse features side by side as one matrix: what a solver, LightGBM and `predict` multiply or look into."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from hagane.features.sparse_rows import SparseRows


def sparse_matrix(features: Sequence[SparseRows], offsets: Sequence[int], num_columns: int) -> sp.csr_array:
    """[n, num_columns] float64: feature i's slots begin at column `offsets[i]`. There must be a feature.

    A slot that occurs twice in a row is one entry, the sum of both.

    >>> rows = SparseRows(np.array([0, 3]), np.array([2, 0, 2], np.uint8), np.array([1, 4, 0.5], np.float32))
    >>> sparse_matrix([rows, rows], [0, 3], 6).toarray().tolist()
    [[4.0, 0.0, 1.5, 4.0, 0.0, 1.5]]
    """
    columns = [feature.ids.astype(np.int64) + offset for feature, offset in zip(features, offsets, strict=True)]
    if len(features) == 1:
        # A copy: summing duplicates moves the row ends in place.
        starts, ids, weights = features[0].offsets.copy(), columns[0], features[0].weights
    else:
        starts, entries = _row_by_row([feature.offsets for feature in features])
        ids = np.concatenate(columns)[entries]
        weights = np.concatenate([feature.weights for feature in features])[entries]
    matrix = sp.csr_array((weights.astype(np.float64), ids, starts), shape=(len(starts) - 1, num_columns))
    matrix.sum_duplicates()
    return matrix


def _row_by_row(offsets: Sequence[npt.NDArray[np.int64]]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Where each row begins [n + 1], and the features' entries [t], laid end to end, in the order of the rows."""
    rows = np.concatenate([np.repeat(np.arange(len(ends) - 1), np.diff(ends)) for ends in offsets])
    starts = np.stack([ends - ends[0] for ends in offsets]).sum(axis=0)
    return starts, np.argsort(rows, kind="stable").astype(np.int64, copy=False)

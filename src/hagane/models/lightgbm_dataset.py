"""`Encoded` as LightGBM holds it: binned a block at a time, so that the rows themselves are never in memory at once.

The bins are found on a sample of the rows, the one that LightGBM draws itself, or a smaller one where the budget is
small; then block after block is binned, in compressed rows where there are sparse features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from hagane.features.batch import Batch
from hagane.features.encoded import Encoded
from hagane.features.prefetch import prefetch
from hagane.models.lightgbm_native import push_rows
from hagane.models.target_means import TargetMeans, folds_of
from hagane.models.training_data import labels_and_weights
from hagane.models.tree_columns import TreeColumns
from hagane.models.tree_graph import ZERO

Matrix = npt.NDArray[np.floating]
SAMPLE_ROWS = 200_000
"""LightGBM's own `bin_construct_sample_cnt`."""
LEAST_SAMPLE_ROWS = 10_000
SAMPLE_COPIES = 3
"""The sample as rows, as columns, and what LightGBM makes of it."""


class EncodedRows:
    """The rows of a split as trees split them; `fold_seed` is given for the rows that the means were made from."""

    def __init__(
        self, encoded: Encoded, columns: TreeColumns, means: Sequence[TargetMeans], fold_seed: int | None
    ) -> None:
        self.encoded = encoded
        self.columns = columns
        self._means, self._fold_seed = means, fold_seed

    def block(self, block: int) -> Matrix | sp.csr_matrix:
        """[rows of the block, columns]."""
        batch = self.encoded.block(block)
        return self.columns.matrix(batch.dense, batch.ids, batch.sparse, self._looked_up(batch, self._folds(block)))

    def take(self, block: int, rows: npt.NDArray[np.integer]) -> Matrix | sp.csr_matrix:
        """The rows of these numbers within the block."""
        batch, folds = self.encoded.take(block * self.encoded.block_rows + rows), self._folds(block)
        means = self._looked_up(batch, None if folds is None else folds[rows])
        return self.columns.matrix(batch.dense, batch.ids, batch.sparse, means)

    def _folds(self, block: int) -> npt.NDArray[np.int64] | None:
        if self._fold_seed is None or not self.columns.wide:
            return None
        first = block * self.encoded.block_rows
        return folds_of(self._fold_seed, block, min(self.encoded.block_rows, self.encoded.num_rows - first))

    def _looked_up(self, batch: Batch, folds: npt.NDArray[np.int64] | None) -> list[npt.NDArray[np.float64]]:
        return self.columns.look_up(batch.ids, self._means, folds)


def lightgbm_dataset(
    rows: EncodedRows,
    parameters: Mapping[str, Any],
    *,
    sample_bytes: int,
    reference: lgb.Dataset | None = None,
    init_scores: npt.NDArray[np.float64] | None = None,
) -> lgb.Dataset:
    """The rows, binned as those of `reference` or, without one, as they ask for themselves.

    `init_scores` [outputs · n] are what the trees are added to.
    """
    encoded, columns = rows.encoded, rows.columns
    sample_rows = sample_rows_for(columns.first_slot, sample_bytes)
    own = {"categorical_column": columns.categorical, "bin_construct_sample_cnt": sample_rows}
    dataset = lgb.Dataset(None, params={**parameters, **own}, reference=reference)
    if reference is None:
        _find_bins(dataset, rows)
    else:
        dataset._init_from_ref_dataset(encoded.num_rows, reference._handle)
    for block, part in enumerate(prefetch(map(rows.block, range(encoded.num_blocks)), int(encoded.num_blocks > 1))):
        push_rows(dataset, part, block * encoded.block_rows)
    label, weight = all_labels_and_weights(encoded)
    dataset.set_field("label", label)
    dataset.set_field("weight", weight)
    dataset.set_field("init_score", init_scores)
    return dataset


def raw_sums(booster: lgb.Booster, rows: EncodedRows) -> npt.NDArray[np.float64]:
    """[outputs · n] what the trees of `booster` add up to for each row, output after output."""
    sums = np.empty((booster.num_model_per_iteration(), rows.encoded.num_rows))
    for block in range(rows.encoded.num_blocks):
        first, found = block * rows.encoded.block_rows, booster.predict(rows.block(block), raw_score=True)
        sums[:, first : first + len(found)] = found.T
    return sums.ravel()


def sample_rows_for(num_columns: int, sample_bytes: int) -> int:
    """As many rows as LightGBM looks at to find bins, or fewer where so many of so many columns would take more.

    >>> sample_rows_for(20, 1 << 30), sample_rows_for(2_000, 1 << 30), sample_rows_for(100_000, 1 << 30)
    (200000, 22369, 10000)
    """
    fitting = sample_bytes // (SAMPLE_COPIES * 8 * max(num_columns, 1))
    return min(SAMPLE_ROWS, max(LEAST_SAMPLE_ROWS, fitting))


def all_labels_and_weights(encoded: Encoded) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32] | None]:
    """The labels [n] and weights [n], None where rows have none, as LightGBM keeps them."""
    label = np.empty(encoded.num_rows, np.float32)
    weight = np.empty(encoded.num_rows, np.float32) if encoded.has_weight else None
    for block, (labels, weights) in enumerate(labels_and_weights(encoded)):
        first = block * encoded.block_rows
        label[first : first + len(labels)] = labels
        if weight is not None:
            weight[first : first + len(labels)] = weights
    return label, weight


def _find_bins(dataset: lgb.Dataset, rows: EncodedRows) -> None:
    """Choose the bins of every column from a sample: the values of each that are not 0, with their places in it."""
    num_rows, block_rows = rows.encoded.num_rows, rows.encoded.block_rows
    chosen = dataset._create_sample_indices(total_nrow=num_rows)
    blocks = chosen // block_rows
    parts = [rows.take(int(block), chosen[blocks == block] - block * block_rows) for block in np.unique(blocks)]
    values, places = _sampled_columns(parts)
    dataset._init_from_sample(values, places, len(chosen), num_rows)


def _sampled_columns(
    parts: Sequence[Matrix | sp.csr_matrix],
) -> tuple[list[npt.NDArray[np.float64]], list[npt.NDArray[np.int32]]]:
    """The values of each column that are not 0, and the rows of the sample that they stand in."""
    if slots := [part for part in parts if isinstance(part, sp.csr_matrix)]:
        return _columns_of_slots(sp.csc_matrix(sp.vstack(slots)))
    values, places = [], []
    for column in np.concatenate([part for part in parts if isinstance(part, np.ndarray)]).T:
        kept = np.flatnonzero((np.abs(column) > ZERO) | np.isnan(column))
        values.append(column[kept].astype(np.float64))
        places.append(kept.astype(np.int32))
    return values, places


def _columns_of_slots(
    whole: sp.csc_matrix,
) -> tuple[list[npt.NDArray[np.float64]], list[npt.NDArray[np.int32]]]:
    whole.data[np.abs(whole.data) <= ZERO] = 0
    whole.eliminate_zeros()
    bounds = whole.indptr[1:-1]
    return np.split(whole.data.astype(np.float64), bounds), np.split(whole.indices.astype(np.int32), bounds)

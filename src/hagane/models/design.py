"""The design matrix of a linear model, by blocks: dense columns beside a one-hot column for each slot of each id.

Shapes: n rows, d dense features, k id features, s = Σ cardinalities, w = d + s columns.

One-hot columns are sparse here and nowhere else: in the model they are rows of one table that ids look up. Dense
columns are centred (where there is an intercept) and divided by their deviation, so that what the solver sees is well
conditioned; `unscale` takes the answer back.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from hagane.features.encoded import Encoded
from hagane.features.feature import Feature, FeatureKind

Floats = npt.NDArray[np.float64]

CACHE_BYTES = 1 << 30
"""Blocks are kept in memory when all of them together need no more; otherwise each pass reads them again."""


class DesignBlock(NamedTuple):
    """Rows of one block: `dense` [n, d] scaled float64, `one_hot` [n, s] sparse, `label` [n] float64."""

    dense: Floats
    one_hot: sp.csr_array
    label: Floats

    def times(self, weights: Floats) -> Floats:
        """X @ weights: [w, c] → [n, c]."""
        d = self.dense.shape[1]
        product: Floats = self.dense @ weights[:d] + self.one_hot @ weights[d:]
        return product

    def transposed_times(self, residuals: Floats) -> Floats:
        """Xᵀ @ residuals: [n, c] → [w, c]."""
        return np.concatenate([self.dense.T @ residuals, self.one_hot.T @ residuals])


class Design:
    """An encoded split as a matrix of `num_columns` columns; `mean` and `scale` [d] come from the training split."""

    def __init__(self, encoded: Encoded, mean: Floats, scale: Floats) -> None:
        self.encoded = encoded
        self.mean = mean
        self.scale = scale
        self.offsets, self.num_slots = id_offsets(encoded.features)
        self.num_dense = encoded.num_dense
        self.num_columns = self.num_dense + self.num_slots
        row_bytes = 8 * (self.num_dense + 2 * encoded.num_ids + 2)
        self._kept: list[DesignBlock] | None = [] if row_bytes * encoded.num_rows <= CACHE_BYTES else None

    @property
    def num_rows(self) -> int:
        """n."""
        return self.encoded.num_rows

    def blocks(self) -> Iterator[DesignBlock]:
        """Every row once, in blocks."""
        if self._kept:
            yield from self._kept
            return
        for index in range(self.encoded.num_blocks):
            block = self._read(index)
            if self._kept is not None:
                self._kept.append(block)
            yield block

    def free_columns(self) -> npt.NDArray[np.bool_]:
        """[w] False for the slots that are given no weight (`Feature.dropped_slot`)."""
        free = np.ones(self.num_columns, bool)
        ids = [feature for feature in self.encoded.features if feature.kind is FeatureKind.ID]
        for feature, offset in zip(ids, self.offsets, strict=True):
            if feature.dropped_slot >= 0:
                free[self.num_dense + offset + feature.dropped_slot] = False
        return free

    def column_scale(self) -> Floats:
        """[w] what a solver's weight is divided by to be in the feature's own unit."""
        return np.concatenate([self.scale, np.ones(self.num_slots)])

    def unscale(self, weights: Floats, intercept: Floats) -> tuple[Floats, Floats]:
        """A solver's weights [w, c] and intercept [c], for features as they come."""
        original = weights / self.column_scale()[:, None]
        return original, intercept - self.mean @ original[: self.num_dense]

    def _read(self, index: int) -> DesignBlock:
        batch = self.encoded.block(index)
        rows, k = batch.ids.shape
        dense = (np.asarray(batch.dense, np.float64) - self.mean) / self.scale
        columns = (np.asarray(batch.ids, np.int64) + self.offsets).astype(np.int32).ravel()
        starts = np.arange(rows + 1, dtype=np.int32) * k
        one_hot = sp.csr_array((np.ones(rows * k), columns, starts), shape=(rows, self.num_slots))
        return DesignBlock(dense, one_hot, batch.label.astype(np.float64))


def id_offsets(features: tuple[Feature, ...]) -> tuple[npt.NDArray[np.int64], int]:
    """Where each id feature's slots begin in the one table [k], and the number of slots in all.

    >>> features = [Feature(name=n, kind=FeatureKind.ID, columns=(n,), cardinality=c) for n, c in (("a", 4), ("b", 3))]
    >>> id_offsets(tuple(features))
    (array([0, 4]), 7)
    """
    sizes = [feature.cardinality for feature in features if feature.kind is FeatureKind.ID]
    ends = np.cumsum(sizes, dtype=np.int64)
    return np.concatenate([[0], ends[:-1]]).astype(np.int64)[: len(sizes)], int(sum(sizes))


def measure_dense(encoded: Encoded) -> tuple[Floats, Floats, float]:
    """Mean [d] and standard deviation [d] (1 where it is 0) of the dense features, and the label's mean. Two passes."""
    total, label_total = np.zeros(encoded.num_dense), 0.0
    for batch in encoded.blocks():
        total += batch.dense.sum(axis=0, dtype=np.float64)
        label_total += float(batch.label.sum(dtype=np.float64))
    mean = total / encoded.num_rows
    squares = np.zeros(encoded.num_dense)
    for batch in encoded.blocks():
        squares += np.square(batch.dense.astype(np.float64) - mean).sum(axis=0)
    deviation = np.sqrt(squares / encoded.num_rows)
    constant = deviation <= 1e-12 * np.abs(mean)
    return mean, np.where(constant, 1.0, deviation), label_total / encoded.num_rows

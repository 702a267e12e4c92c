"""The design matrix of a linear model, by blocks: dense columns beside a column for each slot of the other features.

Shapes: n rows, d dense features, s = Σ cardinalities of the id features, then of the sparse ones, w = d + s columns.

The slots' columns are a sparse matrix: 1 where an id feature has the slot, the entry's weight where a sparse one has
it. In the model they are rows of one table that slots look up. Dense columns are centred (where there is an intercept)
and divided by their deviation, so that what the solver sees is well conditioned; `unscale` takes the answer back.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from hagane.errors import Fault, PreemptedError
from hagane.features.batch import Batch
from hagane.features.encoded import Encoded
from hagane.features.feature import Feature, FeatureKind
from hagane.features.prefetch import prefetch
from hagane.models.sparse_matrix import sparse_matrix
from hagane.models.training_data import weights_of
from hagane.training.preemption import Preemption

Floats = npt.NDArray[np.float64]
PART_NUMBERS = 1 << 17
"""Raw scores that are worked on at once, where rows have several: a megabyte, which the processor's cache holds."""


class DesignBlock(NamedTuple):
    """Rows of one block: `dense` [n, d] scaled float64, `slots` [n, s] sparse, `label` [n], `weight` [n] float64."""

    dense: Floats
    slots: sp.csr_array
    label: Floats
    weight: Floats | None
    """None: every row counts once."""

    @property
    def num_bytes(self) -> int:
        """Memory that the block takes."""
        slots = self.slots.data.nbytes + self.slots.indices.nbytes + self.slots.indptr.nbytes
        return int(self.dense.nbytes + slots + 2 * self.label.nbytes)

    @property
    def total_weight(self) -> float:
        """Σ weights."""
        return float(len(self.label) if self.weight is None else self.weight.sum())

    def parts(self, num_outputs: int) -> Iterator[DesignBlock]:
        """The rows in parts so small that their raw scores stay in the processor's cache; one part for one output."""
        size = len(self.label) if num_outputs == 1 else max(256, PART_NUMBERS // num_outputs)
        for start in range(0, len(self.label), max(size, 1)):
            rows = slice(start, start + size)
            weight = None if self.weight is None else self.weight[rows]
            whole = size >= len(self.label)
            yield self if whole else DesignBlock(self.dense[rows], self.slots[rows], self.label[rows], weight)

    def times(self, weights: Floats) -> Floats:
        """X @ weights: [w, c] → [n, c]."""
        d = self.dense.shape[1]
        if not self.slots.shape[1]:
            return np.asarray(self.dense @ weights)
        product: Floats = self.slots @ weights[d:]
        if d:
            product += self.dense @ weights[:d]
        return product

    def raw(self, weights: Floats, intercept: Floats) -> Floats:
        """Raw scores [n, c], an array of their own."""
        product = self.times(weights)
        product += intercept
        return product

    def transposed_times(self, residuals: Floats) -> Floats:
        """Xᵀ @ residuals: [n, c] → [w, c]."""
        return np.concatenate([self.dense.T @ residuals, self.slots.T @ residuals])

    def weighted(self, values: Floats) -> Floats:
        """`values` [n] or [n, c], each row's multiplied by its weight."""
        if self.weight is None:
            return values
        return values * (self.weight if values.ndim == 1 else self.weight[:, None])

    def sums(self) -> Floats:
        """[w] weighted sums of the columns."""
        if self.weight is None:
            return np.concatenate([self.dense.sum(axis=0), self.slots.sum(axis=0)])
        return self.transposed_times(self.weight)

    def squares(self) -> Floats:
        """[w] weighted sums of the squares of the columns."""
        squared = DesignBlock(np.square(self.dense), self.slots.power(2), self.label, self.weight)
        return squared.sums()


class DenseMeasures(NamedTuple):
    """Weighted mean [d] and deviation [d] (1 where it is 0) of the dense features, the label's mean, Σ weights."""

    mean: Floats
    deviation: Floats
    label_mean: float
    total_weight: float


class Design:
    """An encoded split as a matrix of `num_columns` columns; `mean` and `scale` [d] come from the training split."""

    def __init__(
        self,
        encoded: Encoded,
        mean: Floats,
        scale: Floats,
        *,
        dropped: tuple[int, ...] | None = None,
        cache_bytes: int = 1 << 30,
        preemption: Preemption | None = None,
    ) -> None:
        """Blocks are kept in memory when all together need no more than `cache_bytes`; else each pass reads them.

        `dropped` is the slot without a weight of each feature that has slots, -1 for none; those of the transform
        where it is not given. Reading ends with PreemptedError at the first block after `preemption` was requested.
        """
        self._cache_bytes = cache_bytes
        self._preemption = preemption
        own = tuple(feature.dropped_slot for feature in slot_features(encoded.features))
        self.dropped = own if dropped is None else dropped
        self.encoded = encoded
        self.mean = mean
        self.scale = scale
        self.offsets, self.num_slots = slot_offsets(encoded.features)
        self.num_dense = encoded.num_dense
        self.num_columns = self.num_dense + self.num_slots
        self._kept: list[DesignBlock] | None = []
        self._kept_bytes = 0

    @property
    def num_rows(self) -> int:
        """n."""
        return self.encoded.num_rows

    def like(self, encoded: Encoded, *, cache_bytes: int) -> Design:
        """Another split, scaled as this one."""
        return Design(
            encoded,
            self.mean,
            self.scale,
            dropped=self.dropped,
            cache_bytes=cache_bytes,
            preemption=self._preemption,
        )

    def blocks(self) -> Iterator[DesignBlock]:
        """Every row once, in blocks; the next one is read meanwhile."""
        kept = list(self._kept or ())
        for block in kept:
            self._go_on()
            yield block
        left = range(len(kept), self.encoded.num_blocks)
        for index, block in zip(left, prefetch(map(self._read, left), 1 if len(left) > 1 else 0), strict=True):
            self._go_on()
            self._keep(index, block)
            yield block

    def free_columns(self) -> npt.NDArray[np.bool_]:
        """[w] False for the slots that are given no weight."""
        free = np.ones(self.num_columns, bool)
        for dropped, offset in zip(self.dropped, self.offsets, strict=True):
            if dropped >= 0:
                free[self.num_dense + offset + dropped] = False
        return free

    def column_scale(self) -> Floats:
        """[w] what a solver's weight is divided by to be in the feature's own unit."""
        return np.concatenate([self.scale, np.ones(self.num_slots)])

    def unscale(self, weights: Floats, intercept: Floats) -> tuple[Floats, Floats]:
        """A solver's weights [w, c] and intercept [c], for features as they come."""
        original = weights / self.column_scale()[:, None]
        return original, intercept - self.mean @ original[: self.num_dense]

    def _go_on(self) -> None:
        """Raises PreemptedError when told to end."""
        if self._preemption is not None and self._preemption.requested:
            raise PreemptedError(Fault(what="training was told to end", where="train", next_step="start it again"))

    def _keep(self, index: int, block: DesignBlock) -> None:
        """Remember the next block, or no block at all once they take too much memory."""
        if self._kept is None or index != len(self._kept):
            return
        self._kept_bytes += block.num_bytes
        self._kept.append(block)
        if self._kept_bytes > self._cache_bytes:
            self._kept = None

    def _read(self, index: int) -> DesignBlock:
        batch = self.encoded.block(index)
        dense = (np.asarray(batch.dense, np.float64) - self.mean) / self.scale
        weight = None if batch.weight is None else batch.weight.astype(np.float64)
        return DesignBlock(dense, self._slots(batch), batch.label.astype(np.float64), weight)

    def _slots(self, batch: Batch) -> sp.csr_array:
        rows, k = batch.ids.shape
        columns = (np.asarray(batch.ids, np.int64) + self.offsets[:k]).astype(np.int32).ravel()
        starts = np.arange(rows + 1, dtype=np.int32) * k
        if not batch.sparse:
            return sp.csr_array((np.ones(rows * k), columns, starts), shape=(rows, self.num_slots))
        first = int(self.offsets[k])
        offsets = [int(offset) - first for offset in self.offsets[k:]]
        entries = sparse_matrix(batch.sparse, offsets, self.num_slots - first)
        if not k:
            return entries
        one_hot = sp.csr_array((np.ones(rows * k), columns, starts), shape=(rows, first))
        matrix: sp.csr_array = sp.hstack([one_hot, entries], format="csr")
        return matrix


def slot_features(features: tuple[Feature, ...]) -> list[Feature]:
    """The features that have slots: id features, then sparse ones."""
    return [f for kind in (FeatureKind.ID, FeatureKind.SPARSE) for f in features if f.kind is kind]


def slot_offsets(features: tuple[Feature, ...]) -> tuple[npt.NDArray[np.int64], int]:
    """Where the slots of each id feature, then of each sparse one, begin in the one table, and their number in all.

    >>> features = [Feature(name=n, kind=FeatureKind.ID, columns=(n,), cardinality=c) for n, c in (("a", 4), ("b", 3))]
    >>> slot_offsets(tuple(features))
    (array([0, 4]), 7)
    """
    sizes = [feature.cardinality for feature in slot_features(features)]
    ends = np.cumsum(sizes, dtype=np.int64)
    return np.concatenate([[0], ends[:-1]]).astype(np.int64)[: len(sizes)], int(sum(sizes))


def measure_dense(encoded: Encoded) -> DenseMeasures:
    """Mean and deviation of the dense features, in one pass.

    Blocks are combined as by Chan, Golub and LeVeque (Updating Formulae and a Pairwise Algorithm for Computing Sample
    Variances, 1979): no large mean is squared and taken off again.
    """
    mean, squares = np.zeros(encoded.num_dense), np.zeros(encoded.num_dense)
    label_total, total_weight = 0.0, 0.0
    for batch in encoded.blocks():
        weight, dense = weights_of(batch), batch.dense.astype(np.float64)
        own_weight = float(weight.sum())
        if not own_weight:
            continue
        own_mean = weight @ dense / own_weight
        step, both = own_mean - mean, total_weight + own_weight
        dense -= own_mean
        squares += weight @ np.square(dense, out=dense) + np.square(step) * (total_weight * own_weight / both)
        mean += step * (own_weight / both)
        label_total += float(weight @ batch.label.astype(np.float64))
        total_weight = both
    deviation = np.sqrt(squares / total_weight)
    constant = deviation <= 1e-12 * np.abs(mean)
    return DenseMeasures(mean, np.where(constant, 1.0, deviation), label_total / total_weight, total_weight)

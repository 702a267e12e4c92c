"""`FeatureSpace`: encoded features as points, for families that measure distances and variances.

Shapes: n rows, d dense features, s slots of id and sparse features, w = d + s columns.

The space is BigQuery ML's for KMEANS and PCA: a number less the mean of the values that are there, over their sample
standard deviation, 0 (the mean) where it is missing; beside it a raw column for each category, 1 where the row has it.
A slot that no training row has is no column: a value that was never seen is far from nothing and near to nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from hagane.features.batch import Batch
from hagane.features.emit import Emitter, element_type
from hagane.features.encoded import Encoded
from hagane.features.feature import Feature, FeatureKind
from hagane.features.sparse_rows import SparseRows
from hagane.models.design import Design, DesignBlock, slot_features, slot_offsets
from hagane.models.family import Array, FitContext
from hagane.models.sparse_matrix import sparse_matrix
from hagane.models.training_data import weights_of

Floats = npt.NDArray[np.float64]
CONSTANT = 1e-12
"""A deviation below this share of the mean is rounding."""


@dataclass(frozen=True)
class FeatureSpace:
    """How features become coordinates."""

    features: tuple[Feature, ...]
    mean: Floats
    """[d] of the values that are there; where numbers are not scaled, still taken off."""
    scale: Floats
    """[d] what numbers are divided by: their deviation, or 1."""
    kept: npt.NDArray[np.bool_]
    """[s] the slots that some training row has."""

    @property
    def num_dense(self) -> int:
        """d."""
        return len(self.mean)

    @property
    def num_columns(self) -> int:
        """w."""
        return len(self.mean) + len(self.kept)

    @property
    def offsets(self) -> npt.NDArray[np.int64]:
        """Where the slots of each feature that has some begin, among the s."""
        return slot_offsets(self.features)[0]

    @property
    def owners(self) -> npt.NDArray[np.int64]:
        """[w] the number of the feature that each column is of."""
        sizes = [max(feature.cardinality, 1) for feature in self.features]
        return np.repeat(np.arange(len(self.features)), sizes)

    def numbers(self, dense: Array) -> Floats:
        """[n, d] the coordinates of dense features; a number that is missing, or none that is finite, is the mean."""
        found = (np.asarray(dense, np.float64) - self.mean) / self.scale
        found[~np.isfinite(found)] = 0.0
        return found

    def block(self, dense: Array | None, ids: Array | None, sparse: Sequence[SparseRows] = ()) -> DesignBlock:
        """Rows as points."""
        given = next(each for each in (dense, ids) if each is not None)
        numbers = np.zeros((len(given), 0)) if dense is None else self.numbers(dense)
        slots = self._slots(ids if ids is not None else np.zeros((len(given), 0), np.int64), sparse)
        return DesignBlock(numbers, self.masked(slots), np.zeros(len(given)), None)

    def masked(self, slots: sp.csr_array) -> sp.csr_array:
        """The same without what training never met."""
        if not self.kept.all():
            slots.data *= self.kept[slots.indices]
        return slots

    def _slots(self, ids: Array, sparse: Sequence[SparseRows]) -> sp.csr_array:
        rows, k = ids.shape
        offsets = self.offsets
        columns = (np.asarray(ids, np.int64) + offsets[:k]).ravel()
        starts = np.arange(rows + 1, dtype=np.int64) * k
        one_hot = sp.csr_array((np.ones(rows * k), columns, starts), shape=(rows, len(self.kept)))
        if not sparse:
            return one_hot
        return sp.csr_array(one_hot + sparse_matrix(sparse, offsets[k:].tolist(), len(self.kept)))

    def design(self, encoded: Encoded, context: FitContext, *, cache_bytes: int | None = None) -> Design:
        """All rows of a split as points, block by block."""
        memory = context.memory.cache_bytes if cache_bytes is None else cache_bytes
        return _Points(self, encoded, memory, context)

    def emit_numbers(self, emitter: Emitter, dense: str | None) -> str | None:
        """`numbers`, as nodes."""
        if dense is None or not self.num_dense:
            return None
        wide = emitter.node("Cast", dense, to=element_type(np.float64))
        centred = emitter.node("Sub", wide, emitter.constant(self.mean))
        scaled = emitter.node("Div", centred, emitter.constant(self.scale))
        none = emitter.node("Or", emitter.node("IsNaN", scaled), emitter.node("IsInf", scaled))
        return emitter.node("Where", none, emitter.constant(0.0, np.float64), scaled)

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """What is to be kept of it, besides the features."""
        return {"mean": self.mean, "scale": self.scale, "kept": self.kept}

    @classmethod
    def of(cls, features: tuple[Feature, ...], arrays: Mapping[str, npt.NDArray[np.generic]]) -> FeatureSpace:
        """The inverse of `arrays`."""
        mean, scale = (np.asarray(arrays[name], np.float64) for name in ("mean", "scale"))
        return cls(features, mean, scale, np.asarray(arrays["kept"], np.bool_))

    @classmethod
    def measure(cls, train: Encoded, *, scales: bool) -> FeatureSpace:
        """That of the training rows, in one pass: exact sums, combined as `design.measure_dense` says."""
        features = train.features
        measured = _Measured.of(train)
        deviation = measured.deviation()
        constant = ~(deviation > CONSTANT * np.abs(measured.mean))
        scale = np.where(constant, 1.0, deviation) if scales else np.ones(train.num_dense)
        return cls(features, measured.mean, scale, measured.slots > 0)


class _Points(Design):
    """A design whose rows are points of a space."""

    def __init__(self, space: FeatureSpace, encoded: Encoded, cache_bytes: int, context: FitContext) -> None:
        super().__init__(encoded, space.mean, space.scale, cache_bytes=cache_bytes, preemption=context.preemption)
        self._space = space

    def _read(self, index: int) -> DesignBlock:
        with np.errstate(invalid="ignore", over="ignore"):
            block = super()._read(index)
        block.dense[~np.isfinite(block.dense)] = 0.0
        return block._replace(slots=self._space.masked(block.slots))


class _Measured:
    """Weighted sums of the values that are there, column by column."""

    def __init__(self, num_dense: int, num_slots: int) -> None:
        self.mean, self._squares = np.zeros(num_dense), np.zeros(num_dense)
        self._total = np.zeros(num_dense)
        self.slots = np.zeros(num_slots)

    @classmethod
    def of(cls, encoded: Encoded) -> _Measured:
        """Of all rows."""
        offsets, num_slots = slot_offsets(encoded.features)
        found = cls(encoded.num_dense, num_slots)
        for batch in encoded.blocks():
            found._add_numbers(batch.dense.astype(np.float64), weights_of(batch))
            found._add_slots(batch, offsets, slot_features(encoded.features))
        return found

    def deviation(self) -> Floats:
        """[d] of a sample: squares over the weight of the values less 1."""
        return np.sqrt(self._squares / np.maximum(self._total - 1.0, 1e-300)) * (self._total > 1.0)

    def _add_numbers(self, dense: Floats, weight: Floats) -> None:
        there = np.isfinite(dense)
        own = weight @ there
        values = np.where(there, dense, 0.0)
        mean = np.divide(weight @ values, own, out=np.zeros_like(own), where=own > 0)
        step, both = mean - self.mean, self._total + own
        share = np.divide(own, both, out=np.zeros_like(own), where=both > 0)
        squares = weight @ (np.square(values - mean) * there)
        self._squares += squares + np.square(step) * self._total * share
        self.mean += step * share
        self._total = both

    def _add_slots(self, batch: Batch, offsets: npt.NDArray[np.int64], features: Sequence[Feature]) -> None:
        weight = weights_of(batch)
        num_ids = batch.ids.shape[1]
        for place, (feature, offset) in enumerate(zip(features, offsets, strict=True)):
            part = self.slots[offset : offset + feature.cardinality]
            if feature.kind is FeatureKind.ID:
                part += np.bincount(batch.ids[:, place].astype(np.int64), weight, feature.cardinality)
            else:
                rows = batch.sparse[place - num_ids]
                own = np.repeat(weight, np.diff(rows.offsets))
                part += np.bincount(rows.ids.astype(np.int64), own, feature.cardinality)

"""The columns that trees split on.

Dense features, categories of few slots, the label's means in the slots of those of many, then a column for each slot of
each sparse feature.

Shapes: dense [n, d], ids [n, k] → [n, columns] float64.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from hagane.features.emit import Emitter
from hagane.features.feature import Feature, FeatureKind
from hagane.features.sparse_rows import SparseRows
from hagane.models.family import Array
from hagane.models.sparse_matrix import sparse_matrix
from hagane.models.target_means import TargetMeans

Floats = npt.NDArray[np.float64]


class TreeColumns:
    """Which columns there are.

    `means` has one table an id feature of more than `max_slots` slots; without it the columns are counted alone.

    >>> features = [Feature(name="x", kind=FeatureKind.DENSE, columns=("x",))]
    >>> sizes = {"a": 9, "b": 99}
    >>> features += [Feature(name=n, kind=FeatureKind.ID, columns=(n,), cardinality=c) for n, c in sizes.items()]
    >>> columns = TreeColumns(tuple(features), max_slots=50, width=3)
    >>> columns.narrow, columns.wide, columns.num_columns, columns.categorical, columns.owners.tolist()
    ((0,), (1,), 5, [1], [0, 1, 2, 2, 2])
    """

    def __init__(self, features: tuple[Feature, ...], *, max_slots: int, width: int) -> None:
        self.features = features
        self.width = width
        dense, ids, sparse = (
            [number for number, feature in enumerate(features) if feature.kind is kind] for kind in FeatureKind
        )
        self.num_dense = len(dense)
        self.narrow = tuple(i for i, number in enumerate(ids) if features[number].cardinality <= max_slots)
        """Places among the ids."""
        self.wide = tuple(i for i, number in enumerate(ids) if features[number].cardinality > max_slots)
        self.wide_cardinalities = tuple(features[ids[place]].cardinality for place in self.wide)
        owners = [*dense, *(ids[place] for place in self.narrow)]
        owners += [ids[place] for place in self.wide for _ in range(width)]
        self.first_slot = len(owners)
        """The column at which the sparse features' slots begin."""
        sizes = [features[number].cardinality for number in sparse]
        self.slot_offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(int).tolist()[: len(sizes)]
        """Where each sparse feature's slots begin, from `first_slot`."""
        self.num_slots = sum(sizes)
        self.owners = np.concatenate([owners, np.repeat(sparse, sizes)]).astype(np.int64)
        """[columns] the number of the feature that each belongs to."""

    @property
    def num_columns(self) -> int:
        """Of all features."""
        return self.first_slot + self.num_slots

    @property
    def categorical(self) -> list[int]:
        """The columns that hold categories."""
        return list(range(self.num_dense, self.num_dense + len(self.narrow)))

    @property
    def has_sparse(self) -> bool:
        """Whether there are sparse features."""
        return any(feature.kind is FeatureKind.SPARSE for feature in self.features)

    def side_by_side(
        self, dense: Array | None, ids: Array | None, means: Sequence[Floats]
    ) -> npt.NDArray[np.floating[Any]]:
        """[n, `first_slot`] the columns of all but the sparse features; `means` [n, w] of each wide category.

        float32 where nothing is lost by it: LightGBM bins such rows as it bins them in float64.
        """
        dtype = np.float64 if self.wide or (dense is not None and dense.dtype == np.float64) else np.float32
        parts = [dense] if self.num_dense and dense is not None else []
        if self.narrow and ids is not None:
            parts.append(ids if len(self.narrow) == ids.shape[1] else ids[:, self.narrow])
        num_rows = len(parts[0] if parts else means[0])
        columns = np.empty((num_rows, self.first_slot), dtype)
        at = 0
        for part in (*parts, *means):
            columns[:, at : at + part.shape[1]] = part
            at += part.shape[1]
        return columns

    def look_up(self, ids: Array | None, means: Sequence[TargetMeans], folds: Array | None = None) -> list[Floats]:
        """[n, w] for each wide category; of rows of the training data by what the other folds say."""
        if not self.wide:
            return []
        slots = np.asarray(ids, np.int64)[:, self.wide].T
        if folds is None:
            return [table.all_rows[column] for table, column in zip(means, slots, strict=True)]
        return [table.without_fold[folds, column] for table, column in zip(means, slots, strict=True)]

    def with_slots(self, others: npt.NDArray[np.floating[Any]] | None, sparse: Sequence[SparseRows]) -> sp.csr_matrix:
        """[n, columns]: the others' columns, then the slots; zeros left out, NaN kept.

        A `csr_matrix`: LightGBM knows no `csr_array`.
        """
        entries = sparse_matrix(sparse, self.slot_offsets, self.num_slots)
        if others is None:
            return sp.csr_matrix(entries)
        return sp.csr_matrix(sp.hstack([sp.csr_array(others.astype(np.float64)), entries], format="csr"))

    def matrix(
        self, dense: Array | None, ids: Array | None, sparse: Sequence[SparseRows], means: Sequence[Floats]
    ) -> npt.NDArray[np.floating[Any]] | sp.csr_matrix:
        """[n, columns]: dense where there are no sparse features."""
        others = self.side_by_side(dense, ids, means) if self.first_slot else None
        if self.has_sparse:
            return self.with_slots(others, sparse)
        assert others is not None
        return others

    def emit(self, emitter: Emitter, dense: str | None, ids: str | None, means: Sequence[TargetMeans]) -> list[str]:
        """Add the nodes; tensors [n, …] that hold the same columns side by side, without the slots."""
        parts = [dense] if dense is not None and self.num_dense else []
        if ids is not None and self.narrow:
            chosen = emitter.constant(np.array(self.narrow, np.int64))
            parts.append(emitter.node("Gather", ids, chosen, axis=1) if self.wide else ids)
        for place, table in zip(self.wide, means, strict=True):
            assert ids is not None
            slots = emitter.node("Gather", ids, emitter.constant(place, np.int64), axis=1)
            parts.append(emitter.node("Gather", emitter.constant(table.all_rows), slots, axis=0))
        return parts

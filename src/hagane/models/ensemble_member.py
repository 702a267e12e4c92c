"""`FittedMember`: one model of an ensemble, and what it sees of the ensemble's features.

Shapes: dense [n, d], ids [n, k] of the ensemble → dense [n, d'], ids [n, k'] of the member → scores [n] or [n, c].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hagane.features.emit import Emitter, element_type
from hagane.features.emit_finite import emit_finite
from hagane.features.feature import Feature, FeatureKind
from hagane.features.graph_ports import SparsePort
from hagane.features.sparse_rows import SparseRows
from hagane.models.family import Array, Family, FittedModel

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MemberView:
    """Which of the ensemble's features a member sees, by their places among those of their kind, and how."""

    dense: tuple[int, ...]
    ids: tuple[int, ...]
    sparse: tuple[int, ...]
    num_dense: int
    num_ids: int
    """Of the ensemble."""
    dense_dtype: str
    finite: bool
    """Whether numbers that are none are 0 to it."""

    @classmethod
    def of(cls, family: Family, own: Sequence[Feature], features: Sequence[Feature]) -> MemberView:
        """That of a member of `family` with its `own` of the ensemble's features."""
        names = {feature.name for feature in own}
        by_kind = [[feature for feature in features if feature.kind is kind] for kind in FeatureKind]
        dense, ids, sparse = (tuple(i for i, feature in enumerate(kind) if feature.name in names) for kind in by_kind)
        dtype = np.dtype(family.dense_dtype).name
        num_dense, num_ids = len(by_kind[0]), len(by_kind[1])
        return cls(dense, ids, sparse, num_dense, num_ids, dtype, finite=not family.accepts_missing)

    def arrays(
        self, dense: Array | None, ids: Array | None, sparse: Sequence[SparseRows]
    ) -> tuple[Array | None, Array | None, list[SparseRows]]:
        """The member's own of a batch."""
        own_ids = ids if ids is None or self._has_all_ids else ids[:, self.ids]
        return self._dense(dense), own_ids, [sparse[place] for place in self.sparse]

    def tensors(
        self, emitter: Emitter, dense: str | None, ids: str | None, sparse: Sequence[SparsePort]
    ) -> tuple[str | None, str | None, list[SparsePort]]:
        """The member's own of a graph."""
        own_dense = None
        if dense is not None and self.dense:
            chosen = dense if self._has_all_dense else _chosen(emitter, dense, self.dense)
            own_dense = emitter.node("Cast", chosen, to=element_type(self.dense_dtype))
            if self.finite:
                own_dense, _ = emit_finite(emitter, own_dense, self.dense_dtype)
        own_ids = None
        if ids is not None and self.ids:
            own_ids = ids if self._has_all_ids else _chosen(emitter, ids, self.ids)
        return own_dense, own_ids, [sparse[place] for place in self.sparse]

    @property
    def _has_all_dense(self) -> bool:
        return len(self.dense) == self.num_dense

    @property
    def _has_all_ids(self) -> bool:
        return len(self.ids) == self.num_ids

    def _dense(self, dense: Array | None) -> Array | None:
        if dense is None:
            return None
        with np.errstate(over="ignore"):  # as `Encoded.of_features` reads it
            own = (dense if self._has_all_dense else dense[:, self.dense]).astype(self.dense_dtype)
        if self.finite:
            own[~np.isfinite(own)] = 0
        return own


@dataclass(frozen=True, slots=True)
class FittedMember:
    """A member that was fitted."""

    number: int
    """Among the members that the options name."""
    view: MemberView
    models: tuple[FittedModel, ...]
    """One, or one for each fold: the mean of their answers is the member's."""
    held_out_loss: float | None = None
    """Its own loss on the rows held out, where there are folds, or weights were learned."""

    def scores(self, dense: Array | None, ids: Array | None, sparse: Sequence[SparseRows]) -> Floats:
        """[n] or [n, c] its own answers to rows of the ensemble's features."""
        first, *rest = (
            np.asarray(model.predict(*self.view.arrays(dense, ids, sparse)), np.float64) for model in self.models
        )
        return np.asarray(sum(rest, start=first) / len(self.models)) if rest else first

    def emit(self, emitter: Emitter, dense: str | None, ids: str | None, sparse: Sequence[SparsePort]) -> str:
        """Add its nodes; its scores in float64."""
        own = self.view.tensors(emitter, dense, ids, sparse)
        scores = [emitter.node("Cast", model.emit(emitter, *own), to=element_type(np.float64)) for model in self.models]
        if len(scores) == 1:
            return scores[0]
        return emitter.node("Div", emitter.node("Sum", *scores), emitter.constant(np.float64(len(scores))))

    def importance(self) -> Mapping[str, float]:
        """Each feature's share, the mean over its models: they add up to 1."""
        found: dict[str, float] = {}
        for model in self.models:
            own = model.importance()
            total = sum(own.values()) * len(self.models) or 1.0
            for name, value in own.items():
                found[name] = found.get(name, 0.0) + value / total
        return found


def _chosen(emitter: Emitter, tensor: str, places: Sequence[int]) -> str:
    return emitter.node("Gather", tensor, emitter.constant(np.array(places, np.int64)), axis=1)

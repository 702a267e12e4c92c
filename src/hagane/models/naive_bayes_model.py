"""`NaiveBayesModel`: each class's log share, and what each feature adds to it by itself.

Shapes: n rows, d dense features, s slots of the id features, then of the sparse ones, c classes, o raw scores: 1 for
two classes (the log odds of the second), else c.

Numbers add -½ ((x − mean) / deviation)² − ln deviation, and nothing where they are missing; an id adds its slot's log
share in the class, a word its own times its weight.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import expit, softmax

from hagane.explanation.explanation_facts import RawScale
from hagane.features.emit import Emitter, element_type
from hagane.features.feature import Feature, FeatureKind
from hagane.features.graph_ports import SparsePort
from hagane.features.sparse_rows import SparseRows
from hagane.models.design import slot_offsets
from hagane.models.explained import ExplainedTensors, Explanation
from hagane.models.family import Array, Iteration
from hagane.models.sparse_graph import emit_entries, emit_row_sums
from hagane.models.sparse_matrix import sparse_matrix

Floats = npt.NDArray[np.float64]


class ClassShapes(NamedTuple):
    """`prior` [c] log shares, `mean` and `deviation` [d, c] of the numbers, `table` [s, c] log shares of the slots."""

    prior: Floats
    mean: Floats
    deviation: Floats
    table: Floats

    @property
    def num_raw(self) -> int:
        """o."""
        return 1 if len(self.prior) == 2 else len(self.prior)

    def raw(self, by_class: Floats) -> Floats:
        """[…, c] → […, o]."""
        return by_class[..., 1:] - by_class[..., :1] if self.num_raw == 1 else by_class


class NaiveBayesModel:
    """The shapes, and what was measured of them."""

    family = "naive_bayes"

    def __init__(
        self, features: tuple[Feature, ...], shapes: ClassShapes, spread: Floats, curve: tuple[Iteration, ...]
    ) -> None:
        """`spread` [features] is how far each moves the raw scores."""
        self.features = features
        self.shapes = shapes
        self.curve = curve
        self.best_iteration = 1
        self._spread = spread
        offsets, _ = slot_offsets(features)
        num_ids = sum(feature.kind is FeatureKind.ID for feature in features)
        self._offsets, self._sparse_offsets = offsets[:num_ids], offsets[num_ids:].tolist()
        self._table = shapes.raw(shapes.table)

    def predict(self, dense: Array | None, ids: Array | None, sparse: Sequence[SparseRows] = ()) -> Array:
        """Probabilities [n, c] in float64, for dense [n, d], ids [n, k] and each sparse feature."""
        terms = self.terms(dense, ids, sparse)
        raw = terms.sum(axis=1) + self.shapes.raw(self.shapes.prior)
        if self.shapes.num_raw == 1:
            return np.concatenate([expit(-raw), expit(raw)], axis=1)
        return np.asarray(softmax(raw, axis=1))

    def terms(self, dense: Array | None, ids: Array | None, sparse: Sequence[SparseRows] = ()) -> Floats:
        """[n, f, o] what each feature adds to each raw score."""
        parts = []
        if dense is not None and len(self.shapes.mean):
            numbers = np.asarray(dense, np.float64)[:, :, None]
            apart = (numbers - self.shapes.mean) / self.shapes.deviation
            logs = apart * apart * -0.5 - np.log(self.shapes.deviation)
            parts.append(np.where(np.isnan(numbers), 0.0, self.shapes.raw(logs)))
        if ids is not None and len(self._offsets):
            parts.append(self._table[np.asarray(ids, np.int64) + self._offsets])
        ends = [*self._sparse_offsets, len(self._table)]
        for rows, (first, end) in zip(sparse, pairwise(ends), strict=False):
            parts.append((sparse_matrix([rows], [0], end - first) @ self._table[first:end])[:, None])
        return np.concatenate(parts, axis=1)

    def emit(self, emitter: Emitter, dense: str | None, ids: str | None, sparse: Sequence[SparsePort] = ()) -> str:
        """Add the nodes; probabilities in float64."""
        return self.emit_link(emitter, self._emit_raw(emitter, self._emit_terms(emitter, dense, ids, sparse)))

    def emit_explained(
        self, emitter: Emitter, dense: str | None, ids: str | None, sparse: Sequence[SparsePort] = ()
    ) -> ExplainedTensors:
        """Add the raw scores, and the terms that they are sums of, [n, f · o], a feature's o terms side by side."""
        terms = self._emit_terms(emitter, dense, ids, sparse)
        flat = emitter.constant([0, len(self.features) * self.shapes.num_raw], np.int64)
        return ExplainedTensors(emitter.node("Reshape", terms, flat), self._emit_raw(emitter, terms))

    def emit_link(self, emitter: Emitter, raw: str) -> str:
        """Add what makes probabilities of raw scores [n, o]."""
        if self.shapes.num_raw > 1:
            return emitter.node("Softmax", raw, axis=1)
        negative = emitter.node("Sigmoid", emitter.node("Neg", raw))
        return emitter.node("Concat", negative, emitter.node("Sigmoid", raw), axis=1)

    def explanation(self) -> Explanation:
        """Exact: the terms themselves."""
        num_raw = self.shapes.num_raw
        scale: RawScale = "log_odds" if num_raw == 1 else "logit"
        return Explanation(
            method="linear",
            raw_scale=scale,
            num_raw=num_raw,
            owners=tuple(np.repeat(np.arange(len(self.features)), num_raw).tolist()),
            tensors={"intercept": self.shapes.raw(self.shapes.prior)},
        )

    def importance(self) -> Mapping[str, float]:
        """How far the feature moves the raw score over the training rows: the largest deviation of its part over o."""
        return {feature.name: float(spread) for feature, spread in zip(self.features, self._spread, strict=True)}

    def _emit_raw(self, emitter: Emitter, terms: str) -> str:
        """[n, o]: added up by MatMul for one score, since ReduceSum adds [n, f] otherwise in other batches."""
        prior = emitter.constant(self.shapes.raw(self.shapes.prior))
        if self.shapes.num_raw > 1:
            total = emitter.node("ReduceSum", terms, emitter.constant([1], np.int64), keepdims=0)
        else:
            flat = emitter.node("Reshape", terms, emitter.constant([0, len(self.features)], np.int64))
            total = emitter.node("MatMul", flat, emitter.constant(np.ones((len(self.features), 1))))
        return emitter.node("Add", total, prior)

    def _emit_terms(self, emitter: Emitter, dense: str | None, ids: str | None, sparse: Sequence[SparsePort]) -> str:
        """[n, f, o]."""
        parts = []
        if dense is not None and len(self.shapes.mean):
            parts.append(self._emit_numbers(emitter, dense))
        if ids is not None and len(self._offsets):
            slots = emitter.node("Add", ids, emitter.constant(self._offsets))
            parts.append(emitter.node("Gather", emitter.constant(self._table), slots, axis=0))
        ends = [*self._sparse_offsets, len(self._table)]
        for port, (first, end) in zip(sparse, pairwise(ends), strict=False):
            added = emit_row_sums(emitter, emit_entries(emitter, [port], [0]), self._table[first:end])
            parts.append(emitter.node("Unsqueeze", added, emitter.constant([1], np.int64)))
        return parts[0] if len(parts) == 1 else emitter.node("Concat", *parts, axis=1)

    def _emit_numbers(self, emitter: Emitter, dense: str) -> str:
        """[n, d, o]."""
        mean, deviation = self.shapes.mean, self.shapes.deviation
        wide = emitter.node("Cast", dense, to=element_type(np.float64))
        numbers = emitter.node("Unsqueeze", wide, emitter.constant([2], np.int64))
        centred = emitter.node("Sub", numbers, emitter.constant(mean))
        apart = emitter.node("Div", centred, emitter.constant(deviation))
        half = emitter.node("Mul", emitter.node("Mul", apart, apart), emitter.constant(np.float64(-0.5)))
        logs = emitter.node("Sub", half, emitter.constant(np.log(deviation)))
        if self.shapes.num_raw == 1:
            logs = emitter.node("MatMul", logs, emitter.constant(np.array([[-1.0], [1.0]])))
        missing = emitter.node("IsNaN", numbers)
        return emitter.node("Where", missing, emitter.constant(np.float64(0)), logs)

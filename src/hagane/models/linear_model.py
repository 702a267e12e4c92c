"""A fitted linear model: a weight a dense feature, a weight a slot of each id and each sparse feature, an intercept.

Shapes: dense [n, d], ids [n, k] → raw [n, c] → scores [n] (regression) or [n, classes]. In the graph the ids cost three
nodes whatever k is: an addition of offsets, one look-up in the table [s, c], one sum. All sparse features together cost
one look-up, one product with the entries' weights and one sum by row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.special import expit, softmax

from hagane.explanation.explanation_facts import RawScale
from hagane.features.emit import Emitter, element_type
from hagane.features.emit_table_sums import emit_table_sums
from hagane.features.feature import Feature, FeatureKind
from hagane.features.graph_ports import SparsePort
from hagane.features.sparse_rows import SparseRows
from hagane.models.design import DenseMeasures, Design, slot_features, slot_offsets
from hagane.models.explained import ExplainedTensors, Explanation
from hagane.models.family import Array, Iteration
from hagane.models.linear_weights import linear_weights
from hagane.models.parameter_file import parameter_file
from hagane.models.sparse_graph import emit_entries, emit_row_sums
from hagane.models.sparse_matrix import sparse_matrix
from hagane.models.weight_errors import WeightErrors
from hagane.models.weights import ModelWeights, Scaling

Floats = npt.NDArray[np.float64]


class Coefficients(NamedTuple):
    """`dense` [d, c], `table` [s, c] (the id features' slots, then the sparse ones'), `intercept` [c]."""

    dense: Floats
    table: Floats
    intercept: Floats


class Columns(NamedTuple):
    """What a fit measured of its columns: `mean` and `deviation` [d] of the dense features, and how they were scaled.

    `centre` [d] was taken off the dense features, `scale` [w] divided every column; `free` [w] are those with weights.
    """

    mean: Floats
    deviation: Floats
    centre: Floats
    scale: Floats
    free: npt.NDArray[np.bool_]


class LinearAbout(msgspec.Struct):
    """What `Coefficients` that are kept are of."""

    link: str


class LinearModel:
    """Coefficients with a link: 'identity', 'sigmoid' (c = 1, two classes) or 'softmax'."""

    def __init__(
        self,
        *,
        family: str,
        features: tuple[Feature, ...],
        coefficients: Coefficients,
        link: str,
        spread: Floats,
        columns: Columns,
        errors: WeightErrors | None = None,
        curve: tuple[Iteration, ...],
        best_iteration: int,
    ) -> None:
        self.family = family
        self.features = features
        self.coefficients = coefficients
        self.curve = curve
        self.best_iteration = best_iteration
        self.columns = columns
        self.errors = errors
        """Of the weights, where they were asked for."""
        self._link = link
        self._spread = spread
        offsets, _ = slot_offsets(features)
        self._starts = offsets.tolist()
        num_ids = sum(feature.kind is FeatureKind.ID for feature in features)
        self._offsets, self._sparse_offsets = offsets[:num_ids], offsets[num_ids:].tolist()

    def predict(self, dense: Array | None, ids: Array | None, sparse: Sequence[SparseRows] = ()) -> Array:
        """Scores in float64, for dense [n, d], ids [n, k] and each sparse feature."""
        dense_weights, table, intercept = self.coefficients
        raw = intercept[None, :]
        if dense is not None and len(dense_weights):
            raw = raw + np.asarray(dense, np.float64) @ dense_weights
        if ids is not None and len(self._offsets):
            raw = raw + table[np.asarray(ids, np.int64) + self._offsets].sum(axis=1)
        if sparse:
            raw = raw + sparse_matrix(sparse, self._sparse_offsets, len(table)) @ table
        if self._link == "identity":
            return raw[:, 0]
        if self._link == "softmax":
            return np.asarray(softmax(raw, axis=1))
        return np.concatenate([expit(-raw), expit(raw)], axis=1)

    def emit(self, emitter: Emitter, dense: str | None, ids: str | None, sparse: Sequence[SparsePort] = ()) -> str:
        """Add the nodes; scores in float64."""
        return self.emit_link(emitter, self._emit_raw(emitter, dense, ids, sparse))

    def _emit_raw(self, emitter: Emitter, dense: str | None, ids: str | None, sparse: Sequence[SparsePort]) -> str:
        """[n, c]."""
        raw = emitter.constant(self.coefficients.intercept)
        if dense is not None and len(self.coefficients.dense):
            wide = emitter.node("Cast", dense, to=element_type(np.float64))
            raw = emitter.node("Add", emitter.node("MatMul", wide, emitter.constant(self.coefficients.dense)), raw)
        if ids is not None and len(self._offsets):
            raw = emitter.node(
                "Add", emit_table_sums(emitter, self.coefficients.table, ids, self._offsets.tolist()), raw
            )
        if sparse:
            entries = emit_entries(emitter, sparse, self._sparse_offsets)
            raw = emitter.node("Add", emit_row_sums(emitter, entries, self.coefficients.table), raw)
        return raw

    def emit_link(self, emitter: Emitter, raw: str) -> str:
        """Add what makes scores of raw scores [n, c]."""
        if self._link == "identity":
            return emitter.node("Reshape", raw, emitter.constant(np.array([-1], np.int64)))
        if self._link == "softmax":
            return emitter.node("Softmax", raw, axis=1)
        negative = emitter.node("Sigmoid", emitter.node("Neg", raw))
        return emitter.node("Concat", negative, emitter.node("Sigmoid", raw), axis=1)

    def emit_explained(
        self, emitter: Emitter, dense: str | None, ids: str | None, sparse: Sequence[SparsePort] = ()
    ) -> ExplainedTensors:
        """Add the raw scores, and the terms that they are sums of, [n, f · c], a feature's c terms side by side."""
        weights, table, _ = self.coefficients
        parts = []
        flat = emitter.constant(np.array([0, -1], np.int64))
        if dense is not None and len(weights):
            wide = emitter.node("Unsqueeze", emitter.node("Cast", dense, to=element_type(np.float64)), _last(emitter))
            parts.append(emitter.node("Reshape", emitter.node("Mul", wide, emitter.constant(weights)), flat))
        if ids is not None and len(self._offsets):
            slots = emitter.node("Add", ids, emitter.constant(self._offsets))
            parts.append(emitter.node("Reshape", emitter.node("Gather", emitter.constant(table), slots, axis=0), flat))
        ends = [*self._sparse_offsets, len(table)]
        for port, (first, end) in zip(sparse, pairwise(ends), strict=True):
            parts.append(emit_row_sums(emitter, emit_entries(emitter, [port], [0]), table[first:end]))
        columns = parts[0] if len(parts) == 1 else emitter.node("Concat", *parts, axis=1)
        return ExplainedTensors(columns, self._emit_raw(emitter, dense, ids, sparse))

    def explanation(self) -> Explanation:
        """Exact: the terms themselves."""
        num_raw = len(self.coefficients.intercept)
        scales: dict[str, RawScale] = {"identity": "value", "sigmoid": "log_odds", "softmax": "logit"}
        return Explanation(
            method="linear",
            raw_scale=scales[self._link],
            num_raw=num_raw,
            owners=tuple(np.repeat(np.arange(len(self.features)), num_raw).tolist()),
            tensors={"intercept": self.coefficients.intercept},
        )

    @property
    def rounding(self) -> float:
        """Of sums in another order: huge weights that nearly cancel (columns nearly collinear, no l2_reg) lose digits.

        A few roundings of each term, as large as it is in a row three deviations off.
        """
        dense, table, intercept = self.coefficients
        reach = np.abs(self.columns.mean) + 3 * self.columns.deviation
        largest = [np.abs(table[start:end]).max(initial=0) for start, end in pairwise([*self._starts, len(table)])]
        terms = float(np.abs(intercept).max(initial=0) + (reach @ np.abs(dense)).max(initial=0) + sum(largest))
        return 8 * float(np.finfo(np.float64).eps) * terms

    def importance(self) -> Mapping[str, float]:
        """How far the feature moves the raw score over the training rows: the largest deviation of its part over c."""
        return {feature.name: float(spread) for feature, spread in zip(self.features, self._spread, strict=True)}

    def parameters(self) -> Mapping[str, bytes]:
        """The coefficients, with which a later fit begins."""
        return parameter_file(self.coefficients._asdict(), LinearAbout(self._link))

    def weights(self, label: str, classes: Sequence[str], scalings: Mapping[str, Scaling]) -> ModelWeights:
        """The weights by feature, category and class, with their errors where these were asked for."""
        return linear_weights(self, label, classes, scalings)


def _last(emitter: Emitter) -> str:
    return emitter.constant(np.array([2], np.int64))


def columns_of(design: Design, measures: DenseMeasures) -> Columns:
    """What is known of the columns of the training rows."""
    scale, free = design.column_scale(), design.free_columns()
    return Columns(measures.mean, measures.deviation, design.mean, scale, free)


def spread_of(design: Design, coefficients: Coefficients, deviation: Floats, slot_weight: Floats) -> Floats:
    """[d + k + …] deviation, over the training rows, of what each feature adds to the raw score (largest over c).

    `deviation` [d] is the dense features' own, `slot_weight` [s] the weighted number of rows in each slot of the id
    features (what it holds for the sparse ones is not looked at: they are measured in a pass of their own).
    """
    parts = [np.abs(coefficients.dense).max(axis=1, initial=0) * deviation]
    features = slot_features(design.encoded.features)
    for feature, offset in zip(features, design.offsets, strict=True):
        if feature.kind is FeatureKind.ID:
            slots = slice(offset, offset + feature.cardinality)
            share, weights = slot_weight[slots], coefficients.table[slots]
            share = share / max(share.sum(), 1e-300)
            variance = share @ np.square(weights) - np.square(share @ weights)
            parts.append(np.sqrt(np.maximum(variance, 0)).max(keepdims=True))
    if any(feature.kind is FeatureKind.SPARSE for feature in features):
        parts.append(_spread_of_sparse(design, coefficients.table))
    return np.concatenate(parts)


def _spread_of_sparse(design: Design, table: Floats) -> Floats:
    """[sparse features] the same for the sparse features, in one pass over the rows."""
    ends = [
        (int(offset), int(offset) + feature.cardinality)
        for feature, offset in zip(slot_features(design.encoded.features), design.offsets, strict=True)
        if feature.kind is FeatureKind.SPARSE
    ]
    sums, squares = np.zeros((2, len(ends), table.shape[1]))
    total = 0.0
    for block in design.blocks():
        weight = np.ones(len(block.label)) if block.weight is None else block.weight
        total += float(weight.sum())
        for index, (first, end) in enumerate(ends):
            added = block.slots[:, first:end] @ table[first:end]
            sums[index] += weight @ added
            squares[index] += weight @ np.square(added)
    variance = squares / total - np.square(sums / total)
    spread: Floats = np.sqrt(np.maximum(variance, 0)).max(axis=1)
    return spread

"""A fitted linear model: a weight a dense feature, a weight a slot of each id feature, an intercept.

Shapes: dense [n, d], ids [n, k] → raw [n, c] → scores [n] (regression) or [n, classes]. In the graph the ids cost three
nodes whatever k is: an addition of offsets, one look-up in the table [s, c], one sum.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.special import expit, softmax

from hagane.features.emit import Emitter, element_type
from hagane.features.feature import Feature, FeatureKind
from hagane.models.design import id_offsets
from hagane.models.family import Array, Iteration
from hagane.models.options import FamilyOptions

Floats = npt.NDArray[np.float64]


class LinearOptions(FamilyOptions, frozen=True, kw_only=True):
    """What every linear family can be asked for."""

    l1_reg: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    l2_reg: Annotated[float, msgspec.Meta(ge=0)] = 1.0
    fit_intercept: bool = True


class Coefficients(NamedTuple):
    """`dense` [d, c], `table` [s, c] (the id features' slots one after another), `intercept` [c]."""

    dense: Floats
    table: Floats
    intercept: Floats


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
        curve: tuple[Iteration, ...],
        best_iteration: int,
    ) -> None:
        self.family = family
        self.features = features
        self.coefficients = coefficients
        self.curve = curve
        self.best_iteration = best_iteration
        self._link = link
        self._spread = spread
        self._offsets, _ = id_offsets(features)

    def predict(self, dense: Array | None, ids: Array | None) -> Array:
        """Scores in float64, for dense [n, d] and ids [n, k]."""
        dense_weights, table, intercept = self.coefficients
        raw = intercept[None, :]
        if dense is not None and len(dense_weights):
            raw = raw + np.asarray(dense, np.float64) @ dense_weights
        if ids is not None and len(self._offsets):
            raw = raw + table[np.asarray(ids, np.int64) + self._offsets].sum(axis=1)
        if self._link == "identity":
            return raw[:, 0]
        if self._link == "softmax":
            return np.asarray(softmax(raw, axis=1))
        return np.concatenate([expit(-raw), expit(raw)], axis=1)

    def emit(self, emitter: Emitter, dense: str | None, ids: str | None) -> str:
        """Add the nodes; scores in float64."""
        raw = emitter.constant(self.coefficients.intercept)
        if dense is not None and len(self.coefficients.dense):
            wide = emitter.node("Cast", dense, to=element_type(np.float64))
            raw = emitter.node("Add", emitter.node("MatMul", wide, emitter.constant(self.coefficients.dense)), raw)
        if ids is not None and len(self._offsets):
            slots = emitter.node("Add", ids, emitter.constant(self._offsets))
            weights = emitter.node("Gather", emitter.constant(self.coefficients.table), slots, axis=0)
            axis = emitter.constant(np.array([1], np.int64))
            raw = emitter.node("Add", emitter.node("ReduceSum", weights, axis, keepdims=0), raw)
        if self._link == "identity":
            return emitter.node("Reshape", raw, emitter.constant(np.array([-1], np.int64)))
        if self._link == "softmax":
            return emitter.node("Softmax", raw, axis=1)
        negative = emitter.node("Sigmoid", emitter.node("Neg", raw))
        return emitter.node("Concat", negative, emitter.node("Sigmoid", raw), axis=1)

    def importance(self) -> Mapping[str, float]:
        """How far the feature moves the raw score over the training rows: the largest deviation of its part over c."""
        return {feature.name: float(spread) for feature, spread in zip(self.features, self._spread, strict=True)}


def spread_of(
    features: tuple[Feature, ...], coefficients: Coefficients, deviation: Floats, slot_rows: Floats
) -> Floats:
    """[d + k] standard deviation, over the training rows, of what each feature adds to the raw score (largest over c).

    `deviation` [d] is the dense features' own, `slot_rows` [s] the number of rows in each slot.
    """
    dense = np.abs(coefficients.dense).max(axis=1, initial=0) * deviation
    parts = [dense]
    offsets, _ = id_offsets(features)
    sizes = [feature.cardinality for feature in features if feature.kind is FeatureKind.ID]
    for offset, size in zip(offsets, sizes, strict=True):
        rows, weights = slot_rows[offset : offset + size], coefficients.table[offset : offset + size]
        share = rows / max(rows.sum(), 1)
        variance = share @ np.square(weights) - np.square(share @ weights)
        parts.append(np.sqrt(np.maximum(variance, 0)).max(keepdims=True))
    return np.concatenate(parts)

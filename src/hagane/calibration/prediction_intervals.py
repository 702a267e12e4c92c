"""`PredictionIntervals`: bounds around a predicted number, in numpy and in the graph.

The bounds before the margin are the least and the greatest of the prediction and of what two quantile models say (of
the prediction alone where there are none); they are moved outwards by the margin, and never past the prediction.

Shapes: n rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np

from hagane.calibration.calibrator import Doubles
from hagane.calibration.conformal import conformal_margin
from hagane.features.emit import Emitter, element_type
from hagane.features.graph_ports import SparsePort
from hagane.features.sparse_rows import SparseRows
from hagane.models.family import Array, FittedModel


class IntervalsFit(msgspec.Struct, frozen=True, kw_only=True):
    """What was fitted and on what, for the lineage."""

    method: str
    level: float
    num_rows: int
    """Eval rows that the margin was taken from."""
    margin: float
    """By how much the bounds were moved outwards, in the label's unit."""


@dataclass(frozen=True, slots=True)
class PredictionIntervals:
    """Quantile models, if any, and a margin."""

    bounds: tuple[FittedModel, ...] = ()
    """None, or the models of the lower and of the upper quantile."""
    margin: float = 0.0

    def apply(
        self, values: Doubles, dense: Array | None, ids: Array | None, sparse: Sequence[SparseRows] = ()
    ) -> tuple[Doubles, Doubles]:
        """Lower and upper [n] around `values` [n], by the training path; the features as `FittedModel.predict`."""
        answers = [values, *(np.asarray(bound.predict(dense, ids, sparse), np.float64) for bound in self.bounds)]
        lower, upper = np.minimum.reduce(answers), np.maximum.reduce(answers)
        return np.minimum(lower - self.margin, values), np.maximum(upper + self.margin, values)

    def emit(
        self, emitter: Emitter, value: str, dense: str | None, ids: str | None, sparse: Sequence[SparsePort] = ()
    ) -> tuple[str, str]:
        """Add the same as nodes behind `value` [n] float64 and the features' tensors; the names of both bounds."""
        double = element_type(np.float64)
        bounds = [emitter.node("Cast", bound.emit(emitter, dense, ids, sparse), to=double) for bound in self.bounds]
        margin = emitter.constant(self.margin, np.float64)
        lower, upper = (emitter.node(op, value, *bounds) if bounds else value for op in ("Min", "Max"))
        below, above = emitter.node("Sub", lower, margin), emitter.node("Add", upper, margin)
        return emitter.node("Min", below, value), emitter.node("Max", above, value)

    def fitted(self, labels: Doubles, lower: Doubles, upper: Doubles, level: float) -> PredictionIntervals:
        """With the margin that held-out `labels` [n] ask for, given these bounds [n] of a margin of 0."""
        return replace(self, margin=conformal_margin(labels, lower, upper, level))

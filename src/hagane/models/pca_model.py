"""`PcaModel`: the components of a PCA, and what follows from them.

Shapes: n rows, w columns of the feature space, p components.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.bundle.output_column import OutputColumn
from hagane.features.emit import Emitter
from hagane.features.feature import Feature
from hagane.features.graph_ports import SparsePort
from hagane.features.sparse_rows import SparseRows
from hagane.metrics.undefined import Value, ratio
from hagane.models.design import DesignBlock
from hagane.models.emit_products import emit_products
from hagane.models.family import Array, EmittedOutputs, Iteration
from hagane.models.feature_space import FeatureSpace
from hagane.models.parameter_file import parameter_file
from hagane.types import SqlType

Floats = npt.NDArray[np.float64]


class PcaAbout(msgspec.Struct, frozen=True, kw_only=True):
    """What the arrays that are kept are of."""

    total_variance: float
    num_rows: int


class PcaModel:
    """Orthonormal directions, by the variance along each."""

    family = "pca"
    best_iteration = 1

    def __init__(
        self,
        *,
        space: FeatureSpace,
        centre: Floats,
        components: Floats,
        eigenvalues: Floats,
        about: PcaAbout,
        anomaly_quantiles: Floats,
        curve: tuple[Iteration, ...] = (),
    ) -> None:
        self.space = space
        self.centre = centre
        """[w] what is taken off points before they are projected."""
        self.components = components
        """[p, w], each of length 1; its largest entry is positive."""
        self.eigenvalues = eigenvalues
        """[p] the variance along each, falling."""
        self.about = about
        self.anomaly_quantiles = anomaly_quantiles
        """Of `mean_squared_errors` of the training rows: `score_quantiles.upper_quantiles`."""
        self.curve = curve

    @property
    def explained_variance_ratio(self) -> Floats:
        """[p] the share of all variance along each."""
        return self.eigenvalues / max(self.about.total_variance, 1e-300)

    @property
    def output_columns(self) -> tuple[OutputColumn, ...]:
        """A number for each component."""
        names = (f"principal_component_{number}" for number in range(1, len(self.components) + 1))
        return tuple(OutputColumn(name=name, type=SqlType.FLOAT64) for name in names)

    def predict(self, dense: Array | None, ids: Array | None, sparse: Sequence[SparseRows] = ()) -> Array:
        """[n, p] the rows' coordinates along the components."""
        return self.project(self.space.block(dense, ids, sparse))

    def project(self, block: DesignBlock) -> Floats:
        """The same of points."""
        return block.times(self.components.T) - self.components @ self.centre

    def residuals(self, block: DesignBlock) -> tuple[Floats, Floats]:
        """Points [n, w] as the components give them back, and what is left: point less that."""
        points = np.hstack([block.dense, block.slots.toarray()])
        restored = self.project(block) @ self.components + self.centre
        return restored, points - restored

    def mean_squared_errors(self, block: DesignBlock) -> Floats:
        """[n] of each row: what the components leave of it, squared, over the number of features.

        A category of any number of columns counts as one, as in what BigQuery ML printed of ML.DETECT_ANOMALIES.
        """
        return self.squared_errors(block) / len(self.space.features)

    def squared_errors(self, block: DesignBlock) -> Floats:
        """[n] the squared length of what the components leave of each row.

        By the lengths of point and projection, but where these nearly cancel: a category is never spelled out.
        """
        scores = self.project(block)
        centred = block.dense - self.centre[: self.space.num_dense]
        slots = self.centre[self.space.num_dense :]
        squares = np.square(centred).sum(axis=1) + (slots @ slots)
        squares += block.slots.power(2).sum(axis=1) - 2 * (block.slots @ slots)
        left = squares - np.square(scores).sum(axis=1)
        close = np.flatnonzero(left < 1e-6 * squares)
        for start in range(0, len(close), 4096):
            rows = close[start : start + 4096]
            part = DesignBlock(block.dense[rows], block.slots[rows], block.label[rows], None)
            left[rows] = np.square(self.residuals(part)[1]).sum(axis=1)
        return np.asarray(np.maximum(left, 0.0))

    def emit(self, emitter: Emitter, dense: str | None, ids: str | None, sparse: Sequence[SparsePort] = ()) -> str:
        """[n, p] float64."""
        numbers = self.space.emit_numbers(emitter, dense)
        products = emit_products(emitter, self.space, self.components.T.copy(), numbers=numbers, ids=ids, sparse=sparse)
        scores = emitter.constant(-(self.components @ self.centre)[None, :])
        for part in products:
            scores = emitter.node("Add", part, scores) if part else scores
        return scores

    def emit_outputs(
        self, emitter: Emitter, dense: str | None, ids: str | None, sparse: Sequence[SparsePort] = ()
    ) -> EmittedOutputs:
        """Each column of the scores by itself."""
        scores = self.emit(emitter, dense, ids, sparse)
        columns = {
            column.tensors[0]: emitter.node("Gather", scores, emitter.constant(place, np.int64), axis=1)
            for place, column in enumerate(self.output_columns)
        }
        return EmittedOutputs(scores, columns)

    def importance(self) -> Mapping[str, float]:
        """The variance of each feature that the components keep."""
        by_column = self.eigenvalues @ np.square(self.components)
        sums = np.bincount(self.space.owners, by_column, len(self.space.features))
        return {feature.name: float(value) for feature, value in zip(self.space.features, sums, strict=True)}

    def parameters(self) -> Mapping[str, bytes]:
        """All of it."""
        arrays = {
            **self.space.arrays(),
            "centre": self.centre,
            "components": self.components,
            "eigenvalues": self.eigenvalues,
            "anomaly_quantiles": self.anomaly_quantiles,
        }
        return parameter_file(arrays, self.about)

    @classmethod
    def of(
        cls, features: tuple[Feature, ...], arrays: Mapping[str, npt.NDArray[np.generic]], about: PcaAbout
    ) -> PcaModel:
        """The inverse of `parameters`."""
        names = ("centre", "components", "eigenvalues", "anomaly_quantiles")
        centre, components, eigenvalues, quantiles = (np.asarray(arrays[name], np.float64) for name in names)
        return cls(
            space=FeatureSpace.of(features, arrays),
            centre=centre,
            components=components,
            eigenvalues=eigenvalues,
            about=about,
            anomaly_quantiles=quantiles,
        )

    def measurement(self) -> PcaMeasurement:
        """How much of the variance of rows the components keep."""
        return PcaMeasurement(self)


class PcaMeasurement:
    """Squares of points and of what is left of them."""

    baseline_meaning = "has no component: it keeps nothing but the mean"

    def __init__(self, model: PcaModel) -> None:
        self._model = model
        self._total = self._left = 0.0

    def add(self, dense: Array, ids: Array, sparse: Sequence[SparseRows] = ()) -> None:
        """Take rows in."""
        model = self._model
        block = model.space.block(dense, ids, sparse)
        self._left += float(model.squared_errors(block).sum())
        centred = block.dense - model.centre[: model.space.num_dense]
        slots = model.centre[model.space.num_dense :]
        self._total += float(np.square(centred).sum() + len(block.label) * (slots @ slots))
        self._total += float(block.slots.power(2).sum() - 2 * (block.slots @ slots).sum())

    def metrics(self) -> dict[str, Value]:
        """1 − what is left of the squares, over the squares: on the training rows the sum of the components' ratios."""
        share = ratio(self._total - self._left, self._total, "the rows do not vary")
        return {"total_explained_variance_ratio": share}

    def baseline(self) -> dict[str, Value]:
        """Nothing."""
        return {"total_explained_variance_ratio": 0.0}

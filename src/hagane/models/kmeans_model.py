"""`KMeansModel`: the centroids of a clustering, and how far rows lie from them.

Shapes: n rows, w columns of the feature space, k clusters, m = min(k, 5) centroids that are told of each row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.bundle.output_column import OutputColumn
from hagane.features.emit import Emitter
from hagane.features.feature import Feature
from hagane.features.graph_ports import SparsePort
from hagane.features.sparse_rows import SparseRows
from hagane.metrics.davies_bouldin import davies_bouldin_index
from hagane.metrics.undefined import NO_ROWS, Undefined, Value
from hagane.models.clusters import cosine_distances, directions, squared_distances
from hagane.models.design import DesignBlock
from hagane.models.emit_nearest import emit_nearest
from hagane.models.family import Array, EmittedOutputs, Iteration
from hagane.models.feature_space import FeatureSpace
from hagane.models.parameter_file import parameter_file
from hagane.types import Column, SqlType

Floats = npt.NDArray[np.float64]
DistanceType = Literal["euclidean", "cosine"]
MOST_TOLD = 5
CENTROID_ID, DISTANCE, NEAREST = "CENTROID_ID", "DISTANCE", "NEAREST_CENTROIDS_DISTANCE"
"""BigQuery ML's names of what ML.PREDICT answers."""


class KMeansAbout(msgspec.Struct, frozen=True, kw_only=True):
    """What the arrays that are kept are of."""

    distance_type: DistanceType


class KMeansModel:
    """Centroids in the space of standardised features, counted from 1."""

    family = "kmeans"

    def __init__(
        self,
        *,
        space: FeatureSpace,
        centroids: Floats,
        counts: Floats,
        radii: Floats,
        distance_type: DistanceType,
        anomaly_quantiles: Floats,
        curve: tuple[Iteration, ...] = (),
        best_iteration: int = 0,
    ) -> None:
        self.space = space
        self.centroids = centroids
        """[k, w]."""
        self.counts = counts
        """[k] training rows of each cluster, weighted as the rows are."""
        self.radii = radii
        """[k] root mean squared distance of these to their centroid."""
        self.distance_type = distance_type
        self.anomaly_quantiles = anomaly_quantiles
        """Of `normalized_distances` of the training rows: `score_quantiles.upper_quantiles`."""
        self.curve = curve
        self.best_iteration = best_iteration

    @property
    def is_cosine(self) -> bool:
        """Whether distances are those of directions."""
        return self.distance_type == "cosine"

    @property
    def num_told(self) -> int:
        """m."""
        return min(len(self.centroids), MOST_TOLD)

    @property
    def output_columns(self) -> tuple[OutputColumn, ...]:
        """The nearest centroid, and the m nearest with their distances."""
        pair = (Column(CENTROID_ID, SqlType.INT64), Column(DISTANCE, SqlType.FLOAT64))
        return OutputColumn(name=CENTROID_ID, type=SqlType.INT64), OutputColumn(name=NEAREST, fields=pair)

    def predict(self, dense: Array | None, ids: Array | None, sparse: Sequence[SparseRows] = ()) -> Array:
        """[n, m] the distances to the nearest centroids, rising."""
        distances = self.distances(self.space.block(dense, ids, sparse))
        return np.sort(distances, axis=1)[:, : self.num_told]

    def distances(self, block: DesignBlock) -> Floats:
        """[n, k] of points to each centroid."""
        if self.is_cosine:
            return cosine_distances(block, self.centroids)
        numbers = [np.full(len(block.label), each) for each in range(len(self.centroids))]
        return np.sqrt(np.stack([squared_distances(block, self.centroids, each) for each in numbers], axis=1))

    def normalized_distances(self, block: DesignBlock) -> tuple[Floats, npt.NDArray[np.int64]]:
        """[n] the least distance in radii of the cluster, and [n] the cluster from 0 that it is to.

        A cluster whose rows all lie on its centroid has no radius: whatever lies off it is infinitely far.
        """
        distances = self.distances(block)
        with np.errstate(divide="ignore", invalid="ignore"):
            relative = np.where(distances == 0, 0.0, distances / self.radii)
        nearest = relative.argmin(axis=1)
        return relative[np.arange(len(nearest)), nearest], nearest

    def distances_between(self) -> Floats:
        """[k, k] of the centroids to each other."""
        if self.is_cosine:
            units = directions(self.centroids)
            return np.asarray(np.clip(1.0 - units @ units.T, 0.0, 2.0))
        return np.asarray(np.sqrt(np.square(self.centroids[:, None, :] - self.centroids[None, :, :]).sum(axis=2)))

    def emit(self, emitter: Emitter, dense: str | None, ids: str | None, sparse: Sequence[SparsePort] = ()) -> str:
        """[n, m] float64."""
        return self.emit_outputs(emitter, dense, ids, sparse).scores

    def emit_outputs(
        self, emitter: Emitter, dense: str | None, ids: str | None, sparse: Sequence[SparsePort] = ()
    ) -> EmittedOutputs:
        """The numbers of the m nearest, from 1, and their distances."""
        centroids = directions(self.centroids) if self.is_cosine else self.centroids
        numbers = self.space.emit_numbers(emitter, dense)
        nearest = emit_nearest(
            emitter, self.space, centroids, numbers=numbers, ids=ids, sparse=sparse,
            most=self.num_told, is_cosine=self.is_cosine,
        )  # fmt: skip
        ranked = emitter.node("Add", nearest.places, emitter.constant(1, np.int64))
        first = emitter.node("Gather", ranked, emitter.constant(0, np.int64), axis=1)
        own, told = self.output_columns
        columns = {
            own.values[""]: first,
            told.values[CENTROID_ID]: ranked,
            told.values[DISTANCE]: nearest.distances,
        }
        return EmittedOutputs(nearest.distances, columns)

    def importance(self) -> Mapping[str, float]:
        """How far apart the clusters lie along each feature: the variance between them."""
        share = self.counts / max(float(self.counts.sum()), 1e-300)
        spread = share @ np.square(self.centroids - share @ self.centroids)
        sums = np.bincount(self.space.owners, spread, len(self.space.features))
        return {feature.name: float(value) for feature, value in zip(self.space.features, sums, strict=True)}

    def parameters(self) -> Mapping[str, bytes]:
        """All of it."""
        arrays = {
            **self.space.arrays(),
            "centroids": self.centroids,
            "counts": self.counts,
            "radii": self.radii,
            "anomaly_quantiles": self.anomaly_quantiles,
        }
        return parameter_file(arrays, KMeansAbout(distance_type=self.distance_type))

    @classmethod
    def of(
        cls, features: tuple[Feature, ...], arrays: Mapping[str, npt.NDArray[np.generic]], about: KMeansAbout
    ) -> KMeansModel:
        """The inverse of `parameters`."""
        names = ("centroids", "counts", "radii", "anomaly_quantiles")
        centroids, counts, radii, quantiles = (np.asarray(arrays[name], np.float64) for name in names)
        return cls(
            space=FeatureSpace.of(features, arrays),
            centroids=centroids,
            counts=counts,
            radii=radii,
            distance_type=about.distance_type,
            anomaly_quantiles=quantiles,
        )

    def measurement(self) -> KMeansMeasurement:
        """How tight the clusters of rows are, and how far apart."""
        return KMeansMeasurement(self)


class KMeansMeasurement:
    """Sums over rows, by the centroid that each is nearest to."""

    baseline_meaning = "has one cluster: all rows, around their mean in training"

    def __init__(self, model: KMeansModel) -> None:
        self._model = model
        k = len(model.centroids)
        self._counts, self._squares = np.zeros(k), np.zeros(k)
        share = model.counts / max(float(model.counts.sum()), 1e-300)
        self._mean = (share @ model.centroids)[None, :]
        self._around_mean = 0.0

    def add(self, dense: Array, ids: Array, sparse: Sequence[SparseRows] = ()) -> None:
        """Take rows in."""
        model = self._model
        block = model.space.block(dense, ids, sparse)
        distances = model.distances(block)
        nearest = distances.argmin(axis=1)
        own = distances[np.arange(len(nearest)), nearest]
        self._counts += np.bincount(nearest, minlength=len(self._counts))
        self._squares += np.bincount(nearest, np.square(own), len(self._counts))
        if model.is_cosine:
            self._around_mean += float(np.square(cosine_distances(block, self._mean)).sum())
        else:
            first = np.zeros(len(nearest), np.int64)
            self._around_mean += float(squared_distances(block, self._mean, first).sum())

    def metrics(self) -> dict[str, Value]:
        """Davies–Bouldin of the clusters that have rows, and the mean squared distance.

        As BigQuery ML the index takes the root mean squared distance of a cluster's rows to its centroid for its
        spread, and the model's own centroids, whatever rows are judged.
        """
        total = self._counts.sum()
        if not total:
            return {"davies_bouldin_index": NO_ROWS, "mean_squared_distance": NO_ROWS}
        there = self._counts > 0
        spread = np.sqrt(self._squares[there] / self._counts[there])
        index = davies_bouldin_index(spread, self._model.distances_between()[np.ix_(there, there)])
        return {"davies_bouldin_index": index, "mean_squared_distance": float(self._squares.sum() / total)}

    def baseline(self) -> dict[str, Value]:
        """Of one cluster: an index needs two."""
        total = self._counts.sum()
        mean: Value = self._around_mean / float(total) if total else NO_ROWS
        return {"davies_bouldin_index": Undefined("there is one cluster"), "mean_squared_distance": mean}

"""KMEANS: Lloyd's algorithm over rows that need not fit in memory.

Rows are points of `models.feature_space`: numbers standardised, categories as columns of 0 and 1. What is minimised is
Σ g · distance² over the rows, each with its weight g and its distance to the nearest centroid; with the distances of a
cosine Σ g · distance, whose best centroids are means of rows at length 1 (Dhillon and Modha 2001, "Concept
Decompositions for Large Sparse Text Data Using Clustering").
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.errors import Fault, SpecError, TrainingError
from hagane.features.encoded import Encoded
from hagane.features.feature import Feature, FeatureKind
from hagane.models.clusters import assign
from hagane.models.design import Design, slot_features
from hagane.models.family import ClusterInfo, FitContext, Task
from hagane.models.feature_space import FeatureSpace
from hagane.models.first_centroids import marked_centroids, random_centroids, spread_centroids
from hagane.models.kmeans_model import KMeansAbout, KMeansModel
from hagane.models.lloyd import Lloyd, LloydState
from hagane.models.options import FamilyOptions
from hagane.models.parameter_file import read_parameters
from hagane.models.score_quantiles import upper_quantiles
from hagane.models.solvers.iterate import Outcome, Watched, iterate
from hagane.models.training_data import require_rows_and_features
from hagane.models.warm_start import FRESH, WarmStart
from hagane.training.early_stopping import EarlyStopping

Floats = npt.NDArray[np.float64]
FEWEST, MOST = 2, 100
"""Clusters, where their number follows from that of the rows."""


class KMeansOptions(FamilyOptions, frozen=True, kw_only=True):
    """Options of `kmeans`. Names are BigQuery ML's where it has one."""

    num_clusters: Annotated[int, msgspec.Meta(ge=1, le=10_000)] | None = None
    """None: log10 of the training rows, at least 2 and at most 100."""
    kmeans_init_method: Literal["random", "kmeans++", "custom"] = "kmeans++"
    kmeans_init_col: str | None = None
    """Of `custom`: a BOOL column that is TRUE in as many rows as there are clusters."""
    num_starts: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 3
    """Of `kmeans++`: how often centroids are spread anew; the best start is gone on with."""
    distance_type: Literal["euclidean", "cosine"] = "euclidean"
    standardize_features: bool = True
    """Whether numbers are divided by their standard deviation."""
    max_iterations: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 300
    early_stop: bool = True
    """Whether an iteration that gains less than `min_rel_progress` is the last; else only one that moves nothing is."""
    min_rel_progress: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 1e-4
    """A fall of the loss by this share."""

    shaping = ("num_clusters", "distance_type")

    def cross_faults(self) -> Sequence[Fault]:
        """A column of initial centroids, and the method that reads it."""
        if (self.kmeans_init_method == "custom") == (self.kmeans_init_col is not None):
            return ()
        what = "kmeans_init_method 'custom' and kmeans_init_col belong together: the column marks the first centroids"
        return (Fault(what=what, where="model.options.kmeans_init_col", expected="both, or neither"),)

    @property
    def marks(self) -> tuple[str, ...]:
        """The column of initial centroids."""
        return (self.kmeans_init_col,) if self.kmeans_init_col else ()

    def for_rows(self, num_rows: int) -> KMeansOptions:
        """With the number of clusters."""
        if self.num_clusters is not None:
            return self
        return msgspec.structs.replace(self, num_clusters=default_clusters(num_rows))


def default_clusters(num_rows: int) -> int:
    """BigQuery ML's default of NUM_CLUSTERS.

    >>> default_clusters(90), default_clusters(1_000_000)
    (2, 6)
    """
    return min(MOST, max(FEWEST, round(math.log10(max(num_rows, 1)))))


class KMeans:
    """k-means clustering."""

    name = "kmeans"
    task = Task.CLUSTERING
    Options = KMeansOptions
    dense_dtype = np.float64
    accepts_missing = True
    scales = False
    corrects_prior = False
    relative_tolerance = 1e-7

    def fit(
        self, train: Encoded, evaluation: Encoded | None, options: msgspec.Struct, context: FitContext
    ) -> KMeansModel:
        """Iterate. Raises TrainingError for fewer rows than clusters, PreemptedError when told to end."""
        assert isinstance(options, KMeansOptions)
        require_rows_and_features(train)
        options = options.for_rows(train.num_rows)
        _require_rows(train, options)
        is_cosine = options.distance_type == "cosine"
        space = FeatureSpace.measure(train, scales=options.standardize_features)
        design = space.design(train, context)
        first = _first_centroids(train, space, options, context)
        method = Lloyd(
            design, first, is_cosine=is_cosine, min_rel_progress=options.min_rel_progress if options.early_stop else 0.0
        )
        watched = Watched(
            lambda state: state.loss,
            _eval_loss(space, evaluation, len(first), context, is_cosine=is_cosine),
            EarlyStopping(patience=1, min_rel_progress=0.0, enabled=False),
            clusters=cluster_info,
        )
        total = options.max_iterations
        with context.progress.phase("train", total=total, unit="iterations", at_most=True) as phase:
            outcome = iterate(method, watched, most=total, context=context, phase=phase, num_rows=train.num_rows)
        return _model(space, design, outcome, options)

    def restore(self, parameters: Mapping[str, bytes], features: tuple[Feature, ...]) -> KMeansModel:
        """The model of a bundle."""
        start = WarmStart(reference=self.name, digest="", parameters=parameters, features=features)
        arrays, about = read_parameters(start, KMeansAbout)
        return KMeansModel.of(features, arrays, about)


def cluster_info(state: LloydState) -> tuple[ClusterInfo, ...]:
    """The clusters of a state."""
    radii = _radii(state.counts, state.squares)
    return tuple(
        ClusterInfo(centroid_id=number, cluster_radius=float(radius), cluster_size=float(count))
        for number, (radius, count) in enumerate(zip(radii, state.counts, strict=True), 1)
    )


def _radii(counts: Floats, squares: Floats) -> Floats:
    """[k] root mean squared distance; 0 where there are no rows."""
    return np.sqrt(np.divide(squares, counts, out=np.zeros_like(squares), where=counts > 0))


def _require_rows(train: Encoded, options: KMeansOptions) -> None:
    assert options.num_clusters is not None
    if options.num_clusters > train.num_rows:
        raise TrainingError(
            Fault(
                what="there are more clusters than training rows",
                where="model.options.num_clusters",
                expected=f"at most {train.num_rows:,}",
                received=f"{options.num_clusters:,}",
            )
        )


def _first_centroids(train: Encoded, space: FeatureSpace, options: KMeansOptions, context: FitContext) -> Floats:
    assert options.num_clusters is not None
    if context.warm_start is not None:
        return _earlier_centroids(context.warm_start, space, options)
    if options.kmeans_init_col is not None:
        return marked_centroids(train, space, options.num_clusters, options.kmeans_init_col)
    if options.kmeans_init_method == "random":
        return random_centroids(train, space, options.num_clusters, context)
    is_cosine = options.distance_type == "cosine"
    return spread_centroids(
        train, space, options.num_clusters, context, num_starts=options.num_starts, is_cosine=is_cosine
    )


def _earlier_centroids(start: WarmStart, space: FeatureSpace, options: KMeansOptions) -> Floats:
    """[k, w] those of an earlier model, in this space: numbers by their names, slots by what they stand for.

    Raises SpecError where it has another number of clusters.
    """
    arrays, about = read_parameters(start, KMeansAbout)
    earlier = KMeansModel.of(start.features, arrays, about)
    if len(earlier.centroids) != options.num_clusters:
        what = f"{start.reference} has another number of clusters"
        received = f"{len(earlier.centroids):,}"
        raise SpecError(
            Fault(what=what, where="model.options.num_clusters", expected=received, received=str(options.num_clusters))
        )
    d = earlier.space.num_dense
    raw = earlier.centroids[:, :d] * earlier.space.scale + earlier.space.mean
    places = np.array(start.places(space.features, FeatureKind.DENSE), np.int64)
    known = places != FRESH
    found = np.zeros((len(raw), space.num_columns))
    found[:, : space.num_dense][:, known] = (raw[:, places[known]] - space.mean[known]) / space.scale[known]
    starts = dict(zip((feature.name for feature in slot_features(start.features)), earlier.space.offsets, strict=True))
    for feature, offset in zip(slot_features(space.features), space.offsets, strict=True):
        sources = start.slots(feature)
        there = np.flatnonzero(sources != FRESH)
        columns = d + starts.get(feature.name, 0) + sources[there]
        found[:, space.num_dense + offset + there] = earlier.centroids[:, columns]
    return found


def _eval_loss(
    space: FeatureSpace, evaluation: Encoded | None, num_clusters: int, context: FitContext, *, is_cosine: bool
) -> Callable[[Floats], float] | None:
    if evaluation is None or not evaluation.num_rows:
        return None
    design = space.design(evaluation, context, cache_bytes=context.memory.cache_bytes // 2)

    def measured(point: Floats) -> float:
        return assign(design.blocks(), point.reshape(num_clusters, -1), is_cosine=is_cosine).loss

    return measured


def _model(space: FeatureSpace, design: Design, outcome: Outcome, options: KMeansOptions) -> KMeansModel:
    last = outcome.curve[-1]
    model = KMeansModel(
        space=space,
        centroids=outcome.point.reshape(options.num_clusters or 1, -1),
        counts=np.array([each.cluster_size for each in last.cluster_info]),
        radii=np.array([each.cluster_radius for each in last.cluster_info]),
        distance_type=options.distance_type,
        anomaly_quantiles=np.zeros(0),
        curve=outcome.curve,
        best_iteration=outcome.best_iteration,
    )
    model.anomaly_quantiles = upper_quantiles(model.normalized_distances(block)[0] for block in design.blocks())
    return model

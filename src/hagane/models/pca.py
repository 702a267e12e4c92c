"""PCA: the directions along which rows vary most, out of core.

The eigenvectors of C = Σ g (x − c)(x − c)ᵀ / (Σ g − 1) over the rows x of the feature space (`models.feature_space`),
each with its weight g. Numbers have mean 0 there; what is taken off a category's column, c, is its share of the rows,
or nothing (`center_categories`), as BigQuery ML has it, whose eigenvalues are those of uncentred categories.

The solver `full` accumulates C in one pass. `randomized` never forms it: Halko, Martinsson and Tropp 2011, "Finding
Structure with Randomness", algorithm 4.4, with C applied by a pass over the rows each time.

An eigenvector's sign is free: here its entry of the largest magnitude is positive, as in scikit-learn.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import msgspec
import numpy as np
import numpy.typing as npt
import scipy.linalg

from hagane.errors import Fault, TrainingError
from hagane.features.encoded import Encoded
from hagane.features.feature import Feature
from hagane.models.design import Design
from hagane.models.family import FitContext, Iteration, Task
from hagane.models.feature_space import FeatureSpace
from hagane.models.moments import Moments, measure_moments
from hagane.models.options import FamilyOptions
from hagane.models.parameter_file import read_parameters
from hagane.models.pca_model import PcaAbout, PcaModel
from hagane.models.score_quantiles import upper_quantiles
from hagane.models.tell_iteration import tell_iteration
from hagane.models.training_data import require_rows_and_features
from hagane.models.warm_start import WarmStart

Floats = npt.NDArray[np.float64]
FULL_COLUMNS = 2_000
"""More columns are solved for at random, where it is left open and the number of components is given."""
OVERSAMPLING, POWER_ITERATIONS = 16, 7


class PcaOptions(FamilyOptions, frozen=True, kw_only=True):
    """Options of `pca`: one of the first two is needed. Names are BigQuery ML's where it has one."""

    num_principal_components: Annotated[int, msgspec.Meta(ge=1, le=10_000)] | None = None
    pca_explained_variance_ratio: Annotated[float, msgspec.Meta(gt=0, lt=1)] | None = None
    """As many components as keep this share of the variance."""
    scale_features: bool = True
    """Whether numbers are divided by their standard deviation."""
    center_categories: bool = True
    """Whether the columns of categories have mean 0, too, so that eigenvalues are variances."""
    pca_solver: Literal["auto", "full", "randomized"] = "auto"

    def cross_faults(self) -> Sequence[Fault]:
        """Exactly one says how many components there are."""
        given = [self.num_principal_components is not None, self.pca_explained_variance_ratio is not None]
        place = "model.options.num_principal_components"
        if sum(given) != 1:
            what = "pca needs the number of components, or the share of the variance that they are to keep"
            what = what if not any(given) else "the number of components is said twice"
            expected = "num_principal_components or pca_explained_variance_ratio, and not both"
            return (Fault(what=what, where=place, expected=expected),)
        if self.pca_solver == "randomized" and given[1]:
            what, step = "a randomized solver finds a number of components, not a share of the variance", "name one"
            return (Fault(what=what, where="model.options.pca_solver", expected="full", next_step=step),)
        return ()


class Pca:
    """Principal component analysis."""

    name = "pca"
    task = Task.DIMENSIONALITY_REDUCTION
    Options = PcaOptions
    dense_dtype = np.float64
    accepts_missing = True
    scales = False
    corrects_prior = False
    relative_tolerance = 1e-9

    def fit(self, train: Encoded, evaluation: Encoded | None, options: msgspec.Struct, context: FitContext) -> PcaModel:
        """Solve. Raises TrainingError for fewer columns than components, PreemptedError when told to end."""
        assert isinstance(options, PcaOptions)
        require_rows_and_features(train)
        begun = time.perf_counter()
        with context.progress.phase("train", total=None, unit="rows") as phase:
            space = FeatureSpace.measure(train, scales=options.scale_features)
            _require_columns(space, train, options)
            design = space.design(train, context)
            is_full = _is_full(space, options)
            moments = measure_moments(design, 0.0, with_gram=is_full)
            centre = _centre(moments, space, options)
            solve = _solve_full if is_full else _solve_randomized
            eigenvalues, vectors = solve(design, moments, centre, options, context)
            phase.advance(train.num_rows)
        total = float(_variances(moments, centre).sum())
        kept = _num_kept(eigenvalues, total, options)
        components = _signed(vectors[:, :kept].T)
        about = PcaAbout(total_variance=total, num_rows=train.num_rows)
        model = PcaModel(
            space=space, centre=centre, components=components, eigenvalues=eigenvalues[:kept], about=about,
            anomaly_quantiles=np.zeros(0),
        )  # fmt: skip
        model.anomaly_quantiles = upper_quantiles(model.mean_squared_errors(block) for block in design.blocks())
        loss = max(total - float(model.eigenvalues.sum()), 0.0)
        held_out = evaluation if evaluation is not None and evaluation.num_rows else None
        eval_loss = None if held_out is None else _left(model, held_out, context)
        only = Iteration(iteration=1, loss=loss, eval_loss=eval_loss, duration_ms=1000 * (time.perf_counter() - begun))
        model.curve = (only,)
        tell_iteration(context.progress, only, num_rows=train.num_rows, max_iterations=1, best_iteration=1)
        return model

    def restore(self, parameters: Mapping[str, bytes], features: tuple[Feature, ...]) -> PcaModel:
        """The model of a bundle."""
        start = WarmStart(reference=self.name, digest="", parameters=parameters, features=features)
        arrays, about = read_parameters(start, PcaAbout)
        return PcaModel.of(features, arrays, about)


def _require_columns(space: FeatureSpace, train: Encoded, options: PcaOptions) -> None:
    most = min(space.num_dense + int(space.kept.sum()), train.num_rows)
    wanted = options.num_principal_components or 1
    if wanted > most:
        raise TrainingError(
            Fault(
                what="there are more components than rows or columns to make them of",
                where="model.options.num_principal_components",
                expected=f"at most {most:,}",
                received=f"{wanted:,}",
            )
        )


def _is_full(space: FeatureSpace, options: PcaOptions) -> bool:
    if options.pca_solver == "auto":
        few = (options.num_principal_components or space.num_columns) * 5 < space.num_columns
        return space.num_columns <= FULL_COLUMNS or not few
    return options.pca_solver == "full"


def _centre(moments: Moments, space: FeatureSpace, options: PcaOptions) -> Floats:
    """[w] what is taken off each column."""
    centre = moments.sums / moments.total
    if not options.center_categories:
        centre[space.num_dense :] = 0.0
    return centre


def _freedom(moments: Moments) -> float:
    return max(moments.total - 1.0, 1.0)


def _variances(moments: Moments, centre: Floats) -> Floats:
    """[w] the diagonal of C."""
    squares = moments.squares - 2 * moments.sums * centre + moments.total * np.square(centre)
    return np.maximum(squares, 0.0) / _freedom(moments)


def _solve_full(
    design: Design, moments: Moments, centre: Floats, options: PcaOptions, context: FitContext
) -> tuple[Floats, Floats]:
    """Eigenvalues, falling, and eigenvectors [w, …] of C; as many as may be asked for."""
    assert moments.gram is not None
    mixed = np.outer(moments.sums, centre)
    covariance = moments.gram - mixed - mixed.T + moments.total * np.outer(centre, centre)
    w = len(centre)
    first = 0 if options.num_principal_components is None else max(0, w - options.num_principal_components)
    values, vectors = scipy.linalg.eigh(covariance / _freedom(moments), subset_by_index=[first, w - 1])
    return np.maximum(values[::-1], 0.0), vectors[:, ::-1]


def _solve_randomized(
    design: Design, moments: Moments, centre: Floats, options: PcaOptions, context: FitContext
) -> tuple[Floats, Floats]:
    """The same without C: its action on a few columns, made orthonormal again after each pass over the rows."""
    assert options.num_principal_components is not None
    width = min(options.num_principal_components + OVERSAMPLING, len(centre))
    basis = np.random.default_rng(context.seed).normal(size=(len(centre), width))
    for _ in range(POWER_ITERATIONS):
        basis, _ = np.linalg.qr(_applied(design, moments, centre, basis))
    small = basis.T @ _applied(design, moments, centre, basis)
    values, vectors = np.linalg.eigh((small + small.T) / 2)
    return np.maximum(values[::-1], 0.0), basis @ vectors[:, ::-1]


def _applied(design: Design, moments: Moments, centre: Floats, columns: Floats) -> Floats:
    """C times `columns` [w, l], in one pass."""
    shift = centre @ columns
    total = np.zeros_like(columns)
    for block in design.blocks():
        product = block.weighted(block.times(columns) - shift)
        total += block.transposed_times(product) - np.outer(centre, product.sum(axis=0))
    return total / _freedom(moments)


def _num_kept(eigenvalues: Floats, total: float, options: PcaOptions) -> int:
    if options.num_principal_components is not None:
        return options.num_principal_components
    assert options.pca_explained_variance_ratio is not None
    shares = np.cumsum(eigenvalues) / max(total, 1e-300)
    return min(int(np.searchsorted(shares, options.pca_explained_variance_ratio - 1e-12)) + 1, len(shares))


def _signed(components: Floats) -> Floats:
    """The same directions, the entry of the largest magnitude of each positive."""
    largest = components[np.arange(len(components)), np.abs(components).argmax(axis=1)]
    return np.ascontiguousarray(components * np.where(largest < 0, -1.0, 1.0)[:, None])


def _left(model: PcaModel, rows: Encoded, context: FitContext) -> float:
    """The variance of other rows that the components do not keep."""
    design = model.space.design(rows, context, cache_bytes=0)
    parts = [(model.squared_errors(block), block) for block in design.blocks()]
    weights = [np.ones(len(left)) if block.weight is None else block.weight for left, block in parts]
    total = sum(float(weight.sum()) for weight in weights)
    return sum(float(left @ weight) for (left, _), weight in zip(parts, weights, strict=True)) / total

"""PLS_REG: partial least squares, for many columns that say nearly the same.

The label is regressed on a few components, each the weighted sum of columns that goes along with the label most among
those that are not correlated with the components before it (SIMPLS; de Jong 1993, "SIMPLS: an alternative approach to
partial least squares regression"). For one label that is what NIPALS finds, scikit-learn's `PLSRegression`. Every
number of components is a model of its own: they are the iterations of the curve, and the eval rows choose among them.

One pass over the rows accumulates the Gram matrix, from which all components follow. Where there are more than
`GRAM_COLUMNS` columns a component takes a pass instead. Nothing grows with the number of rows.

Shapes: w columns, f of them free, k components; gram [f, f].
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.features.encoded import Encoded
from hagane.models.design import Design, measure_dense
from hagane.models.family import FitContext, Iteration, Task
from hagane.models.linear_model import Coefficients, LinearModel, columns_of, spread_of
from hagane.models.linear_start import begin_linear
from hagane.models.moments import Moments, measure_moments
from hagane.models.options import FamilyOptions
from hagane.models.tell_iteration import tell_iteration
from hagane.models.training_data import require_finite_labels
from hagane.progress import Phase

Floats = npt.NDArray[np.float64]
GRAM_COLUMNS = 3000
NOTHING_LEFT = 1e-12
"""Share of the first covariance with the label, and of a component's own length, below which only rounding is left."""
NO_MATTER = "pls_reg finds each component anew: the model that it begins with makes no difference to the result"


class PlsRegOptions(FamilyOptions, frozen=True, kw_only=True):
    """Options of `pls_reg`."""

    num_components: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 20
    """At most; fewer where the rows do not hold so many."""
    scale_features: bool = True
    """Whether each column, of a number or of a category, counts by its deviations; else in its own unit."""
    early_stop: bool = True
    """Whether the number of components with the lowest eval loss is kept, not all of them."""


class PlsReg:
    """Linear in a few components."""

    name = "pls_reg"
    task = Task.REGRESSION
    Options = PlsRegOptions
    dense_dtype = np.float64
    accepts_missing = False
    scales = True
    corrects_prior = False
    relative_tolerance = 1e-12

    def fit(
        self, train: Encoded, evaluation: Encoded | None, options: msgspec.Struct, context: FitContext
    ) -> LinearModel:
        """Find the components. Raises TrainingError for labels that are not finite, PreemptedError when told to end."""
        assert isinstance(options, PlsRegOptions)
        require_finite_labels(train)
        if begin_linear(context, "identity") is not None:
            context.progress.note(NO_MATTER)
        begun = time.perf_counter()
        measures = measure_dense(train)
        design = Design(
            train,
            measures.mean,
            measures.deviation,
            cache_bytes=context.memory.cache_bytes,
            preemption=context.preemption,
        )
        most = min(options.num_components, int(design.free_columns().sum()))
        with context.progress.phase("train", total=most, unit="components", at_most=True) as phase:
            moments = measure_moments(design, measures.label_mean, with_gram=design.num_columns <= GRAM_COLUMNS)
            components = _Components(design, moments, scale_features=options.scale_features)
            weights = components.weights(most, phase)
            intercept = measures.label_mean + (moments.label_sum - moments.sums @ weights) / moments.total
        held_out = evaluation if evaluation is not None and evaluation.num_rows else None
        losses = [_losses(design, weights, intercept)]
        if held_out is not None:
            watched = design.like(held_out, cache_bytes=0)
            losses.append(_losses(watched, weights, intercept))
        duration_ms = 1000 * (time.perf_counter() - begun) / len(intercept)
        best = int(np.argmin(losses[-1])) if options.early_stop and held_out is not None else len(intercept) - 1
        curve = _curve(losses, duration_ms, best, train.num_rows, context)
        original, bias = design.unscale(weights[:, best : best + 1], intercept[best : best + 1])
        coefficients = Coefficients(original[: design.num_dense], original[design.num_dense :], bias)
        return LinearModel(
            family=self.name,
            features=train.features,
            coefficients=coefficients,
            link="identity",
            spread=spread_of(design, coefficients, measures.deviation, moments.sums[design.num_dense :]),
            columns=columns_of(design, measures),
            curve=curve,
            best_iteration=best + 1,
        )


class _Components:
    """From the moments of the rows to weights, for one component, for two, …"""

    def __init__(self, design: Design, moments: Moments, *, scale_features: bool) -> None:
        self._design, self._moments = design, moments
        self._free = design.free_columns()
        mean = moments.sums / moments.total
        spread = np.sqrt(np.maximum(moments.squares / moments.total - np.square(mean), 0.0))
        tiny = spread <= 1e-9 * np.sqrt(np.maximum(moments.squares / moments.total, 1e-300))
        spread = np.where(tiny, 1.0, spread)
        self._unit = (1 / spread if scale_features else design.column_scale())[self._free]
        """[f] what the design's columns are multiplied by."""
        self._target = moments.centred_target()[self._free] * self._unit

    def weights(self, most: int, phase: Phase) -> Floats:
        """[w, k] of the design's columns: column a those of the first a + 1 components. There is one at least."""
        product = self._products()
        covariance, basis = self._target.copy(), np.zeros((0, len(self._target)))
        found: list[Floats] = []
        total = np.zeros(len(self._target))
        least = NOTHING_LEFT * float(np.linalg.norm(self._target))
        while len(found) < most and float(np.linalg.norm(covariance)) > least:
            direction = covariance / np.linalg.norm(covariance)
            loading = product(direction)
            length = float(direction @ loading)
            if length <= NOTHING_LEFT * max(1.0, float(np.abs(loading).max())):
                break
            total = total + direction * (float(self._target @ direction) / length)
            found.append(total)
            phase.advance(1)
            own = _apart_from(loading / np.linalg.norm(loading), basis)
            if float(np.linalg.norm(own)) <= NOTHING_LEFT:
                break
            basis = np.concatenate([basis, own[None] / np.linalg.norm(own)])
            covariance = _apart_from(covariance, basis)
        wide = np.zeros((len(self._free), max(1, len(found))))
        if found:
            wide[self._free] = np.stack(found, axis=1) * self._unit[:, None]
        return wide

    def _products(self) -> Callable[[Floats], Floats]:
        """[f] → the centred, scaled Gram matrix times it."""
        moments, unit, free = self._moments, self._unit, self._free
        if moments.gram is not None:
            gram = moments.centred_gram()[np.ix_(free, free)] * np.outer(unit, unit)
            return lambda direction: gram @ direction
        return self._product_by_a_pass

    def _product_by_a_pass(self, direction: Floats) -> Floats:
        wide = np.zeros(len(self._free))
        wide[self._free] = direction * self._unit
        found = -self._moments.sums * float(self._moments.sums @ wide) / self._moments.total
        for block in self._design.blocks():
            found += block.transposed_times(block.weighted(block.times(wide[:, None]))[:, 0])
        product: Floats = found[self._free] * self._unit
        return product


def _apart_from(vector: Floats, basis: Floats) -> Floats:
    """What is left of a vector [f] beside an orthonormal basis [a, f]; twice, since once leaves rounding behind."""
    for _ in range(2):
        vector = vector - basis.T @ (basis @ vector)
    return vector


def _losses(design: Design, weights: Floats, intercept: Floats) -> Floats:
    """[k] mean squared errors, in one pass over the rows."""
    total, squares = 0.0, np.zeros(len(intercept))
    for block in design.blocks():
        total += block.total_weight
        for part in block.parts(len(intercept)):
            errors = np.square(part.raw(weights, intercept) - part.label[:, None])
            squares += part.weighted(errors).sum(axis=0)
    return squares / total


def _curve(
    losses: list[Floats], duration_ms: float, best: int, num_rows: int, context: FitContext
) -> tuple[Iteration, ...]:
    """An iteration for each number of components, told as it is made."""
    curve = tuple(
        Iteration(iteration=1 + k, loss=float(each[0]), eval_loss=float(each[1]) if len(each) > 1 else None,
                  duration_ms=duration_ms)
        for k, each in enumerate(zip(*losses, strict=True))
    )  # fmt: skip
    for point in curve:
        so_far = min(point.iteration, 1 + best)
        tell_iteration(context.progress, point, num_rows=num_rows, max_iterations=len(curve), best_iteration=so_far)
    return curve

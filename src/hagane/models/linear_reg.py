"""LINEAR_REG: least squares, out of core.

Minimises ½ Σ g (y − xw − b)² + l1_reg Σ|w| + ½ l2_reg Σ w² over all rows, each with its weight g (1 where none is
given); the intercept b is not penalised. So `l2_reg` is scikit-learn's `Ridge(alpha)`, and `l1_reg` is n times its
`Lasso(alpha)`.

One pass accumulates the Gram matrix, from which the solution follows in closed form, or with l1_reg by coordinate
descent, without another. Where there are more than `GRAM_COLUMNS` columns, conjugate gradients, scaled by the columns'
own squares, or with l1_reg OWL-QN, make a pass an iteration instead.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.features.encoded import Encoded
from hagane.models.axes import own_axes
from hagane.models.design import DenseMeasures, Design, measure_dense
from hagane.models.dropped_slots import dropped_slots
from hagane.models.family import FitContext, Iteration, Task
from hagane.models.least_squares import solve_minimum_norm, solve_ridge
from hagane.models.linear_model import Coefficients, LinearModel, columns_of, spread_of
from hagane.models.linear_options import LinearOptions
from hagane.models.linear_problem import LinearProblem, mean_loss
from hagane.models.linear_start import LinearStart, begin_linear
from hagane.models.moments import Moments, measure_moments
from hagane.models.row_losses import squared_losses
from hagane.models.solvers.conjugate_gradients import ConjugateGradients
from hagane.models.solvers.coordinate_descent import CoordinateDescent
from hagane.models.solvers.iterate import Outcome, Watched, early_stopping, iterate, say_how_it_ended
from hagane.models.solvers.method import Method, SolverState
from hagane.models.solvers.quasi_newton import QuasiNewton
from hagane.models.tell_iteration import tell_iteration
from hagane.models.training_data import require_finite_labels, weights_of
from hagane.models.weight_errors import errors_of_least_squares, require_few_parameters
from hagane.progress import Phase

Floats = npt.NDArray[np.float64]
First = tuple[Floats, Floats] | None
"""Weights [w, 1] and intercept [1] with which a solver begins; None: none."""
NO_MATTER = "linear_reg is solved in closed form: the model that it begins with makes no difference to the result"
GRAM_COLUMNS = 3000
LOSS_DIGITS = 1e-6
"""Share of the label's variance down to which the loss is taken from sums: ten digits are left then."""


class LinearRegOptions(LinearOptions, frozen=True, kw_only=True):
    """Options of `linear_reg`."""

    max_iterations: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 1000
    """Of coordinate descent (with l1_reg), conjugate gradients or OWL-QN (more than 3,000 columns)."""


class LinearReg:
    """Ordinary least squares, ridge, lasso and elastic net."""

    name = "linear_reg"
    task = Task.REGRESSION
    Options = LinearRegOptions
    dense_dtype = np.float64
    accepts_missing = False
    scales = True
    corrects_prior = False
    relative_tolerance = 1e-12

    def fit(
        self, train: Encoded, evaluation: Encoded | None, options: msgspec.Struct, context: FitContext
    ) -> LinearModel:
        """Solve. Raises TrainingError for labels that are not finite, PreemptedError when told to end."""
        assert isinstance(options, LinearRegOptions)
        require_finite_labels(train)
        begun = time.perf_counter()
        mean, deviation, label_mean, _ = measure_dense(train)
        level = label_mean if options.fit_intercept else 0.0
        design = _design(train, mean, deviation, options, context)
        held_out = evaluation if evaluation is not None and evaluation.num_rows else None
        is_iterative = options.l1_reg > 0 or design.num_columns > GRAM_COLUMNS
        total, unit = (options.max_iterations, "iterations") if is_iterative else (None, "rows")
        earlier = begin_linear(context, "identity")
        with context.progress.phase("train", total=total, unit=unit, at_most=is_iterative) as phase:
            moments = measure_moments(design, level, with_gram=design.num_columns <= GRAM_COLUMNS)
            problem = LeastSquares(design, moments, level, options)
            solve = _iterate if is_iterative else _solve_at_once
            weights, outcome = solve(problem, held_out, context, phase, earlier)
        model = _model(train, problem, weights, DenseMeasures(mean, deviation, label_mean, moments.total))
        model.curve = _told(outcome, model, problem, held_out)
        if outcome is None:
            duration_ms = 1000 * (time.perf_counter() - begun)
            newest = msgspec.structs.replace(model.curve[0], duration_ms=duration_ms)
            model.curve = (newest,)
            tell_iteration(context.progress, newest, num_rows=train.num_rows, max_iterations=1, best_iteration=1)
        else:
            model.best_iteration = max(1, outcome.best_iteration)
        if options.calculate_p_values:
            model.errors = errors_of_least_squares(
                design, moments, model.curve[-1].loss, fit_intercept=options.fit_intercept
            )
        return model


def _design(train: Encoded, mean: Floats, deviation: Floats, options: LinearRegOptions, context: FitContext) -> Design:
    """Of the training rows. Raises SpecError where p-values are asked of too many columns."""
    design = Design(
        train,
        mean if options.fit_intercept else np.zeros_like(mean),
        deviation,
        dropped=dropped_slots(train, dummy=options.category_encoding_method == "dummy_encoding"),
        cache_bytes=context.memory.cache_bytes,
        preemption=context.preemption,
    )
    if options.calculate_p_values:
        require_few_parameters(design, 1)
    return design


class LeastSquares(NamedTuple):
    """What is solved: weights [w] for the scaled columns, from the moments of the rows."""

    design: Design
    moments: Moments
    level: float
    options: LinearRegOptions

    @property
    def free(self) -> npt.NDArray[np.bool_]:
        """[w] the columns that have weights."""
        return self.design.free_columns()

    @property
    def penalties(self) -> tuple[Floats, Floats]:
        """l1 and l2 [f] of the free columns' weights."""
        unit = self.design.column_scale()[self.free]
        return self.options.l1_reg / unit, self.options.l2_reg / np.square(unit)

    def normal_equations(self) -> tuple[Floats, Floats]:
        """The Gram matrix [f, f] and the products with the label [f], both centred where there is an intercept."""
        fit_intercept, free = self.options.fit_intercept, self.free
        gram = self.moments.centred_gram(fit_intercept=fit_intercept)[np.ix_(free, free)]
        return gram, self.moments.centred_target(fit_intercept=fit_intercept)[free]

    def closed_form(self) -> Floats:
        """Without l1_reg, and few enough columns."""
        gram, target = self.normal_equations()
        if self.options.l2_reg:
            return self.widened(solve_ridge(gram, target, self.penalties[1]))
        return self.widened(solve_minimum_norm(gram, target, self.design.column_scale()[self.free]))

    def widened(self, weights: Floats) -> Floats:
        """Weights [f] of the free columns as weights [w] of all; exactly 0 for a slot that no row has."""
        wide = np.zeros(self.design.num_columns)
        wide[self.free] = weights
        wide[self.moments.squares == 0] = 0.0
        return wide

    def intercept(self, weights: Floats) -> float:
        """The best one for these weights [w] of the scaled columns."""
        if not self.options.fit_intercept:
            return 0.0
        return self.level + (self.moments.label_sum - float(self.moments.sums @ weights)) / self.moments.total


class Solver(NamedTuple):
    """An iterative way to the weights: `weights` [w] and the mean squared error where it stands."""

    method: Method[Any]
    weights: Callable[[Floats], Floats]
    loss: Callable[[SolverState], float]


def _solve_at_once(
    problem: LeastSquares, held_out: Encoded | None, context: FitContext, phase: Phase, begun: LinearStart | None
) -> tuple[Floats, Outcome | None]:
    """Weights [w] in closed form: nothing goes before them, and there is no way to tell of."""
    if begun is not None:
        context.progress.note(NO_MATTER)
    weights = problem.closed_form()
    phase.advance(problem.design.num_rows)
    return weights, None


def _iterate(
    problem: LeastSquares, held_out: Encoded | None, context: FitContext, phase: Phase, begun: LinearStart | None
) -> tuple[Floats, Outcome | None]:
    """Weights [w] by the solver that suits width and penalty, and how it went."""
    options = problem.options
    first = None if begun is None else begun.in_design(problem.design)
    if problem.moments.gram is not None:
        solver = _coordinate_descent(problem, first)
    else:
        solver = _owl_qn(problem, first) if options.l1_reg else _conjugate_gradients(problem, first)
    watched = Watched(
        solver.loss, _eval_loss(problem, held_out, context, solver.weights), early_stopping(options, held_out)
    )
    outcome = iterate(
        solver.method,
        watched,
        most=options.max_iterations,
        context=context,
        phase=phase,
        num_rows=problem.design.num_rows,
    )
    say_how_it_ended("linear_reg", outcome, options.max_iterations, context)
    return solver.weights(outcome.point), outcome


def _coordinate_descent(problem: LeastSquares, first: First) -> Solver:
    gram, target = problem.normal_equations()
    method = CoordinateDescent(gram, target, *problem.penalties, first=_free(problem, first))
    return Solver(method, problem.widened, _loss_from_sums(problem))


def _free(problem: LeastSquares, first: First) -> Floats | None:
    """[f] the weights of the free columns; the intercept follows from them."""
    return None if first is None else first[0][problem.free, 0]


def _conjugate_gradients(problem: LeastSquares, first: First) -> Solver:
    """(Xᵀ G X + l2) w = Xᵀ G y on the free columns, X centred where there is an intercept.

    The preconditioner is the matrix's own diagonal: words and categories differ in frequency by orders of magnitude.
    """
    moments, free, (_, l2) = problem.moments, problem.free, problem.penalties
    mean = moments.sums / moments.total * problem.options.fit_intercept

    def times(vector: Floats) -> Floats:
        full = problem.widened(vector)
        total = np.zeros_like(full)
        for block in problem.design.blocks():
            product = block.weighted(block.times(full[:, None])[:, 0] - mean @ full)
            total += block.transposed_times(product) - mean * product.sum()
        result: Floats = total[free] + l2 * vector
        return result

    diagonal = (moments.squares - np.square(mean) * moments.total)[free] + l2
    inverse = 1 / np.where(diagonal > 1e-12 * max(float(diagonal.max(initial=0)), 1e-300), diagonal, 1.0)
    target = moments.centred_target(fit_intercept=problem.options.fit_intercept)[free]
    method = ConjugateGradients(times, target, inverse, tolerance=1e-10, first=_free(problem, first))
    return Solver(method, problem.widened, _loss_from_sums(problem))


def _owl_qn(problem: LeastSquares, first: First) -> Solver:
    moments, fit_intercept = problem.moments, problem.options.fit_intercept
    spread = moments.squares - np.square(moments.sums) / moments.total * fit_intercept
    whole = LinearProblem(
        problem.design,
        moments,
        own_axes(np.maximum(spread, 0)[problem.free], np.ones(1), problem.penalties[1]),
        problem.options,
        row_loss=squared_losses,
        curvature=np.ones(1),
        level=np.array([problem.level]),
    )
    tolerance = 1e-9 * math.sqrt(moments.label_variation(fit_intercept=fit_intercept))
    begins = whole.start if first is None else whole.packed(*first)
    method = QuasiNewton(whole.smooth, begins, l1=whole.l1, tolerance=tolerance)
    return Solver(method, lambda point: whole.unpack(point)[0][:, 0], lambda state: 2 * whole.mean_loss(state))


def _loss_from_sums(problem: LeastSquares) -> Callable[[SolverState], float]:
    """The mean squared error where coordinate descent or conjugate gradients stand, without a pass over the rows."""
    l1, l2 = problem.penalties
    whole = problem.moments.label_variation(fit_intercept=problem.options.fit_intercept)

    def loss(state: SolverState) -> float:
        penalty = float(l1 @ np.abs(state.point)) + 0.5 * float(l2 @ np.square(state.point))
        return max(whole + 2 * (state.loss - penalty), 0.0) / problem.moments.total

    return loss


def _eval_loss(
    problem: LeastSquares, held_out: Encoded | None, context: FitContext, weights: Callable[[Floats], Floats]
) -> Callable[[Floats], float] | None:
    """The mean squared error over the eval rows: from their moments where these are at hand, else by a pass."""
    if held_out is None:
        return None
    design = problem.design.like(held_out, cache_bytes=context.memory.cache_bytes // 2)
    if problem.moments.gram is not None:
        moments = measure_moments(design, problem.level, with_gram=True)
        return lambda point: _error_from_sums(moments, weights(point), problem)

    def measured(point: Floats) -> float:
        found = weights(point)
        return 2 * mean_loss(design, found[:, None], np.array([problem.intercept(found)]), squared_losses)

    return measured


def _error_from_sums(moments: Moments, weights: Floats, problem: LeastSquares) -> float:
    """Mean (y − level − Xw − b)² over rows with these moments."""
    assert moments.gram is not None
    bias = problem.intercept(weights) - problem.level
    square = moments.label_squares - 2 * float(weights @ moments.target) + float(weights @ moments.gram @ weights)
    square += bias * (bias * moments.total - 2 * moments.label_sum + 2 * float(weights @ moments.sums))
    return max(square, 0.0) / moments.total


def _model(train: Encoded, problem: LeastSquares, weights: Floats, measures: DenseMeasures) -> LinearModel:
    design = problem.design
    original, bias = design.unscale(weights[:, None], np.array([problem.intercept(weights)]))
    coefficients = Coefficients(original[: design.num_dense], original[design.num_dense :], bias)
    return LinearModel(
        family="linear_reg",
        features=train.features,
        coefficients=coefficients,
        link="identity",
        spread=spread_of(design, coefficients, measures.deviation, problem.moments.sums[design.num_dense :]),
        columns=columns_of(design, measures),
        curve=(),
        best_iteration=1,
    )


def _told(
    outcome: Outcome | None, model: LinearModel, problem: LeastSquares, held_out: Encoded | None
) -> tuple[Iteration, ...]:
    """The curve, whose kept iteration has the model's own losses, measured where sums cannot tell them."""
    loss = _loss(problem, model)
    eval_loss = None if held_out is None else _mean_squared_error(model, held_out)
    if outcome is None or not outcome.curve:
        return (Iteration(iteration=1, loss=loss, eval_loss=eval_loss),)
    kept = outcome.best_iteration - 1
    measured = msgspec.structs.replace(outcome.curve[kept], loss=loss, eval_loss=eval_loss)
    return (*outcome.curve[:kept], measured, *outcome.curve[kept + 1 :])


def _loss(problem: LeastSquares, model: LinearModel) -> float:
    """Mean squared error over the training rows, from their moments; where these cannot tell, by a pass.

    Σ(y − Xw)² = yᵀy − 2wᵀXᵀy + wᵀXᵀXw loses as many digits as the fit is good, so a near-perfect fit is measured.
    """
    moments, fit_intercept = problem.moments, problem.options.fit_intercept
    if moments.gram is not None:
        found = np.concatenate([model.coefficients.dense, model.coefficients.table])[:, 0]
        weights = found * problem.design.column_scale()
        whole = moments.label_variation(fit_intercept=fit_intercept)
        gram = moments.centred_gram(fit_intercept=fit_intercept)
        target = moments.centred_target(fit_intercept=fit_intercept)
        left = whole - 2 * float(weights @ target) + float(weights @ gram @ weights)
        if left > LOSS_DIGITS * whole:
            return left / moments.total
    return _mean_squared_error(model, problem.design.encoded)


def _mean_squared_error(model: LinearModel, split: Encoded) -> float:
    total, total_weight = 0.0, 0.0
    for batch in split.blocks():
        error = model.predict(batch.dense, batch.ids, batch.sparse) - batch.label.astype(np.float64)
        weight = weights_of(batch)
        total += float(weight @ np.square(error))
        total_weight += float(weight.sum())
    return total / total_weight

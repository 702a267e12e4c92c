"""LOGISTIC_REG: binary and multinomial logistic regression in float64, out of core.

Minimises Σ g · log loss + l1_reg Σ|w| + ½ l2_reg Σ w² over all rows, each with its weight g (1 where none is given);
the intercepts are not penalised. So `l2_reg` is 1 / C of scikit-learn's `LogisticRegression`. Two classes have one
weight vector, c classes have c (softmax). The slots of categories and words stay sparse throughout.

L-BFGS, with l1_reg OWL-QN, makes about a pass over the rows an iteration. It works along axes that are chosen so that
the loss curves alike along all of them (`models.axes`).
"""

from __future__ import annotations

import math
from typing import Annotated

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.features.encoded import Encoded
from hagane.models.axes import Axes, own_axes, principal_axes
from hagane.models.design import DenseMeasures, Design, measure_dense
from hagane.models.dropped_slots import dropped_slots
from hagane.models.family import FitContext, Task
from hagane.models.least_squares import with_smallest_norm
from hagane.models.linear_model import Coefficients, LinearModel, columns_of, spread_of
from hagane.models.linear_options import LinearOptions
from hagane.models.linear_problem import LinearProblem, mean_loss
from hagane.models.linear_start import begin_linear
from hagane.models.moments import Moments, measure_moments
from hagane.models.row_losses import log_losses
from hagane.models.solvers.iterate import Outcome, Watched, early_stopping, iterate, say_how_it_ended
from hagane.models.solvers.quasi_newton import QuasiNewton
from hagane.models.training_data import count_classes, labels_and_weights
from hagane.models.weight_errors import WeightErrors, errors_of_logistic_regression, require_few_parameters
from hagane.progress import Phase

Floats = npt.NDArray[np.float64]

TOLERANCE = 1e-8
"""Of the slope along each axis, as a share of √Σ weights. Along these axes 1 is about a standard error."""
PRINCIPAL_COLUMNS, FEW_COLUMNS = 3000, 200
"""Columns up to which the Gram matrix may be worth its pass and its eigenvectors, and up to which it always is."""
PASSES_SAVED = 200
"""Operations of the eigenvectors, in entries of the rows: they save some eighty passes, and are faster than these."""
PRINCIPAL_ENTRIES = 64
"""Slots of a row beyond which it is not."""


class LogisticRegOptions(LinearOptions, frozen=True, kw_only=True):
    """Options of `logistic_reg`."""

    max_iterations: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 500
    """Iterations of L-BFGS or OWL-QN, each one or a few passes over the rows."""


class LogisticReg:
    """Linear log odds."""

    name = "logistic_reg"
    task = Task.CLASSIFICATION
    Options = LogisticRegOptions
    dense_dtype = np.float64
    accepts_missing = False
    scales = True
    corrects_prior = False
    relative_tolerance = 1e-12

    def fit(
        self, train: Encoded, evaluation: Encoded | None, options: msgspec.Struct, context: FitContext
    ) -> LinearModel:
        """Minimise until the slope vanishes. Raises TrainingError when there is one class only."""
        assert isinstance(options, LogisticRegOptions)
        count_classes(train, context)
        measures = measure_dense(train)
        design = Design(
            train,
            measures.mean if options.fit_intercept else np.zeros_like(measures.mean),
            measures.deviation,
            dropped=dropped_slots(train, dummy=options.category_encoding_method == "dummy_encoding"),
            cache_bytes=context.memory.cache_bytes // 2,
            preemption=context.preemption,
        )
        held_out = evaluation if evaluation is not None and evaluation.num_rows else None
        with context.progress.phase("train", total=options.max_iterations, unit="iterations", at_most=True) as phase:
            if options.calculate_p_values:
                require_few_parameters(design, 1 if context.num_classes == 2 else context.num_classes)
            problem = make_problem(design, options, context.num_classes)
            outcome = _minimise(problem, held_out, options, context, phase)
            say_how_it_ended(self.name, outcome, options.max_iterations, context)
            model = _model(problem, outcome, options, measures)
            if options.calculate_p_values:
                model.errors = _errors(problem, outcome, options, context)
            return model


def link_of(num_outputs: int) -> str:
    """From raw scores to probabilities."""
    return "sigmoid" if num_outputs == 1 else "softmax"


def make_problem(design: Design, options: LogisticRegOptions, num_classes: int) -> LinearProblem:
    """The loss along good axes: one pass for the moments of the columns."""
    shares = class_shares(design.encoded, num_classes)
    if num_classes == 2:
        shares, level = shares[1:], np.log(shares[1:] / shares[:1])
    else:
        level = np.log(shares) - np.log(shares).mean()
    curvature = shares * (1 - shares)
    moments = measure_moments(design, 0.0, with_gram=_has_principal_axes(design, options, len(level)))
    return LinearProblem(
        design,
        moments,
        _axes(design, moments, curvature, options),
        options,
        row_loss=log_losses,
        curvature=curvature,
        level=level,
    )


def class_shares(encoded: Encoded, num_classes: int) -> Floats:
    """[c] the weighted share of each class in the rows; one that no row has gets that of half a row."""
    totals = np.full(num_classes, 0.5)
    for label, weight in labels_and_weights(encoded):
        totals += np.bincount(label.astype(np.intp), weight, minlength=num_classes)
    shares: Floats = totals / totals.sum()
    return shares


def _has_principal_axes(design: Design, options: LogisticRegOptions, num_outputs: int) -> bool:
    width, encoded = design.num_columns, design.encoded
    entries = encoded.num_ids + encoded.num_entries / encoded.num_rows
    if options.l1_reg or width > PRINCIPAL_COLUMNS or entries > PRINCIPAL_ENTRIES:
        return False
    work = encoded.num_rows * (encoded.num_dense + entries) * num_outputs
    return width <= FEW_COLUMNS or width**3 <= PASSES_SAVED * work


def _axes(design: Design, moments: Moments, curvature: Floats, options: LogisticRegOptions) -> Axes:
    free = design.free_columns()
    l2 = options.l2_reg / np.square(design.column_scale()[free])
    if moments.gram is not None:
        gram = moments.centred_gram(fit_intercept=options.fit_intercept)[np.ix_(free, free)]
        return principal_axes(gram, curvature, l2)
    spread = moments.squares - np.square(moments.sums) / moments.total * options.fit_intercept
    return own_axes(np.maximum(spread, 0)[free], curvature, l2)


def _minimise(
    problem: LinearProblem, held_out: Encoded | None, options: LogisticRegOptions, context: FitContext, phase: Phase
) -> Outcome:
    watched = None if held_out is None else problem.design.like(held_out, cache_bytes=context.memory.cache_bytes // 2)

    def eval_loss(point: Floats) -> float:
        assert watched is not None
        return mean_loss(watched, *problem.unpack(point), log_losses)

    begun = begin_linear(context, link_of(problem.num_outputs))
    first = problem.start if begun is None else problem.packed(*begun.in_design(problem.design))
    tolerance = TOLERANCE * math.sqrt(problem.moments.total)
    method = QuasiNewton(problem.smooth, first, l1=problem.l1, tolerance=tolerance)
    measures = Watched(problem.mean_loss, None if watched is None else eval_loss, early_stopping(options, held_out))
    rows = problem.design.num_rows
    return iterate(method, measures, most=options.max_iterations, context=context, phase=phase, num_rows=rows)


def _model(
    problem: LinearProblem, outcome: Outcome, options: LogisticRegOptions, measures: DenseMeasures
) -> LinearModel:
    design = problem.design
    weights, intercept = _canonical(problem, *problem.unpack(outcome.point), options)
    original, bias = design.unscale(weights, intercept)
    coefficients = Coefficients(original[: design.num_dense], original[design.num_dense :], bias)
    slot_weight = problem.moments.sums[design.num_dense :]
    return LinearModel(
        family="logistic_reg",
        features=design.encoded.features,
        coefficients=coefficients,
        link=link_of(problem.num_outputs),
        spread=spread_of(design, coefficients, measures.deviation, slot_weight),
        columns=columns_of(design, measures),
        curve=outcome.curve,
        best_iteration=outcome.best_iteration,
    )


def _errors(
    problem: LinearProblem, outcome: Outcome, options: LogisticRegOptions, context: FitContext
) -> WeightErrors | None:
    """One more pass; None, and a note, where the weights are not those of the highest likelihood."""
    if outcome.status != "converged":
        context.progress.note("there are no p-values: they are those of weights that have converged")
        return None
    weights, intercept = _canonical(problem, *problem.unpack(outcome.point), options)
    errors = errors_of_logistic_regression(
        problem.design, problem.moments, weights, intercept, fit_intercept=options.fit_intercept
    )
    if np.isnan(errors.covariance).any():
        context.progress.note("there are no p-values: some features tell the classes apart without exception")
    return errors


def _canonical(
    problem: LinearProblem, weights: Floats, intercept: Floats, options: LogisticRegOptions
) -> tuple[Floats, Floats]:
    """Of all weights that predict the same, those of the smallest norm; what all classes have in common is taken off.

    A slot that no row has gets a weight of exactly 0.
    Softmax does not see what is added to every class's score, and without a penalty the rows may not tell columns
    apart.
    """
    weights = np.where(problem.has_rows[:, None], weights, 0.0)
    if problem.num_outputs > 1:
        intercept = intercept - intercept.mean()
    if options.l1_reg or options.l2_reg:
        return weights, intercept
    mean = problem.moments.sums / problem.moments.total * options.fit_intercept
    level = intercept + mean @ weights
    if problem.num_outputs > 1:
        weights = weights - weights.mean(axis=1, keepdims=True)
        level = level - level.mean()
    free, axes = problem.free, problem.axes
    if axes.basis is not None:
        null = axes.basis[:, ~axes.unit.any(axis=1)]
        weights[free] = with_smallest_norm(weights[free], null, problem.design.column_scale()[free])
        weights[~problem.has_rows] = 0.0
    return weights, level - mean @ weights

"""LINEAR_REG: least squares in closed form, out of core.

Minimises ½ Σ g (y − xw − b)² + l1_reg Σ|w| + ½ l2_reg Σ w² over all rows, each with its weight g (1 where none is
given); the intercept b is not penalised. So `l2_reg` is scikit-learn's `Ridge(alpha)`, and `l1_reg` is n times its
`Lasso(alpha)`. One pass accumulates the Gram matrix; where there are more than `GRAM_COLUMNS` columns, conjugate
gradients, scaled by the columns' own squares, make a pass an iteration instead.
"""

from __future__ import annotations

import time
from typing import Annotated

import msgspec
import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.sparse.linalg import LinearOperator, cg

from hagane.counted import counted
from hagane.errors import Fault, TrainingError
from hagane.features.encoded import Encoded
from hagane.models.design import Design, measure_dense
from hagane.models.family import FitContext, Iteration, Task
from hagane.models.least_squares import solve_lasso, solve_minimum_norm, solve_ridge
from hagane.models.linear_model import Coefficients, LinearModel, LinearOptions, spread_of
from hagane.models.training_data import require_finite_labels, weights_of

Floats = npt.NDArray[np.float64]
GRAM_COLUMNS = 3000
LOSS_DIGITS = 1e-6
"""Share of the label's variance down to which the loss is taken from sums: ten digits are left then."""


class LinearRegOptions(LinearOptions, frozen=True, kw_only=True):
    """Options of `linear_reg`."""

    max_iterations: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 1000
    """Sweeps of coordinate descent (with l1_reg), or of conjugate gradients (more than 3,000 columns)."""


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
        """Solve. Raises TrainingError for labels that are not finite."""
        assert isinstance(options, LinearRegOptions)
        require_finite_labels(train)
        begun = time.perf_counter()
        mean, deviation, label_mean, total = measure_dense(train)
        centre, level = (mean, label_mean) if options.fit_intercept else (np.zeros_like(mean), 0.0)
        design = Design(train, centre, deviation, cache_bytes=context.memory.cache_bytes)
        with context.progress.phase("train", total=None, unit="rows") as phase:
            weights, moments = _solve(design, level, options, context)
            phase.advance(train.num_rows)
        intercept = np.array([level - moments.sums @ weights / total if options.fit_intercept else 0.0])
        original, bias = design.unscale(weights[:, None], intercept)
        coefficients = Coefficients(original[: design.num_dense], original[design.num_dense :], bias)
        spread = spread_of(design, coefficients, deviation, moments.sums[design.num_dense :])
        model = LinearModel(
            family=self.name,
            features=train.features,
            coefficients=coefficients,
            link="identity",
            spread=spread,
            curve=(),
            best_iteration=1,
        )
        loss = _loss(moments, weights, options.fit_intercept)
        loss = _mean_squared_error(model, train) if loss is None else loss
        held_out = evaluation is not None and evaluation.num_rows
        eval_loss = _mean_squared_error(model, evaluation) if evaluation is not None and held_out else None
        duration_ms = 1000 * (time.perf_counter() - begun)
        model.curve = (Iteration(iteration=1, loss=loss, eval_loss=eval_loss, duration_ms=duration_ms),)
        return model


class Moments(msgspec.Struct, frozen=True):
    """Weighted sums: `sums` and `squares` [w] of the columns, `target` [w] = Xᵀ(y − level), `label_sum` of y − level,
    `label_squares` of (y − level)², `total` of the weights, `gram` [w, w] or None where too wide."""

    sums: Floats
    squares: Floats
    target: Floats
    label_sum: float
    label_squares: float
    total: float
    gram: Floats | None


def measure_moments(design: Design, level: float, *, with_gram: bool) -> Moments:
    """One pass over the rows."""
    w, d = design.num_columns, design.num_dense
    sums, squares, target = np.zeros(w), np.zeros(w), np.zeros(w)
    label_sum, label_squares, total = 0.0, 0.0, 0.0
    gram = np.zeros((w, w)) if with_gram else None
    for block in design.blocks():
        residual = block.weighted(block.label - level)
        label_sum += float(residual.sum())
        label_squares += float(residual @ (block.label - level))
        total += float(len(block.label) if block.weight is None else block.weight.sum())
        sums += block.sums()
        squares += block.squares()
        target += block.transposed_times(residual)
        if gram is not None:
            weighted, slots = block.weighted(block.dense), block.slots
            gram[:d, :d] += block.dense.T @ weighted
            gram[d:, :d] += slots.T @ weighted
            scaled = slots if block.weight is None else sp.diags_array(block.weight) @ slots
            gram[d:, d:] += (slots.T @ scaled).toarray()
    if gram is not None:
        gram[:d, d:] = gram[d:, :d].T
    return Moments(sums, squares, target, label_sum, label_squares, total, gram)


def _solve(design: Design, level: float, options: LinearRegOptions, context: FitContext) -> tuple[Floats, Moments]:
    """Weights [w] for the scaled columns, and the moments they came from."""
    wide = design.num_columns > GRAM_COLUMNS
    if wide and options.l1_reg:
        raise TrainingError(_too_wide(design.num_columns))
    moments = measure_moments(design, level, with_gram=not wide)
    unit, free = design.column_scale(), design.free_columns()
    penalty = 1 / np.square(unit)
    weights = np.zeros(design.num_columns)
    if wide:
        weights[free], converged = _conjugate_gradients(design, moments, free, options, penalty)
    else:
        gram, target = _centred(moments, options.fit_intercept)
        gram, target = gram[np.ix_(free, free)], target[free]
        converged = True
        if options.l1_reg:
            weights[free], converged = solve_lasso(
                gram,
                target,
                options.l1_reg / unit[free],
                options.l2_reg * penalty[free],
                max_sweeps=options.max_iterations,
            )
        elif options.l2_reg:
            weights[free] = solve_ridge(gram, target, options.l2_reg * penalty[free])
        else:
            weights[free] = solve_minimum_norm(gram, target, unit[free])
    if not converged:
        context.progress.note(
            f"linear_reg did not converge in {options.max_iterations} iterations; raise max_iterations or l2_reg"
        )
    return weights, moments


def _centred(moments: Moments, fit_intercept: bool) -> tuple[Floats, Floats]:
    assert moments.gram is not None
    if not fit_intercept:
        return moments.gram, moments.target
    gram = moments.gram - np.outer(moments.sums, moments.sums) / moments.total
    return gram, moments.target - moments.sums * (moments.label_sum / moments.total)


def _conjugate_gradients(
    design: Design, moments: Moments, free: npt.NDArray[np.bool_], options: LinearRegOptions, penalty: Floats
) -> tuple[Floats, bool]:
    """(Xᵀ G X + l2) w = Xᵀ G y on the free columns, X centred where there is an intercept; and whether it converged.

    The preconditioner is the matrix's own diagonal: words and categories differ in frequency by orders of magnitude.
    """
    mean = moments.sums / moments.total * options.fit_intercept

    def apply(vector: Floats) -> Floats:
        full = np.zeros(design.num_columns)
        full[free] = vector.ravel()
        total = options.l2_reg * penalty * full
        for block in design.blocks():
            product = block.times(full[:, None])[:, 0] - mean @ full
            product = block.weighted(product)
            total += block.transposed_times(product[:, None])[:, 0] - mean * product.sum()
        result: Floats = total[free]
        return result

    size = int(free.sum())
    target = moments.target - moments.sums * (moments.label_sum / moments.total) * options.fit_intercept
    diagonal = (moments.squares - np.square(mean) * moments.total + options.l2_reg * penalty)[free]
    inverse = 1 / np.where(diagonal > 1e-12 * max(float(diagonal.max(initial=0)), 1e-300), diagonal, 1.0)
    solution, info = cg(
        LinearOperator((size, size), matvec=apply, dtype=np.float64),
        target[free],
        M=LinearOperator((size, size), matvec=lambda vector: inverse * vector.ravel(), dtype=np.float64),
        rtol=1e-10,
        maxiter=options.max_iterations,
    )
    return solution, info == 0


def _loss(moments: Moments, weights: Floats, fit_intercept: bool) -> float | None:
    """Mean squared error over the training rows, from their moments; None where these cannot tell.

    Σ(y − Xw)² = yᵀy − 2wᵀXᵀy + wᵀXᵀXw loses as many digits as the fit is good, so a near-perfect fit is measured.
    """
    if moments.gram is None:
        return None
    gram, target = _centred(moments, fit_intercept)
    level = moments.label_sum**2 / moments.total if fit_intercept else 0.0
    whole = moments.label_squares - level
    left = whole - 2 * float(weights @ target) + float(weights @ gram @ weights)
    return left / moments.total if left > LOSS_DIGITS * whole else None


def _mean_squared_error(model: LinearModel, split: Encoded) -> float:
    total, total_weight = 0.0, 0.0
    for batch in split.blocks():
        error = model.predict(batch.dense, batch.ids, batch.sparse) - batch.label.astype(np.float64)
        weight = weights_of(batch)
        total += float(weight @ np.square(error))
        total_weight += float(weight.sum())
    return total / total_weight


def _too_wide(num_columns: int) -> Fault:
    return Fault(
        what="l1_reg is not supported for so wide a linear model",
        where="model.options.l1_reg",
        expected=f"at most {GRAM_COLUMNS} columns, one for each slot of each category",
        received=counted(num_columns, "column"),
        next_step="use l2_reg, or limit the categories with top_k in ML.ONE_HOT_ENCODER",
    )

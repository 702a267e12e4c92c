"""LOGISTIC_REG: binary and multinomial logistic regression in float64, by L-BFGS over blocks.

Minimises Σ g · log loss + l1_reg Σ|w| + ½ l2_reg Σ w² over all rows, each with its weight g (1 where none is given);
the intercepts are not penalised. So `l2_reg` is 1 / C of scikit-learn's `LogisticRegression`. Two classes have one
weight vector, c classes have c (softmax). The slots of categories and words stay sparse throughout.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit, logsumexp, softmax

from hagane.features.encoded import Encoded
from hagane.models.design import Design, measure_dense
from hagane.models.family import FitContext, Iteration, Task
from hagane.models.linear_model import Coefficients, LinearModel, LinearOptions, spread_of
from hagane.models.training_data import count_classes

Floats = npt.NDArray[np.float64]
Objective = Callable[[Floats], tuple[float, Floats]]


class LogisticRegOptions(LinearOptions, frozen=True, kw_only=True):
    """Options of `logistic_reg`."""

    max_iterations: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 500
    """Iterations of L-BFGS, each one or a few passes over the rows."""


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
        """Minimise until the gradient vanishes. Raises TrainingError when there is one class only."""
        assert isinstance(options, LogisticRegOptions)
        count_classes(train, context)
        mean, deviation, _, total = measure_dense(train)
        centre = mean if options.fit_intercept else np.zeros_like(mean)
        cache_bytes = context.memory.cache_bytes // 2
        design = Design(train, centre, deviation, cache_bytes=cache_bytes)
        watched = None
        if evaluation is not None and evaluation.num_rows:
            watched = Design(evaluation, centre, deviation, cache_bytes=cache_bytes)
        problem = LogisticProblem(design, context.num_classes, options, total)
        weights, intercept, curve = _minimise(problem, watched, options, context)
        original, bias = design.unscale(weights, intercept)
        coefficients = Coefficients(original[: design.num_dense], original[design.num_dense :], bias)
        spread = spread_of(design, coefficients, deviation, problem.squares[design.num_dense :])
        link = "sigmoid" if context.num_classes == 2 else "softmax"
        return LinearModel(
            family=self.name,
            features=train.features,
            coefficients=coefficients,
            link=link,
            spread=spread,
            curve=curve,
            best_iteration=len(curve),
        )


class LogisticProblem:
    """The penalised loss as a function of one vector [(w + 1)·c], preconditioned by its diagonal.

    The vector holds the free weights [w', c] and the intercepts [c], each multiplied by `stretch` so that the loss
    curves about equally along every axis.
    """

    def __init__(self, design: Design, num_classes: int, options: LogisticRegOptions, total_weight: float) -> None:
        self.design = design
        self.total_weight = total_weight
        self.num_outputs = 1 if num_classes == 2 else num_classes
        self.fit_intercept = options.fit_intercept
        self.free = design.free_columns()
        self.squares = sum((block.squares() for block in design.blocks()), np.zeros(design.num_columns))
        unit = design.column_scale()[self.free, None]
        self.l1 = options.l1_reg / unit
        self.l2 = options.l2_reg / np.square(unit)
        curvature = 0.25 * self.squares[self.free, None] + self.l2
        self.stretch = np.sqrt(np.where(curvature > 0, curvature, 1.0))
        self.intercept_stretch = np.sqrt(0.25 * total_weight)

    @property
    def size(self) -> int:
        """Length of the vector."""
        return int(self.free.sum() + self.fit_intercept) * self.num_outputs

    def unpack(self, vector: Floats) -> tuple[Floats, Floats]:
        """Weights [w, c] for the scaled columns, and intercepts [c]."""
        c, num_free = self.num_outputs, int(self.free.sum())
        weights = np.zeros((self.design.num_columns, c))
        weights[self.free] = vector[: num_free * c].reshape(num_free, c) / self.stretch
        intercept = vector[num_free * c :] / self.intercept_stretch if self.fit_intercept else np.zeros(c)
        return weights, intercept

    def smooth(self, vector: Floats) -> tuple[float, Floats]:
        """The loss without the l1 part, and its gradient."""
        weights, intercept = self.unpack(vector)
        loss, slope, bias_slope = 0.0, np.zeros_like(weights), np.zeros_like(intercept)
        for block in self.design.blocks():
            losses, residual = losses_and_residuals(block.times(weights) + intercept, block.label)
            loss += float(block.weighted(losses).sum())
            residual = block.weighted(residual)
            slope += block.transposed_times(residual)
            bias_slope += residual.sum(axis=0)
        free = weights[self.free]
        loss += 0.5 * float((self.l2 * np.square(free)).sum())
        parts = [((slope[self.free] + self.l2 * free) / self.stretch).ravel()]
        return loss, np.concatenate([*parts, *([bias_slope / self.intercept_stretch] if self.fit_intercept else [])])

    def penalty(self) -> Floats:
        """[size] the l1 penalty along each axis of the vector."""
        weights = np.broadcast_to(self.l1 / self.stretch, (len(self.stretch), self.num_outputs)).ravel()
        return np.concatenate([weights, np.zeros(self.size - len(weights))])


def losses_and_residuals(raw: Floats, label: Floats) -> tuple[Floats, Floats]:
    """Log loss [n] of raw scores [n, c] for labels [n], and its derivative by the raw scores [n, c]."""
    if raw.shape[1] == 1:
        z = raw[:, 0]
        return np.logaddexp(0, z) - label * z, (expit(z) - label)[:, None]
    rows, classes = np.arange(len(raw)), label.astype(np.int64)
    losses: Floats = logsumexp(raw, axis=1) - raw[rows, classes]
    residuals = softmax(raw, axis=1)
    residuals[rows, classes] -= 1
    return losses, residuals


def _minimise(
    problem: LogisticProblem, watched: Design | None, options: LogisticRegOptions, context: FitContext
) -> tuple[Floats, Floats, tuple[Iteration, ...]]:
    total, curve, begun = problem.total_weight, list[Iteration](), [time.perf_counter()]
    with context.progress.phase("train", total=options.max_iterations, unit="iterations") as phase:

        def record(intermediate_result: object) -> None:
            vector, loss = _joined(intermediate_result.x, problem.size), float(intermediate_result.fun) / total  # type: ignore[attr-defined]
            eval_loss = None if watched is None else mean_log_loss(watched, *problem.unpack(vector))
            now = time.perf_counter()
            curve.append(
                Iteration(iteration=len(curve) + 1, loss=loss, eval_loss=eval_loss, duration_ms=1000 * (now - begun[0]))
            )
            begun[0] = now
            phase.advance(1, loss=loss, **({} if eval_loss is None else {"eval_loss": eval_loss}))

        start, function, bounds = _formulation(problem, split=options.l1_reg > 0)
        result = minimize(
            function,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            callback=record,
            options=_stopping(options, total, problem.size),
        )
    if result.status == 1:
        context.progress.note(
            f"logistic_reg did not converge in {options.max_iterations} iterations; raise max_iterations or l2_reg"
        )
    return (*problem.unpack(_joined(result.x, problem.size)), tuple(curve))


WIDE = 200_000
"""Weights from which L-BFGS remembers 7 steps instead of 20: each takes two vectors of that length."""


def _stopping(options: LogisticRegOptions, total_weight: float, size: int) -> Any:
    """L-BFGS ends when the gradient is nil to rounding, or no step lowers the loss."""
    most, kept = options.max_iterations, 7 if size >= WIDE else 20
    return {"maxiter": most, "maxfun": 20 * most, "maxcor": kept, "ftol": 1e-15, "gtol": 1e-9 * math.sqrt(total_weight)}


def _formulation(problem: LogisticProblem, *, split: bool) -> tuple[Floats, Objective, list[tuple[float, None]] | None]:
    """Start, function and bounds. With an l1 penalty the vector is the difference of two that are not negative."""
    if not split:
        return np.zeros(problem.size), problem.smooth, None
    penalty = np.tile(problem.penalty(), 2)

    def function(both: Floats) -> tuple[float, Floats]:
        loss, slope = problem.smooth(_joined(both, problem.size))
        return loss + float(penalty @ both), np.concatenate([slope, -slope]) + penalty

    return np.zeros(2 * problem.size), function, [(0.0, None)] * (2 * problem.size)


def _joined(vector: Floats, size: int) -> Floats:
    return vector if len(vector) == size else vector[:size] - vector[size:]


def mean_log_loss(design: Design, weights: Floats, intercept: Floats) -> float:
    """Weighted mean log loss over the rows of a split, for weights [w, c] of the scaled columns."""
    total, total_weight = 0.0, 0.0
    for block in design.blocks():
        losses, _ = losses_and_residuals(block.times(weights) + intercept, block.label)
        total += float(block.weighted(losses).sum())
        total_weight += float(len(losses) if block.weight is None else block.weight.sum())
    return total / total_weight

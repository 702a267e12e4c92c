"""`WeightErrors`: how well the rows determine each weight of a linear model that was fitted without a penalty.

Shapes: f free columns and perhaps an intercept, p = f or f + 1 parameters of each of c outputs.

Least squares: σ² (XᵀGX)⁺ with σ² = Σ g (y − ŷ)² / (Σ g − rank), Student's t. Logistic regression: the inverse of the
Fisher information XᵀG p (1 − p) X, the normal z; of c classes, its inverse among weights that add up to 0 over the
classes, which are those that the model has. A weight g counts as g rows.

Where columns are collinear, some weights could be anything, if others make up for it. A weight is *estimable* where
that is not so; only then it has an error (Searle, Linear Models, 1971, section 5.4). Parameters are those of columns
that have mean 0, whatever the features' units, so that few digits are lost.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

from hagane.errors import Fault, TrainingError
from hagane.models.design import Design
from hagane.models.moments import Moments

Floats = npt.NDArray[np.float64]
MOST_PARAMETERS = 3000
"""Of all outputs together: their matrix is inverted."""
RANK_TOLERANCE = 1e-11
"""Directions with an eigenvalue below this share of the largest are not determined by the rows."""
ESTIMABLE = 1e-6
"""Share of a weight that may lie in such directions, as the rounding of those that are."""


class WeightErrors(NamedTuple):
    """`covariance` [c, p, p] of each output's parameters, and `null` [p, m], what the rows do not determine.

    `mean` [f] is what is taken off the columns.
    """

    covariance: Floats
    null: Floats
    mean: Floats
    degrees_of_freedom: float | None
    """Of Student's t; None for the normal distribution."""

    def of(self, combination: Floats) -> Floats:
        """[c] the standard error of a combination [p] of an output's parameters; NaN where it is not estimable."""
        size = float(np.linalg.norm(combination))
        if not size or float(np.linalg.norm(combination @ self.null)) > ESTIMABLE * size:
            return np.full(len(self.covariance), np.nan)
        variance = np.einsum("p,cpq,q->c", combination, self.covariance, combination)
        found: Floats = np.sqrt(np.maximum(variance, 0))
        return found

    def of_each(self) -> Floats:
        """[f, c] the standard error of every weight."""
        f = len(self.mean)
        errors = np.sqrt(np.maximum(np.diagonal(self.covariance, axis1=1, axis2=2), 0)).T[:f]
        known = np.linalg.norm(self.null[:f], axis=1) <= ESTIMABLE
        return np.where(known[:, None], errors, np.nan)

    def p_values(self, weights: Floats, errors: Floats) -> Floats:
        """Of the hypothesis that a weight is 0, two-sided."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.abs(weights) / errors
        tail = stats.norm.sf(ratio) if self.degrees_of_freedom is None else stats.t.sf(ratio, self.degrees_of_freedom)
        return np.asarray(2 * tail, np.float64)


def require_few_parameters(design: Design, num_outputs: int) -> None:
    """Raises TrainingError, before anything is fitted, where p-values cannot be had."""
    num_parameters = (int(design.free_columns().sum()) + 1) * num_outputs
    if num_parameters > MOST_PARAMETERS:
        step = "limit the categories with top_k in ML.ONE_HOT_ENCODER, or set calculate_p_values: false"
        most, where = f"at most {MOST_PARAMETERS:,} weights", "model.options.calculate_p_values"
        what = "p-values are not to be had for so wide a model"
        raise TrainingError(
            Fault(what=what, where=where, expected=most, received=f"{num_parameters:,}", next_step=step)
        )


def errors_of_least_squares(
    design: Design, moments: Moments, mean_squared_error: float, *, fit_intercept: bool
) -> WeightErrors:
    """From the Gram matrix and the mean squared error over the training rows."""
    free = design.free_columns()
    gram = moments.centred_gram(fit_intercept=fit_intercept)[np.ix_(free, free)]
    information = _with_intercept(gram, moments.total) if fit_intercept else gram
    inverse, null = _inverse(information)
    left = moments.total - (len(information) - null.shape[1])
    variance = mean_squared_error * moments.total / left if left > 0 else np.nan
    mean = moments.sums[free] / moments.total * fit_intercept
    return WeightErrors(variance * inverse[None], null, mean, max(left, 0.0))


def errors_of_logistic_regression(
    design: Design, moments: Moments, weights: Floats, intercept: Floats, *, fit_intercept: bool
) -> WeightErrors:
    """From the Fisher information at weights [w, c] of the scaled columns: one pass over the rows.

    All errors are NaN where the rows separate the classes: the likelihood has no maximum then.
    """
    free, c = design.free_columns(), len(intercept)
    mean = moments.sums[free] / moments.total * fit_intercept
    p = len(mean) + fit_intercept
    information, plain = np.zeros((c, p, c, p)), np.zeros((p, p))
    for block in design.blocks():
        for part in block.parts(p):
            x = np.concatenate([part.dense, part.slots.toarray()], axis=1)[:, free] - mean
            x = np.concatenate([x, np.ones((len(x), 1))], axis=1) if fit_intercept else x
            _add_information(information, x, part.raw(weights, intercept), part.weighted(np.ones(len(x))))
            plain += x.T @ part.weighted(x)
    null = _inverse(plain)[1]
    inverse, unknown = _inverse(information.reshape(c * p, c * p), scale=np.sqrt(np.diag(plain)))
    if c * p - unknown.shape[1] < max(1, c - 1) * (p - null.shape[1]):
        inverse = np.full_like(inverse, np.nan)
    blocks = inverse.reshape(c, p, c, p)
    return WeightErrors(np.stack([blocks[k, :, k] for k in range(c)]), null, mean, None)


def _add_information(information: Floats, x: Floats, raw: Floats, weight: Floats) -> None:
    """Add the Fisher information of rows [n, p] with raw scores [n, c]."""
    if raw.shape[1] == 1:
        chance = 1 / (1 + np.exp(-np.abs(raw[:, 0])))
        information[0, :, 0] += x.T @ (x * (weight * chance * (1 - chance))[:, None])
        return
    raw -= raw.max(axis=1, keepdims=True)
    chances = np.exp(raw)
    chances /= chances.sum(axis=1, keepdims=True)
    for k in range(raw.shape[1]):
        for other in range(k + 1):
            bend = weight * chances[:, k] * ((k == other) - chances[:, other])
            added = x.T @ (x * bend[:, None])
            information[k, :, other] += added
            if other < k:
                information[other, :, k] += added


def _with_intercept(gram: Floats, total: float) -> Floats:
    wide = np.zeros((len(gram) + 1, len(gram) + 1))
    wide[:-1, :-1], wide[-1, -1] = gram, total
    return wide


def _inverse(information: Floats, *, scale: Floats | None = None) -> tuple[Floats, Floats]:
    """The inverse where there is one, and directions [p, m] that span where there is none.

    Columns are scaled to one length first; with `scale` [p / c] alike for every output, so that weights which add up to
    0 over the outputs still do.
    """
    sizes = np.sqrt(np.maximum(np.diag(information), 0))
    if scale is not None:
        sizes = np.tile(scale, len(information) // len(scale))
    units = np.where(sizes > 0, 1 / np.where(sizes > 0, sizes, 1.0), 0.0)
    values, vectors = np.linalg.eigh(information * np.outer(units, units))
    kept = values > RANK_TOLERANCE * max(float(values[-1]), 0.0)
    within = vectors[:, kept] / np.sqrt(values[kept])
    inverse = (within @ within.T) * np.outer(units, units)
    null = vectors[:, ~kept] * np.where(units > 0, units, 1.0)[:, None]
    lengths = np.linalg.norm(null, axis=0)
    return inverse, null / np.where(lengths > 0, lengths, 1.0)

"""`LinearProblem`: the penalised loss of a linear model over all rows, as a function of one vector.

Shapes: w columns, f of them free, c outputs, vector [(f + 1) · c].

The vector holds z [f, c] along `Axes` and an intercept [c] each. The intercept is that of columns with their means
taken off: so the curvature by it and by the weights do not mix, though the columns of slots stay sparse.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hagane.models.axes import Axes
from hagane.models.design import Design
from hagane.models.linear_options import LinearOptions
from hagane.models.moments import Moments
from hagane.models.row_losses import RowLoss
from hagane.models.solvers.method import SolverState

Floats = npt.NDArray[np.float64]


class LinearProblem:
    """Σ weight · loss(Xw + b) + ½ Σ l2 w² as `smooth`, and `l1` [size] for the solver."""

    def __init__(
        self,
        design: Design,
        moments: Moments,
        axes: Axes,
        options: LinearOptions,
        *,
        row_loss: RowLoss,
        curvature: Floats,
        level: Floats,
    ) -> None:
        """`curvature` [c] of the loss by the raw score, and `level` [c], the intercept to begin with."""
        self.design, self.moments, self.axes, self.row_loss = design, moments, axes, row_loss
        self.free, self.num_outputs = design.free_columns(), len(level)
        self.fit_intercept = options.fit_intercept
        scale = design.column_scale()[self.free, None]
        self.l2 = options.l2_reg / np.square(scale)
        self._mean = moments.sums[self.free] / moments.total * options.fit_intercept
        self._level = level
        self._stretch = np.sqrt(curvature * moments.total)
        self._has_common = self.num_outputs > 1 and not options.l1_reg
        penalty = (options.l1_reg / scale * axes.unit).ravel()
        self.l1 = np.concatenate([penalty, np.zeros(self.num_outputs * self.fit_intercept)])

    @property
    def has_rows(self) -> npt.NDArray[np.bool_]:
        """[w] whether some row has another value than 0 in a column."""
        return np.asarray(self.moments.squares > 0)

    @property
    def start(self) -> Floats:
        """[size] no weights, and the intercept that is best then."""
        return np.zeros(len(self.l1))

    def packed(self, weights: Floats, intercept: Floats) -> Floats:
        """[size] of weights [w, c] for the scaled columns and intercepts [c]: what `unpack` makes them of."""
        found = weights[self.free]
        numbers = self.axes.numbers(found).ravel()
        if not self.fit_intercept:
            return numbers
        return np.concatenate([numbers, (intercept - self._level + self._mean @ found) * self._stretch])

    def unpack(self, vector: Floats) -> tuple[Floats, Floats]:
        """Weights [w, c] for the scaled columns, and intercepts [c]."""
        num_free, c = len(self._mean), self.num_outputs
        weights = np.zeros((self.design.num_columns, c))
        found = self.axes.weights(vector[: num_free * c].reshape(num_free, c))
        weights[self.free] = found
        if not self.fit_intercept:
            return weights, np.zeros(c)
        return weights, self._level + vector[num_free * c :] / self._stretch - self._mean @ found

    def smooth(self, vector: Floats) -> tuple[float, Floats]:
        """The loss without the l1 part, and its gradient: one pass over the rows."""
        weights, intercept = self.unpack(vector)
        loss, slope, bias_slope = 0.0, np.zeros_like(weights), np.zeros_like(intercept)
        for block in self.design.blocks():
            for part in block.parts(self.num_outputs):
                losses, residual = self.row_loss(part.raw(weights, intercept), part.label)
                loss += float(part.weighted(losses).sum())
                residual = part.weighted(residual)
                slope += part.transposed_times(residual)
                bias_slope += residual.sum(axis=0)
        found = weights[self.free]
        loss += 0.5 * float((self.l2 * np.square(found)).sum())
        centred = slope[self.free] - self._mean[:, None] * bias_slope
        own, bias = self.axes.slope(centred + self.l2 * found), bias_slope / self._stretch
        if self._has_common:
            own = self.axes.without_common(own)
            bias = Axes(None, 1 / self._stretch[None, :]).without_common(bias[None, :])[0]
        return loss, np.concatenate([own.ravel(), *([bias] if self.fit_intercept else [])])

    def mean_loss(self, state: SolverState) -> float:
        """Of the training rows where a solver stands, without the penalties."""
        weights, _ = self.unpack(state.point)
        penalty = 0.5 * float((self.l2 * np.square(weights[self.free])).sum()) + float(self.l1 @ np.abs(state.point))
        return (state.loss - penalty) / self.moments.total


def mean_loss(design: Design, weights: Floats, intercept: Floats, row_loss: RowLoss) -> float:
    """Weighted mean loss over the rows of a split, for weights [w, c] of the scaled columns."""
    total, total_weight = 0.0, 0.0
    for block in design.blocks():
        for part in block.parts(len(intercept)):
            losses, _ = row_loss(part.raw(weights, intercept), part.label)
            total += float(part.weighted(losses).sum())
        total_weight += block.total_weight
    return total / total_weight

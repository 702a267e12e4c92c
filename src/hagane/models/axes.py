"""`Axes`: the coordinates in which a solver works, along which the loss curves about equally.

Shapes: f free columns, c outputs; z [f, c] the solver's numbers, weights [f, c] = `weights(z)`.

`own_axes` stretches each column by its own curvature: what an l1 penalty needs, and all that there is time for where
columns are many. `principal_axes` turns to the eigenvectors of the centred Gram matrix first: columns that go together
no longer slow the solver down.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hagane.models.least_squares import RANK_TOLERANCE

Floats = npt.NDArray[np.float64]


class Axes(NamedTuple):
    """weights = basis @ (z · `unit`); `basis` [f, f] is None where it is the identity; `unit` [f, c]."""

    basis: Floats | None
    unit: Floats

    def weights(self, z: Floats) -> Floats:
        """[f, c] of the solver's numbers."""
        scaled = z * self.unit
        return scaled if self.basis is None else self.basis @ scaled

    def numbers(self, weights: Floats) -> Floats:
        """[f, c] the solver's numbers of `weights`, less what lies in directions that are left out."""
        turned = weights if self.basis is None else self.basis.T @ weights
        return np.divide(turned, self.unit, out=np.zeros_like(turned), where=self.unit > 0)

    def slope(self, slope: Floats) -> Floats:
        """[f, c] by the solver's numbers, of one by the weights."""
        return (slope if self.basis is None else self.basis.T @ slope) * self.unit

    def without_common(self, slope: Floats) -> Floats:
        """[f, c] the slope by the solver's numbers, less what would move a weight of all outputs alike.

        Softmax does not see what all classes have in common, so only the penalty bends the loss that way, far less than
        along the axes: a solver that drifts there takes hundreds of iterations to come back. At the optimum nothing is
        in common, so that way need not be gone.
        """
        return slope - self.unit * _share(slope, self.unit)


def _share(slope: Floats, unit: Floats) -> Floats:
    """[f, 1] how much of each row of `unit` is in the row of `slope`."""
    sizes = np.square(unit).sum(axis=1, keepdims=True)
    share: Floats = (slope * unit).sum(axis=1, keepdims=True) / np.where(sizes > 0, sizes, 1.0)
    return share


def own_axes(squares: Floats, curvature: Floats, l2: Floats) -> Axes:
    """From Σ (x − mean)² of each column [f], the loss's curvature by the raw score [c], and the l2 penalties [f]."""
    return Axes(None, _unit(squares[:, None] * curvature + l2[:, None]))


def principal_axes(gram: Floats, curvature: Floats, l2: Floats) -> Axes:
    """From the centred Gram matrix [f, f]. Directions that neither the rows nor a penalty determine are left out."""
    values, basis = np.linalg.eigh(gram)
    values = np.where(values > RANK_TOLERANCE * max(float(values[-1]), 0.0), values, 0.0)
    penalty = np.square(basis).T @ l2
    return Axes(basis, _unit(values[:, None] * curvature + penalty[:, None]))


def _unit(curvatures: Floats) -> Floats:
    return np.where(curvatures > 0, 1 / np.sqrt(np.where(curvatures > 0, curvatures, 1.0)), 0.0)

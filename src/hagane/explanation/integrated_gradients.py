"""`IntegratedGradients`: attributions of a network by its gradients along the way from the baseline row.

Sundararajan et al. 2017, "Axiomatic Attribution for Deep Networks": φ_i = (x_i - b_i) ∫₀¹ ∂f/∂x_i (b + t (x - b)) dt.
The straight way runs through the columns that features have become: numbers as they are, categories and words as their
embeddings. The integral is taken by Gauss and Legendre's points; a row whose attributions do not yet add up to
f(x) - f(b) is taken again with twice as many, so that how many a row needs is its own affair.

Shapes: n rows, w columns, c raw scores, k points.
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from hagane.explanation.attributor import Attributed, Floats
from hagane.runtime.session import Session

NUM_POINTS = 16
MOST_POINTS = 1_024
TOLERANCE = 1e-3
"""Of what is missing, relative to the sum of what the columns add, regardless of sign."""
CHUNK_NUMBERS = 1 << 20
"""Numbers of columns that are worked on at once."""


class IntegratedGradients:
    """Of raw score `output` of the graph in `session`: `columns` [n, w], `seed` [n, c] → `raw`, `gradient` [n, w]."""

    uses_baseline_row = True

    def __init__(self, session: Session, output: int, num_raw: int, *, rounding: float = 0.0) -> None:
        """`rounding` is what is missing from a sum where nothing is but the last bits of the graph's own arithmetic."""
        self._session = session
        self._rounding = rounding
        self._output = output
        self._num_raw = num_raw

    def attribute(self, columns: Floats, baseline: Floats) -> Attributed:
        """Within `TOLERANCE` of adding up, where `MOST_POINTS` suffice."""
        found = np.zeros(columns.shape)
        at_baseline = self.scores(baseline[None])
        moved = self.scores(columns) - at_baseline
        left, num_points = np.arange(len(columns)), NUM_POINTS
        while len(left):
            found[left] = self._integrated(columns[left], baseline, num_points)
            missing = np.abs(found[left].sum(axis=1) - moved[left])
            left = left[missing > TOLERANCE * np.abs(found[left]).sum(axis=1) + self._rounding]
            num_points *= 2
            if num_points > MOST_POINTS:
                break
        return Attributed(found, np.full(len(columns), at_baseline[0]))

    def scores(self, columns: Floats) -> Floats:
        """[n, w] → [n]."""
        seed = np.zeros((len(columns), self._num_raw))
        raw = self._session.run({"columns": columns, "seed": seed}, ("raw",))["raw"]
        return np.asarray(raw[:, self._output], np.float64)

    def _integrated(self, columns: Floats, baseline: Floats, num_points: int) -> Floats:
        points, weights = _points(num_points)
        found, size = np.zeros(columns.shape), max(1, CHUNK_NUMBERS // (num_points * max(columns.shape[1], 1)))
        for start in range(0, len(columns), size):
            apart = columns[start : start + size] - baseline
            way = baseline + points[:, None] * apart[:, None]
            gradients = self._gradients(way.reshape(-1, columns.shape[1])).reshape(way.shape)
            for place, weight in enumerate(weights.tolist()):
                found[start : start + size] += weight * gradients[:, place]
            found[start : start + size] *= apart
        return found

    def _gradients(self, columns: Floats) -> Floats:
        seed = np.zeros((len(columns), self._num_raw))
        seed[:, self._output] = 1.0
        gradient = self._session.run({"columns": columns, "seed": seed}, ("gradient",))["gradient"]
        return np.asarray(gradient, np.float64)


@functools.cache
def _points(number: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Gauss's points in [0, 1], and their weights."""
    points, weights = np.polynomial.legendre.leggauss(number)
    return (points + 1) / 2, weights / 2

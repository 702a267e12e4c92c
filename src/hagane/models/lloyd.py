"""Lloyd's algorithm as a solver: each iteration moves every centroid to the mean of the rows nearest to it.

Lloyd 1982, "Least squares quantization in PCM". A row that moves makes a pass; sums are over all rows, in their order,
so that the same rows and the same start give the same bits.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hagane.models.clusters import Assigned, assign
from hagane.models.design import Design
from hagane.models.solvers.method import SolverState, Status

Floats = npt.NDArray[np.float64]


class LloydState(SolverState, frozen=True, kw_only=True):
    """Centroids, and what one pass over the rows found of them."""

    centroids: Floats
    """[k, w]; `point` is the same, flat."""
    sums: Floats
    counts: Floats
    squares: Floats
    farthest: Floats


class Lloyd:
    """From the centroids `first` [k, w] on."""

    State = LloydState

    def __init__(self, design: Design, first: Floats, *, is_cosine: bool, min_rel_progress: float) -> None:
        self._design, self._first, self._is_cosine = design, first, is_cosine
        self._min_rel_progress = min_rel_progress

    def start(self) -> LloydState:
        """A pass over the rows."""
        return self._state(self._first, 0, "running", None)

    def step(self, state: LloydState) -> LloydState:
        """Another: converged where no centroid moves any more, or the loss falls by less than was asked for."""
        found = Assigned(state.loss, state.sums, state.counts, state.squares, state.farthest)
        moved = found.means(state.centroids)
        if np.array_equal(moved, state.centroids):
            return self._told(state, state.iteration + 1, "converged")
        return self._state(moved, state.iteration + 1, "running", state.loss)

    def _state(self, centroids: Floats, iteration: int, status: Status, before: float | None) -> LloydState:
        found = assign(self._design.blocks(), centroids, is_cosine=self._is_cosine)
        if before is not None and before - found.loss < self._min_rel_progress * before:
            status = "converged"
        return LloydState(
            point=centroids.ravel(),
            loss=found.loss,
            iteration=iteration,
            status=status,
            centroids=centroids,
            sums=found.sums,
            counts=found.counts,
            squares=found.squares,
            farthest=found.farthest,
        )

    @staticmethod
    def _told(state: LloydState, iteration: int, status: Status) -> LloydState:
        return LloydState(
            point=state.point,
            loss=state.loss,
            iteration=iteration,
            status=status,
            centroids=state.centroids,
            sums=state.sums,
            counts=state.counts,
            squares=state.squares,
            farthest=state.farthest,
        )

"""Lloyd's algorithm as a solver: each iteration moves every centroid to the mean of the rows nearest to it.

Lloyd 1982, "Least squares quantization in PCM". A row that moves makes a pass; sums are over all rows, in their order,
so that the same rows and the same start give the same bits.
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.models.clusters import Assigned, assign, farthest_points
from hagane.models.design import Design
from hagane.models.solvers.method import SolverState

Floats = npt.NDArray[np.float64]


class LloydState(SolverState, frozen=True, kw_only=True):
    """Centroids, and what one pass over the rows found of them."""

    centroids: Floats
    """[k, w]; `point` is the same, flat."""
    sums: Floats
    counts: Floats
    squares: Floats


class Lloyd:
    """From the centroids `first` [k, w] on."""

    State = LloydState

    def __init__(self, design: Design, first: Floats, *, is_cosine: bool, min_rel_progress: float) -> None:
        self._design, self._first, self._is_cosine = design, first, is_cosine
        self._min_rel_progress = min_rel_progress

    def start(self) -> LloydState:
        """A pass over the rows."""
        return self._state(self._first, 0, None)

    def step(self, state: LloydState) -> LloydState:
        """Another: converged where no centroid moves any more, or the loss falls by less than was asked for.

        A centroid without a row takes the place of a row that lies farthest off, which takes a pass more.
        """
        found = Assigned(state.loss, state.sums, state.counts, state.squares)
        moved = found.means(state.centroids)
        empty = np.flatnonzero(state.counts == 0)
        if len(empty):
            blocks = self._design.blocks()
            far = farthest_points(blocks, state.centroids, len(empty), is_cosine=self._is_cosine)
            moved[empty[: len(far)]] = far
        if np.array_equal(moved, state.centroids):
            return msgspec.structs.replace(state, iteration=state.iteration + 1, status="converged")
        return self._state(moved, state.iteration + 1, state.loss)

    def _state(self, centroids: Floats, iteration: int, before: float | None) -> LloydState:
        found = assign(self._design.blocks(), centroids, is_cosine=self._is_cosine)
        gains = before is None or before - found.loss >= self._min_rel_progress * before
        return LloydState(
            point=centroids.ravel(),
            loss=found.loss,
            iteration=iteration,
            status="running" if gains else "converged",
            centroids=centroids,
            sums=found.sums,
            counts=found.counts,
            squares=found.squares,
        )

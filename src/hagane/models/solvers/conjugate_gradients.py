"""`ConjugateGradients`: A x = b for a positive semidefinite A that is known by its products alone.

Hestenes and Stiefel, Methods of conjugate gradients for solving linear systems (1952), preconditioned by a diagonal.
The loss of a state is ½ xᵀAx − bᵀx.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hagane.models.solvers.method import Floats, SolverState


class ConjugateGradientsState(SolverState, frozen=True, kw_only=True):
    """`residual` b − Ax [p], and where the next step goes, `direction` [p]."""

    residual: Floats
    direction: Floats


class ConjugateGradients:
    """Until the residual is below `tolerance` times |b|: a product an iteration.

    >>> matrix = np.array([[2.0, 1.0], [1.0, 3.0]])
    >>> method = ConjugateGradients(lambda x: matrix @ x, np.array([3.0, 4.0]), 1 / np.diag(matrix), tolerance=1e-12)
    >>> state = method.start()
    >>> while state.status == "running":
    ...     state = method.step(state)
    >>> state.point.round(9).tolist(), state.iteration
    ([1.0, 1.0], 2)
    """

    State = ConjugateGradientsState

    def __init__(
        self,
        times: Callable[[Floats], Floats],
        target: Floats,
        inverse_diagonal: Floats,
        *,
        tolerance: float,
        first: Floats | None = None,
    ) -> None:
        self.times = times
        self.target = target
        self.first = first
        self.inverse = inverse_diagonal
        self.limit = tolerance * float(np.linalg.norm(target))

    def start(self) -> ConjugateGradientsState:
        """At `first`, which takes a product; at nought where none is given."""
        point = np.zeros_like(self.target) if self.first is None else self.first
        residual = self.target.copy() if self.first is None else self.target - self.times(self.first)
        status = "running" if float(np.linalg.norm(residual)) > self.limit else "converged"
        return ConjugateGradientsState(
            point=point,
            loss=-0.5 * float(point @ (self.target + residual)),
            residual=residual,
            direction=self.inverse * residual,
            status=status,  # type: ignore[arg-type]
        )

    def step(self, state: ConjugateGradientsState) -> ConjugateGradientsState:
        """The lowest point along the direction, and the next direction."""
        product = self.times(state.direction)
        size = float(state.residual @ (self.inverse * state.residual))
        curvature = float(state.direction @ product)
        if not curvature > 0:
            return self._next(state, state.point, state.residual, state.direction, is_stuck=True)
        length = size / curvature
        residual = state.residual - length * product
        scaled = self.inverse * residual
        direction = scaled + (float(residual @ scaled) / size) * state.direction
        return self._next(state, state.point + length * state.direction, residual, direction)

    def _next(
        self, state: ConjugateGradientsState, point: Floats, residual: Floats, direction: Floats, is_stuck: bool = False
    ) -> ConjugateGradientsState:
        is_over = float(np.linalg.norm(residual)) <= self.limit
        return ConjugateGradientsState(
            point=point,
            loss=-0.5 * float(point @ (self.target + residual)),
            residual=residual,
            direction=direction,
            iteration=state.iteration + 1,
            status="converged" if is_over else "stuck" if is_stuck else "running",
        )

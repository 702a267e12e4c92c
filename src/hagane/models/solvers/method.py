"""What an iterative solver is: a first state, and a function from one state to the next.

Between two iterations all of it is a frozen Struct of arrays and numbers. That is what a checkpoint holds; from it the
same states follow, bit by bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Status = Literal["running", "converged", "stuck"]
"""`stuck`: no step lowers the loss, though the slope is not nil."""


class SolverState(msgspec.Struct, frozen=True, kw_only=True):
    """Where a solver stands: what it has found, `point` [p], and the penalised `loss` there."""

    point: Floats
    loss: float
    iteration: int = 0
    status: Status = "running"


S = TypeVar("S", bound=SolverState)


class Method(Protocol[S]):
    """An iterative solver. `start` and `step` may each pass over the rows."""

    State: type[S]

    def start(self) -> S:
        """The state before the first iteration."""

    def step(self, state: S) -> S:
        """The state after one more."""


def take_apart(state: SolverState) -> tuple[dict[str, Floats], dict[str, Any]]:
    """The arrays of a state by name, and the rest.

    >>> take_apart(SolverState(point=np.zeros(1), loss=2.5))
    ({'point': array([0.])}, {'loss': 2.5, 'iteration': 0, 'status': 'running'})
    """
    parts = msgspec.structs.asdict(state)
    arrays = {name: part for name, part in parts.items() if isinstance(part, np.ndarray)}
    return arrays, {name: part for name, part in parts.items() if name not in arrays}


def put_together(kind: type[S], arrays: Mapping[str, Floats], rest: Mapping[str, Any]) -> S:
    """What `take_apart` took apart."""
    parts: dict[str, Any] = {name: arrays[name] for name in kind.__struct_fields__ if name in arrays}
    return kind(**parts, **rest)

"""`check_search`: whether an algorithm can search a space."""

from __future__ import annotations

from collections.abc import Iterator

from hagane.errors import Fault, SpecError
from hagane.tuning.cma_axes import LEAST_AXES, axes_of
from hagane.tuning.objective import Objective
from hagane.tuning.space import Space


def check_search(algorithm: str, space: Space, objectives: tuple[Objective, ...]) -> None:
    """Raise SpecError where it cannot.

    >>> from hagane.tuning.dimension import Dimension
    >>> check_search("grid", Space((Dimension(name="x", low=0.0, high=1.0),)), ())
    Traceback (most recent call last):
    hagane.errors.SpecError: a grid needs a finite space: x is a continuum
      where: tuning.algorithm
      expected: candidates, whole numbers, or a step (tuning.parameters.x.step)
      received: grid
    """
    if faults := [*_faults(algorithm, space, objectives)]:
        raise SpecError(*faults)


def _faults(algorithm: str, space: Space, objectives: tuple[Objective, ...]) -> Iterator[Fault]:
    where = "tuning.algorithm"
    if algorithm == "grid":
        for name in (each.name for each in space.dimensions if each.num_points is None):
            yield Fault(what=f"a grid needs a finite space: {name} is a continuum", where=where, received=algorithm,
                        expected=f"candidates, whole numbers, or a step (tuning.parameters.{name}.step)")  # fmt: skip
    if algorithm == "cma_es":
        if len(objectives) > 1:
            yield Fault(what="CMA-ES searches for one objective", where=where, received=algorithm,
                        next_step="choose tpe, which finds a Pareto front, or name one objective")  # fmt: skip
        if (found := len(axes_of(space))) < LEAST_AXES:
            yield Fault(what="CMA-ES searches numbers, two at least, that always play a part", where=where,
                        received=f"{found} of them", next_step="choose tpe")  # fmt: skip

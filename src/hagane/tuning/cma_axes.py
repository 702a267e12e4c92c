"""`axes_of`: what CMA-ES searches of a space."""

from __future__ import annotations

from hagane.tuning.dimension import Dimension
from hagane.tuning.space import Space

LEAST_AXES = 2


def axes_of(space: Space) -> tuple[Dimension, ...]:
    """Its dimensions that are ranges and always play a part, `LEAST_AXES` at least; others are drawn at random.

    >>> axes_of(Space((Dimension(name="x", low=1, high=9), Dimension(name="kind", candidates=(1, 2)))))[0].name
    'x'
    """
    return tuple(each for each in space.dimensions if not each.candidates and not each.when)

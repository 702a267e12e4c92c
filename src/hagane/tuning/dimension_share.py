"""`dimension_share`: how far along its range a value lies, as the range's scale has it."""

from __future__ import annotations

import math
from typing import Any

from hagane.tuning.dimension import Dimension

SMALLEST = 1e-14
"""What 0 is on a logarithmic scale: BigQuery ML's."""


def dimension_share(dimension: Dimension, value: Any) -> float | None:
    """0 at the low end, 1 at the high one; of candidates by their order. None: it lies nowhere.

    >>> dimension_share(Dimension(name="x", low=1e-4, high=1.0, scale="log"), 0.01)
    0.5
    >>> dimension_share(Dimension(name="x", low=0, high=8), 2)
    0.25
    >>> dimension_share(Dimension(name="x", candidates=("a", "b")), "b")
    1.0
    """
    if dimension.candidates:
        return _candidate_share(dimension.candidates, value)
    low, high = dimension.low, dimension.high
    if low is None or high is None or isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if high <= low:
        return 0.5
    if dimension.scale == "log":
        return _log_share(low, high, value)
    if dimension.scale == "reverse_log":
        return 1 - _log_share(low, high, low + high - value)
    return (value - low) / (high - low)


def _log_share(low: float, high: float, value: float) -> float:
    least = max(low, SMALLEST)
    return (math.log(max(value, least)) - math.log(least)) / (math.log(high) - math.log(least))


def _candidate_share(candidates: tuple[Any, ...], value: Any) -> float | None:
    places = [at for at, each in enumerate(candidates) if plain(each) == plain(value)]
    if not places:
        return None
    return places[0] / (len(candidates) - 1) if len(candidates) > 1 else 0.5


def plain(value: Any) -> Any:
    """A value that equals itself after a round through JSON; True is not 1.

    >>> plain((1, 2)) == plain([1, 2]), plain(True) == plain(1)
    (True, False)
    """
    if isinstance(value, list | tuple):
        return ("array", *map(plain, value))
    return (type(value) is bool, value)

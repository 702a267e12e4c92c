"""`edge_notes`: where the best values lie at an end of their range, so that better ones may lie beyond it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from hagane.number_text import brief_text
from hagane.tuning.dimension import Dimension

NEAR = 0.05
"""Share of a range, on its scale, within which a value lies at its end."""
FEW_POINTS = 20
"""Of a range of so few values only the last one is its end."""
FEWEST_CANDIDATES = 3


def edge_notes(
    dimensions: Sequence[Dimension],
    best: Mapping[str, Any],
    can_be: Callable[[str, Any], bool] = lambda name, value: True,
) -> Iterator[str]:
    """A sentence for each hyperparameter of `best` at an end, with the range to try; ends beyond which there is nothing
    (`can_be` of a name and a value says so) are none.

    >>> rate = Dimension(name="model.options.learn_rate", low=0.01, high=0.1, scale="log")
    >>> list(edge_notes([rate], {"model.options.learn_rate": 0.098}))
    ['model.options.learn_rate: the best value, 0.098, lies at the upper end of its range; try up to 0.3162']
    """
    for dimension in dimensions:
        value = best.get(dimension.name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        for side, beyond in _ends(dimension, value):
            if can_be(dimension.name, beyond):
                where, to = ("upper", "up") if side > 0 else ("lower", "down")
                yield (
                    f"{dimension.name}: the best value, {brief_text(value)}, lies at the {where} end of its range; "
                    f"try {to} to {brief_text(beyond)}"
                )


def _ends(dimension: Dimension, value: float) -> Iterator[tuple[int, int | float]]:
    """At which side (-1, 1) it lies, and a value beyond."""
    numbers = sorted(one for one in dimension.candidates if isinstance(one, int | float) and not isinstance(one, bool))
    if dimension.candidates:
        if len(numbers) < len(dimension.candidates) or len(numbers) < FEWEST_CANDIDATES:
            return
        scale = "log" if numbers[0] > 0 and numbers[-1] / numbers[0] > 4 * len(numbers) else "linear"
        low, high, near = numbers[0], numbers[-1], 0.0
    else:
        low, high = dimension.ends
        scale = dimension.scale
        near = 0.0 if (dimension.num_points or math.inf) <= FEW_POINTS else NEAR
    place = _share(value, low, high, scale)
    is_whole = all(isinstance(one, int) for one in (low, high))
    for side in (-1, 1):
        if (place if side < 0 else 1.0 - place) <= near and (beyond := _beyond(low, high, scale, side)) is not None:
            yield side, (math.floor(beyond) if side < 0 else math.ceil(beyond)) if is_whole else beyond


def _share(value: float, low: float, high: float, scale: str) -> float:
    """How far along the range, on its scale."""
    if scale == "log" and low > 0:
        return math.log(value / low) / math.log(high / low)
    if scale == "reverse_log" and low > 0:
        return 1.0 - math.log((low + high - value) / low) / math.log(high / low)
    return (value - low) / (high - low)


def _beyond(low: float, high: float, scale: str, side: int) -> float | None:
    """Half of the range further, on its scale; a range of positive numbers goes on with such, one from 0 ends there."""
    if scale == "log" and low > 0:
        times = math.sqrt(high / low)
        return float(f"{high * times if side > 0 else low / times:.4g}")
    if side > 0:
        return float(f"{high + (high - low) / 2:.4g}")
    lower = low - (high - low) / 2
    if low < 0 or lower > 0:
        return float(f"{lower:.4g}")
    return (
        max(1.0, low // 2)
        if isinstance(low, int) and low > 1
        else low / 2
        if isinstance(low, float) and low > 0
        else None
    )

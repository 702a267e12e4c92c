"""How a dimension stands in Optuna's storage: a distribution, and a value of it for each of the dimension's.

Candidates stand there as texts, so that whatever else reads the study shows them; a reverse log scale as the distance
from the other end; fractions in steps as the number of the step, on a log scale as a number near to one.
"""

from __future__ import annotations

from typing import Any

import msgspec
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from hagane.tuning.dimension import Dimension, same_value


def distribution_of(dimension: Dimension) -> BaseDistribution:
    """What Optuna samples for it.

    >>> distribution_of(Dimension(name="x", low=1, high=9, scale="log"))
    IntDistribution(high=9, log=True, low=1, step=1)
    """
    if dimension.candidates:
        return CategoricalDistribution([_text(one) for one in dimension.candidates])
    low, high = dimension.ends
    if dimension.is_whole and (dimension.scale == "linear" or dimension.step is None):
        if dimension.scale == "linear":
            step = int(dimension.step or 1)
            return IntDistribution(int(low), int(low) + (int(high) - int(low)) // step * step, step=step)
        return IntDistribution(int(low), int(high), log=True)
    if dimension.scale != "linear":
        return FloatDistribution(float(low), float(high), log=True)
    if dimension.step is not None:
        return IntDistribution(0, (dimension.num_points or 1) - 1)
    return FloatDistribution(float(low), float(high))


def stored_value(dimension: Dimension, value: Any) -> Any:
    """A value of the dimension as its distribution has it.

    >>> stored_value(Dimension(name="x", low=1, high=9, scale="reverse_log"), 9)
    1
    """
    if dimension.candidates:
        return next(_text(one) for one in dimension.candidates if same_value(one, value))
    if _is_counted(dimension):
        low, _ = dimension.ends
        return round((value - low) / (dimension.step or 1))
    return _turned(dimension, value)


def value_of(dimension: Dimension, stored: Any) -> Any:
    """The value that `stored` stands for; candidates as they were written.

    >>> sizes = Dimension(name="x", candidates=((64,), (64, 32)))
    >>> value_of(sizes, stored_value(sizes, [64, 32]))
    [64, 32]
    """
    if dimension.candidates:
        return _plain(next(one for one in dimension.candidates if _text(one) == stored))
    if _is_counted(dimension):
        return dimension.point(int(stored))
    turned = _turned(dimension, stored)
    return dimension.nearest(turned) if dimension.step is not None else turned


def _is_counted(dimension: Dimension) -> bool:
    return dimension.step is not None and not dimension.is_whole and dimension.scale == "linear"


def _turned(dimension: Dimension, value: Any) -> Any:
    if dimension.scale != "reverse_log":
        return value
    low, high = dimension.ends
    return min(max(low + high - value, low), high)


def _text(value: Any) -> str:
    """Of another text for each value: a text in quotes, as JSON has it."""
    return msgspec.json.encode(value).decode()


def _plain(value: Any) -> Any:
    return [_plain(part) for part in value] if isinstance(value, tuple) else value

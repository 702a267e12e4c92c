"""`Dimension`: one hyperparameter of a search space, with all that a search must know of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from hagane.spec.tuning import Scale


class Dimension(msgspec.Struct, frozen=True, kw_only=True):
    """Values between `low` and `high`, both included (whole numbers where both are), or one of `candidates`."""

    name: str
    """The hyperparameter's (`hagane.workflow.hyperparameters`)."""
    low: int | float | None = None
    high: int | float | None = None
    scale: Scale = "linear"
    step: int | float | None = None
    candidates: tuple[Any, ...] = ()
    default: Any = None
    """Where the search starts; None: nobody knows."""
    when: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    """Other dimensions with the values of which one must be chosen for this one to play a part."""

    @property
    def is_whole(self) -> bool:
        """Whether only whole numbers lie in it.

        >>> Dimension(name="x", low=1, high=9).is_whole, Dimension(name="x", low=1, high=9.5).is_whole
        (True, False)
        """
        return isinstance(self.low, int) and isinstance(self.high, int)

    @property
    def ends(self) -> tuple[int | float, int | float]:
        """`low` and `high` of a range."""
        assert self.low is not None
        assert self.high is not None
        return self.low, self.high

    @property
    def num_points(self) -> int | None:
        """How many values it has; None: a continuum.

        >>> Dimension(name="x", low=0, high=9, step=2).num_points, Dimension(name="x", low=0.0, high=1.0).num_points
        (5, None)
        """
        if self.candidates:
            return len(self.candidates)
        low, high = self.ends
        if self.step is None:
            return int(high) - int(low) + 1 if self.is_whole else None
        return math.floor((high - low) / self.step * (1 + 1e-12)) + 1

    def point(self, index: int) -> Any:
        """The value with this number, from 0.

        >>> Dimension(name="x", low=0.0, high=1.0, step=0.1).point(3)
        0.3
        """
        if self.candidates:
            return self.candidates[index]
        low, high = self.ends
        if self.is_whole:
            return int(low) + index * int(self.step or 1)
        assert self.step is not None
        return min(max(float(f"{low + index * self.step:.12g}"), low), high)  # 0.1 * 3 is no 0.3

    def nearest(self, value: Any) -> Any:
        """The value of the space that is most like `value`; the first candidate where no two numbers are compared.

        >>> Dimension(name="x", low=2, high=8).nearest(31), Dimension(name="x", candidates=(5, 10, 20)).nearest(11)
        (8, 10)
        """
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if self.candidates:
            same = [one for one in self.candidates if same_value(one, value)]
            numbers = [one for one in self.candidates if isinstance(one, int | float) and not isinstance(one, bool)]
            near = sorted(numbers, key=lambda one: abs(one - value)) if is_number else []
            return [*same, *near, *self.candidates][0]
        low, high = self.ends
        clamped = min(max(value, low), high) if is_number else self.middle
        if self.step is not None:
            return self.point(min(round((clamped - low) / self.step), (self.num_points or 1) - 1))
        return round(clamped) if self.is_whole else float(clamped)

    @property
    def middle(self) -> int | float:
        """Of a range, on its scale.

        >>> Dimension(name="x", low=1, high=10000, scale="log").middle
        100.0
        """
        low, high = self.ends
        if self.scale == "linear":
            return (low + high) / 2
        middle = math.sqrt(low * high)
        return middle if self.scale == "log" else low + high - middle

    def admits(self, value: Any) -> bool:
        """Whether `value` lies in it.

        >>> [Dimension(name="x", low=2, high=8, step=3).admits(value) for value in (5, 6, 5.0, True)]
        [True, False, False, False]
        """
        if self.candidates:
            return any(same_value(one, value) for one in self.candidates)
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or (self.is_whole and isinstance(value, float))
        ):
            return False
        low, high = self.ends
        return low <= value <= high and (self.step is None or math.isclose(self.nearest(value), value, rel_tol=1e-9))

    def plays(self, values: Mapping[str, Any]) -> bool:
        """Whether it plays a part where the others have these values.

        >>> Dimension(name="dropout", low=0.0, high=0.5, when=(("booster", ("dart",)),)).plays({"booster": "gbtree"})
        False
        """
        return all(
            name in values and any(same_value(values[name], one) for one in wanted) for name, wanted in self.when
        )


def same_value(one: Any, other: Any) -> bool:
    """Whether both are the same choice: true is not 1, and a list is a tuple.

    >>> same_value(1, True), same_value([64, 32], (64, 32)), same_value(1, 1.0)
    (False, True, True)
    """
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same_value, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)

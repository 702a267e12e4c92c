"""`Space`: all that is searched: the dimensions, those that decide over others first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from hagane.tuning.dimension import Dimension


class Space(msgspec.Struct, frozen=True):
    """Dimensions in an order in which each stands behind those that its `when` names (`make_space`).

    >>> kind = Dimension(name="kind", candidates=("a", "b"))
    >>> space = Space((kind, Dimension(name="x", low=1, high=3, when=(("kind", ("b",)),))))
    >>> space.num_points, list(space.points())[1]
    (4, {'kind': 'b', 'x': 1})
    """

    dimensions: tuple[Dimension, ...]

    def __getitem__(self, name: str) -> Dimension:
        return next(dimension for dimension in self.dimensions if dimension.name == name)

    @property
    def names(self) -> tuple[str, ...]:
        """Of all dimensions."""
        return tuple(dimension.name for dimension in self.dimensions)

    @property
    def num_points(self) -> int | None:
        """How many choices there are, each counted once where dimensions play no part; None: a continuum.

        >>> Space((Dimension(name="x", low=0, high=9), Dimension(name="y", candidates=("a", "b")))).num_points
        20
        """
        if any(dimension.num_points is None for dimension in self.dimensions):
            return None
        deciding = {name for dimension in self.dimensions for name, _ in dimension.when}
        return sum(
            math.prod(
                each.num_points or 1 for each in self.dimensions if each.name not in deciding and each.plays(values)
            )
            for values in self._points([each for each in self.dimensions if each.name in deciding], {})
        )

    def default_point(self) -> dict[str, Any]:
        """Where the search starts: each dimension's default, else its middle or first candidate.

        >>> Space((Dimension(name="x", low=1, high=9), Dimension(name="y", low=0.0, high=1.0))).default_point()
        {'x': 5, 'y': 0.5}
        """
        values: dict[str, Any] = {}
        for dimension in self.dimensions:
            if dimension.plays(values):
                values[dimension.name] = dimension.nearest(dimension.default)
        return values

    def points(self) -> Iterator[dict[str, Any]]:
        """Every choice of a finite space, the default point first, then the last dimension changing fastest."""
        first = self.default_point()
        yield first
        yield from (point for point in self._points(self.dimensions, {}) if point != first)

    def _points(
        self, dimensions: list[Dimension] | tuple[Dimension, ...], values: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        if not dimensions:
            yield dict(values)
            return
        first, *others = dimensions
        if not first.plays(values):
            yield from self._points(others, values)
            return
        for index in range(first.num_points or 0):
            yield from self._points(others, {**values, first.name: first.point(index)})

"""`Distribution`: how the values of one feature lie, as measures of drift compare them."""

from __future__ import annotations

import math
from typing import TypeAlias

import msgspec


class Bucket(msgspec.Struct, frozen=True):
    """Values from `low` to below `high` (the last bucket of a histogram: to `high`); one value where both are equal."""

    low: float
    high: float
    count: float


class Histogram(msgspec.Struct, frozen=True):
    """Numbers, in ascending buckets.

    >>> Histogram.of_edges([0, 5, 10], [3, 1]).total
    4.0
    """

    buckets: tuple[Bucket, ...]

    @property
    def total(self) -> float:
        """How many values it holds."""
        return math.fsum(bucket.count for bucket in self.buckets)

    @staticmethod
    def of_edges(edges: list[float], counts: list[float]) -> Histogram:
        """From n + 1 ascending edges and n counts."""
        sides = zip(edges[:-1], edges[1:], counts, strict=True)
        return Histogram(tuple(Bucket(float(low), float(high), float(count)) for low, high, count in sides))


class Categories(msgspec.Struct, frozen=True):
    """The most frequent values as text, and how often each occurs."""

    counts: dict[str, float]

    @property
    def total(self) -> float:
        """How many values it holds."""
        return math.fsum(self.counts.values())


Distribution: TypeAlias = Histogram | Categories

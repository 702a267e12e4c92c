"""`ColumnCodes`: a column's values as few numbers, by which rows are counted."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.data.engine import quote_list, quote_text
from hagane.monitoring.distribution import Bucket, Categories, Distribution, Histogram

MOST_VALUES = 100
MOST_TEXT = 40
"""Characters of a value that are shown."""


class ColumnCodes(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers by the bucket in which they lie, other values by their place among the frequent ones.

    The last two codes are those of NULL and of any other value.

    >>> codes = ColumnCodes.of("fare", Histogram.of_edges([0, 5, 10, 20], [5, 4, 1]))
    >>> from hagane.data.engine import Engine
    >>> Engine().query(f"SELECT {codes.sql('x')} AS c FROM (VALUES (5), (6.5), (99), (NULL)) t(x)")["c"].to_pylist()
    [0, 1, 2, 3]
    >>> [text for text, _ in codes.slices()]
    ['fare <= 5', 'fare > 5', 'fare <= 10', '5 < fare <= 10', 'fare > 10', 'fare is null']
    """

    name: str
    buckets: tuple[Bucket, ...] = ()
    values: tuple[str, ...] = ()

    @staticmethod
    def of(name: str, *distributions: Distribution) -> ColumnCodes:
        """By the buckets of the first, or by the values of all."""
        first = distributions[0]
        if isinstance(first, Histogram):
            return ColumnCodes(name=name, buckets=first.buckets)
        counts: dict[str, float] = {}
        for each in distributions:
            assert isinstance(each, Categories)
            for value, count in each.counts.items():
                counts[value] = counts.get(value, 0.0) + count / (each.total or 1.0)
        frequent = sorted(counts, key=lambda value: (-counts[value], value))
        return ColumnCodes(name=name, values=tuple(frequent[:MOST_VALUES]))

    @property
    def num_values(self) -> int:
        """Codes of values: NULL and what else there may be come behind."""
        return len(self.buckets) or len(self.values)

    def sql(self, value: str) -> str:
        """DuckDB's expression of the code of `value`."""
        null, other = self.num_values, self.num_values + 1
        if self.buckets:
            sides = enumerate(self.buckets[:-1])
            cases = " ".join(f"WHEN {value} <= {bucket.high!r} THEN {code}" for code, bucket in sides)
            no_number = f"NOT coalesce(isfinite(CAST({value} AS DOUBLE)), false)"
            return f"CASE WHEN {no_number} THEN {null} {cases} ELSE {null - 1} END"
        place = f"list_position({quote_list(self.values)}, CAST({value} AS VARCHAR))"
        return f"CASE WHEN {value} IS NULL THEN {null} ELSE coalesce(nullif({place}, 0) - 1, {other}) END"

    def distribution(self, counts: npt.NDArray[np.float64]) -> Distribution:
        """How rows lie of which `counts` [num_values] have each code."""
        if not self.buckets:
            return Categories(
                {value: count for value, count in zip(self.values, counts.tolist(), strict=True) if count}
            )
        sides = zip(self.buckets, counts.tolist(), strict=True)
        return Histogram(tuple(Bucket(bucket.low, bucket.high, count) for bucket, count in sides))

    def counts(self, distribution: Distribution) -> npt.NDArray[np.float64]:
        """[num_values] of a distribution over these buckets or values."""
        if isinstance(distribution, Histogram):
            return np.array([bucket.count for bucket in distribution.buckets], np.float64)
        return np.array([distribution.counts.get(value, 0.0) for value in self.values], np.float64)

    def slices(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Text → codes: each value; of numbers each bucket, and all from either end up to an edge; NULL."""
        if self.buckets:
            yield from self._ranges()
        else:
            yield from ((f"{self.name} = {_text(value)}", (code,)) for code, value in enumerate(self.values))
        yield f"{self.name} is null", (self.num_values,)

    def _ranges(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        count = len(self.buckets)
        edges = [f"{bucket.high:.5g}" for bucket in self.buckets]
        for code in range(count):
            if 0 < code < count - 1:
                yield f"{self.name} <= {edges[code]}", tuple(range(code + 1))
                yield f"{edges[code - 1]} < {self.name} <= {edges[code]}", (code,)
            elif code == 0 and count > 1:
                yield f"{self.name} <= {edges[0]}", (0,)
            if code < count - 1:
                yield f"{self.name} > {edges[code]}", tuple(range(code + 1, count))


def _text(value: str) -> str:
    return quote_text(value if len(value) <= MOST_TEXT else f"{value[: MOST_TEXT - 1]}…")

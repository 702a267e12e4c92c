"""`Statistics`: one summary a column, the same for fitting, describing and monitoring."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Protocol, Self, TypeVar

import msgspec

from hagane.errors import DataError, Fault
from hagane.statistics.distinct_sketch import DistinctSketch
from hagane.statistics.frequent_sketch import FrequentSketch
from hagane.statistics.plain_value import raw_value
from hagane.statistics.quantile_sketch import QuantileSketch
from hagane.types import SqlType

QUANTILE_FRACTIONS = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
NUM_TOP_VALUES = 20


class TopValue(msgspec.Struct, frozen=True):
    """A frequent value and how often it occurs."""

    value: bool | int | float | str
    count: int


class Quantile(msgspec.Struct, frozen=True):
    """The value below which a fraction of the values lies."""

    fraction: float
    value: float


class ColumnStatistics(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of one column. What does not apply to its type, or has no values, is None or empty.

    Numbers of rows always hold: `count + num_nulls` is the table's, and NaN is one of the NULLs.
    """

    name: str
    type: SqlType
    count: int
    """Rows with a value."""
    num_nulls: int
    """Rows without, NaN included."""
    num_nans: int = 0
    """Rows that hold NaN, which is read as NULL."""
    num_infinite: int = 0
    """Values that are ±inf; extremes, moments and quantiles are those of the finite values."""
    num_zeros: int | None = None
    """Numbers equal to zero."""
    num_distinct: int | None = None
    """Distinct values: exactly where every value was looked at, else HyperLogLog's estimate (`distinct_sketch`)."""
    min: int | float | str | None = None
    """The least value; ISO 8601 for TIMESTAMP (UTC) and DATE."""
    max: int | float | str | None = None
    mean: float | None = None
    stddev: float | None = None
    """Standard deviation of a sample (n - 1 in the denominator); None below two values."""
    quantiles: tuple[Quantile, ...] = ()
    """Of numbers; measured on a sample of the rows where the table is large (`Statistics.num_sampled_rows`)."""
    top_values: tuple[TopValue, ...] = ()
    """The most frequent values of BOOL, STRING, INT64 and DATE; counts are scaled up where rows were sampled."""
    mean_length: float | None = None
    """Of strings, in characters; of arrays, in elements."""
    min_length: int | None = None
    """Of arrays, in elements."""
    max_length: int | None = None
    num_true: int | None = None
    num_false: int | None = None
    quantile_sketch: QuantileSketch | None = None
    """Of the finite numbers, with the error of their ranks."""
    distinct_sketch: DistinctSketch | None = None
    """Of the values of every type but BOOL."""
    frequent_sketch: FrequentSketch | None = None
    """Of the values that can be top values, as text (`top_value_text`), with the error of their counts."""

    @property
    def is_constant(self) -> bool:
        """Whether no two rows differ: all NULL, or one value and no NULL."""
        return self.count == 0 or (self.num_nulls == 0 and self._num_values == 1)

    @property
    def _num_values(self) -> int | None:
        if self.min is not None and self.num_infinite == 0:
            return 1 if self.min == self.max else self.num_distinct
        return self.num_distinct

    def merge(self, other: ColumnStatistics) -> ColumnStatistics:
        """Of both sets of rows together, whatever rows they were.

        Counts add, extremes are extremes of extremes: exact. Moments combine by Chan, Golub and LeVeque (Updating
        Formulae and a Pairwise Algorithm for Computing Sample Variances, 1979), off by the last few bits. Distinct
        counts, quantiles and top values come from the sketches, within the errors that those state. What only one of
        the two has (statistics written before there were sketches) is left out. Raises DataError for other columns.

        >>> known = dict(name="age", type=SqlType.INT64, count=2, num_nulls=0, stddev=2**0.5)
        >>> ages = [ColumnStatistics(**known, min=a, max=a + 2, mean=a + 1.0) for a in (1, 5)]
        >>> both = ages[0].merge(ages[1])
        >>> both.count, both.min, both.max, both.mean, round(both.stddev, 6)
        (4, 1, 7, 4.0, 2.581989)
        """
        if (self.name, self.type) != (other.name, other.type):
            raise DataError(_not_mergeable(f"{self.name} {self.type}", f"{other.name} {other.type}"))
        mean, stddev = _merge_moments(self, other)
        merged = ColumnStatistics(
            name=self.name,
            type=self.type,
            count=self.count + other.count,
            num_nulls=self.num_nulls + other.num_nulls,
            num_nans=self.num_nans + other.num_nans,
            num_infinite=self.num_infinite + other.num_infinite,
            num_zeros=_add(self.num_zeros, other.num_zeros),
            min=_extreme(self.type, self.min, other.min, least=True),
            max=_extreme(self.type, self.max, other.max, least=False),
            mean=mean,
            stddev=stddev,
            mean_length=_weigh(self.mean_length, self.count, other.mean_length, other.count),
            min_length=_shorter(self.min_length, other.min_length),
            max_length=_longer(self.max_length, other.max_length),
            num_true=_add(self.num_true, other.num_true),
            num_false=_add(self.num_false, other.num_false),
            quantile_sketch=_merge_sketches(
                self.quantile_sketch,
                other.quantile_sketch,
                self.count - self.num_infinite,
                other.count - other.num_infinite,
            ),
            distinct_sketch=_merge_sketches(self.distinct_sketch, other.distinct_sketch, self.count, other.count),
            frequent_sketch=_merge_sketches(self.frequent_sketch, other.frequent_sketch, self.count, other.count),
        )
        return msgspec.structs.replace(merged, **_from_sketches(merged))

    def without_sketches(self) -> ColumnStatistics:
        """The same for people: figures alone."""
        return msgspec.structs.replace(self, quantile_sketch=None, distinct_sketch=None, frequent_sketch=None)


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """The summaries of a table's columns, in its order; round-trips through JSON.

    >>> statistics = Statistics(num_rows=0, columns=())
    >>> Statistics.from_json(statistics.to_json()) == statistics
    True
    """

    num_rows: int
    columns: tuple[ColumnStatistics, ...]
    num_sampled_rows: int = 0
    """Rows on which quantiles and top values were measured: all of them in tables of up to half a million."""

    def without_sketches(self) -> Statistics:
        """The same for people: figures alone."""
        columns = tuple(column.without_sketches() for column in self.columns)
        return msgspec.structs.replace(self, columns=columns)

    def __getitem__(self, name: str) -> ColumnStatistics:
        """The summary of a column. Raises KeyError."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return any(column.name == name for column in self.columns)

    def __iter__(self) -> Iterator[ColumnStatistics]:
        return iter(self.columns)

    def merge(self, other: Statistics) -> Statistics:
        """Of both tables' rows together; see `ColumnStatistics.merge`. Raises DataError when their columns differ."""
        names = [[column.name for column in statistics] for statistics in (self, other)]
        if names[0] != names[1]:
            raise DataError(_not_mergeable(", ".join(names[0]), ", ".join(names[1])))
        columns = (mine.merge(theirs) for mine, theirs in zip(self, other, strict=True))
        num_sampled_rows = self.num_sampled_rows + other.num_sampled_rows
        num_rows = self.num_rows + other.num_rows
        return Statistics(num_rows=num_rows, columns=tuple(columns), num_sampled_rows=num_sampled_rows)

    def to_json(self) -> bytes:
        """As JSON, which `from_json` reads back equal."""
        return msgspec.json.encode(self)

    @staticmethod
    def from_json(text: bytes | str) -> Statistics:
        """From what `to_json` wrote. Raises msgspec.ValidationError for anything else."""
        return msgspec.json.decode(text, type=Statistics)


def top_value_text(value: bool | int | float | str) -> str:
    """A top value as a sketch holds it.

    >>> top_value_text(True), top_value_text(-3), top_value_text("2020-01-31")
    ('true', '-3', '2020-01-31')
    """
    return str(value).lower() if isinstance(value, bool) else str(value)


def top_values_of(sketch: FrequentSketch, type_: SqlType) -> tuple[TopValue, ...]:
    """The most frequent values, ties in ascending order; where there are many, none that occurs once."""
    listed = sketch.values()
    if len(listed) > NUM_TOP_VALUES or not sketch.is_complete:
        listed = [(text, count) for text, count in listed if count > 1]
    values = [(int(text) if type_ is SqlType.INT64 else text, count) for text, count in listed]
    ordered = sorted(values, key=lambda pair: (-pair[1], pair[0]))
    return tuple(TopValue(value, count) for value, count in ordered[:NUM_TOP_VALUES])


class _Mergeable(Protocol):
    def merge(self, other: Self) -> Self: ...


_Sketch = TypeVar("_Sketch", bound=_Mergeable)


def _merge_sketches(a: _Sketch | None, b: _Sketch | None, n_a: int, n_b: int) -> _Sketch | None:
    """None where a side that has values has no sketch of them."""
    if a is None or b is None:
        return a if b is None and n_b == 0 else b if a is None and n_a == 0 else None
    return a.merge(b)


def _from_sketches(column: ColumnStatistics) -> dict[str, Any]:
    """The fields that follow from the sketches."""
    found: dict[str, Any] = {}
    if column.quantile_sketch is not None:
        values = column.quantile_sketch.quantiles(QUANTILE_FRACTIONS)
        found["quantiles"] = tuple(Quantile(f, value) for f, value in zip(QUANTILE_FRACTIONS, values, strict=True))
    if column.distinct_sketch is not None:
        found["num_distinct"] = min(round(column.distinct_sketch.estimate()), column.count)
    if column.frequent_sketch is not None:
        found["top_values"] = top_values_of(column.frequent_sketch, column.type)
        if column.frequent_sketch.is_complete:
            found["num_distinct"] = len(column.frequent_sketch.values())
    if column.type is SqlType.BOOL:
        found["num_distinct"] = bool(column.num_true) + bool(column.num_false)
        found["top_values"] = boolean_top_values(column.num_true or 0, column.num_false or 0)
    return found


def boolean_top_values(num_true: int, num_false: int) -> tuple[TopValue, ...]:
    """Of a BOOL column, the more frequent first."""
    values = (TopValue(True, num_true), TopValue(False, num_false))
    return tuple(sorted((value for value in values if value.count), key=lambda value: -value.count))


def _merge_moments(a: ColumnStatistics, b: ColumnStatistics) -> tuple[float | None, float | None]:
    """Mean and sample deviation of two sets of finite values, from each set's own."""
    n_a, n_b = a.count - a.num_infinite, b.count - b.num_infinite
    if a.mean is None or b.mean is None:
        known = b if a.mean is None and n_a == 0 else a if b.mean is None and n_b == 0 else None
        return (known.mean, known.stddev) if known else (None, None)
    n = n_a + n_b
    delta = b.mean - a.mean
    squares = (a.stddev or 0.0) ** 2 * (n_a - 1) + (b.stddev or 0.0) ** 2 * (n_b - 1) + delta**2 * n_a * n_b / n
    return a.mean + delta * n_b / n, math.sqrt(squares / (n - 1))


def _weigh(a: float | None, n_a: int, b: float | None, n_b: int) -> float | None:
    if a is None or b is None:
        return b if a is None else a
    return (a * n_a + b * n_b) / (n_a + n_b)


def _shorter(a: int | None, b: int | None) -> int | None:
    return min((length for length in (a, b) if length is not None), default=None)


def _longer(a: int | None, b: int | None) -> int | None:
    return max((length for length in (a, b) if length is not None), default=None)


def _add(a: int | None, b: int | None) -> int | None:
    return None if a is None or b is None else a + b


_Extreme = int | float | str | None


def _extreme(type_: SqlType, a: _Extreme, b: _Extreme, *, least: bool) -> _Extreme:
    if a is None or b is None:
        return b if a is None else a
    return a if (raw_value(type_, a) < raw_value(type_, b)) is least else b


def _not_mergeable(expected: str, received: str) -> Fault:
    return Fault(what="statistics of different columns cannot be merged", expected=expected, received=received)

"""`Statistics`: one summary a column, the same for fitting, describing and monitoring."""

from __future__ import annotations

import math
from collections.abc import Iterator

import msgspec

from hagane.errors import DataError, Fault
from hagane.types import SqlType


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
    """Distinct values, approximately (HyperLogLog; a few percent), but exactly where `top_values` lists all of them."""
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
    """Of strings, in characters."""
    num_true: int | None = None
    num_false: int | None = None

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
        """Of both sets of rows together: whatever follows exactly from the two summaries.

        Counts add, extremes are extremes of extremes, moments combine by Chan, Golub and LeVeque (Updating Formulae and
        a Pairwise Algorithm for Computing Sample Variances, 1979). Distinct counts, quantiles and top values do not
        follow and are left out; they will be merged once the summary holds sketches.

        >>> known = dict(name="age", type=SqlType.INT64, count=2, num_nulls=0, stddev=2**0.5)
        >>> ages = [ColumnStatistics(**known, min=a, max=a + 2, mean=a + 1.0) for a in (1, 5)]
        >>> both = ages[0].merge(ages[1])
        >>> both.count, both.min, both.max, both.mean, round(both.stddev, 6)
        (4, 1, 7, 4.0, 2.581989)
        """
        if (self.name, self.type) != (other.name, other.type):
            raise DataError(_not_mergeable(f"{self.name} {self.type}", f"{other.name} {other.type}"))
        mean, stddev = _merge_moments(self, other)
        return ColumnStatistics(
            name=self.name,
            type=self.type,
            count=self.count + other.count,
            num_nulls=self.num_nulls + other.num_nulls,
            num_nans=self.num_nans + other.num_nans,
            num_infinite=self.num_infinite + other.num_infinite,
            num_zeros=_add(self.num_zeros, other.num_zeros),
            min=_extreme(self.min, other.min, least=True),
            max=_extreme(self.max, other.max, least=False),
            mean=mean,
            stddev=stddev,
            mean_length=_weigh(self.mean_length, self.count, other.mean_length, other.count),
            num_true=_add(self.num_true, other.num_true),
            num_false=_add(self.num_false, other.num_false),
        )


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
        return Statistics(num_rows=self.num_rows + other.num_rows, columns=tuple(columns))

    def to_json(self) -> bytes:
        """As JSON, which `from_json` reads back equal."""
        return msgspec.json.encode(self)

    @staticmethod
    def from_json(text: bytes | str) -> Statistics:
        """From what `to_json` wrote. Raises msgspec.ValidationError for anything else."""
        return msgspec.json.decode(text, type=Statistics)


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


def _add(a: int | None, b: int | None) -> int | None:
    return None if a is None or b is None else a + b


def _extreme(a: int | float | str | None, b: int | float | str | None, *, least: bool) -> int | float | str | None:
    if a is None or b is None:
        return b if a is None else a
    return a if (a < b) is least else b  # type: ignore[operator]


def _not_mergeable(expected: str, received: str) -> Fault:
    return Fault(what="statistics of different columns cannot be merged", expected=expected, received=received)

"""`FeatureStatistics`: what is measured of one column of data, and its distribution."""

from __future__ import annotations

import msgspec

from hagane.monitoring.distribution import Categories, Distribution, Histogram


class NumberStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Of numbers; None where there are none, or where infinities leave nothing to say."""

    num_zeros: int
    min: float | None
    max: float | None
    mean: float | None
    stddev: float | None
    """Of a sample (n - 1 in the denominator)."""
    median: float | None
    quantiles: tuple[float, ...]
    """The least value, those at even ranks, the largest."""
    histogram: Histogram | None
    """Buckets of equal width from the least finite value to the largest; an infinity is a bucket of its own."""


class TextStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Of what is no number, as text."""

    min: str | None
    max: str | None
    num_distinct: int
    mean_length: float | None
    """In characters."""
    top_values: tuple[tuple[str, int], ...]
    """The most frequent values and their counts, ties in order of the text."""


class ArrayStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Of the lengths of arrays that are not NULL."""

    num_arrays: int
    min_length: int | None
    max_length: int | None
    mean_length: float | None
    total_length: int
    length_quantiles: tuple[int, ...]
    dimension: int | None
    """Of ARRAY<STRUCT<index, value>>: the largest index + 1."""


class FeatureStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """One column's; of an array column those of all its elements."""

    name: str
    is_integer: bool
    num_rows: int
    num_nulls: int
    """Rows without a value, NaN included; of an array column: rows without an array."""
    num_values: int
    """Values that are neither NULL nor NaN; of an array column: such elements."""
    numbers: NumberStatistics | None
    text: TextStatistics | None
    arrays: ArrayStatistics | None

    @property
    def distribution(self) -> Distribution:
        """As measures of drift compare it."""
        if self.text is not None:
            return Categories({value: float(count) for value, count in self.text.top_values})
        histogram = self.numbers.histogram if self.numbers is not None else None
        return histogram if histogram is not None else Histogram(())

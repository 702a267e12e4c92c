"""`measure_values`: what needs a column's values in memory: quantiles, top values, distinct values.

Legend: s sampled rows that have a value, u distinct values among them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hagane.statistics.distinct_sketch import DistinctSketch
from hagane.statistics.frequent_sketch import (
    LOG_SIZE,
    SMALLEST_LOG_SIZE,
    FrequentSketch,
    capacity,
    sampling_error,
)
from hagane.statistics.plain_value import plain_value
from hagane.statistics.quantile_sketch import LARGEST_K, SMALLEST_K, QuantileSketch
from hagane.statistics.statistics import QUANTILE_FRACTIONS, Quantile
from hagane.types import SqlType

WIDE_TABLE_COLUMNS = 100
"""Of a wider table every sketch is smaller, so that statistics of thousands of columns stay a file of megabytes."""
_NUMBERS = (SqlType.INT64, SqlType.FLOAT64)
_Integers = npt.NDArray[np.int64]


class ColumnSample(NamedTuple):
    """What the sampled rows say of a column."""

    quantiles: tuple[Quantile, ...] = ()
    num_distinct: int | None = None
    """None where not every row was looked at."""
    quantile_sketch: QuantileSketch | None = None
    frequent_sketch: FrequentSketch | None = None
    distinct_sketch: DistinctSketch | None = None
    """None where not every row was looked at (`count_distinct` makes it then), and of a BOOL."""


class SketchSize(NamedTuple):
    """How much is kept of a column, in a table of so many."""

    num_columns: int

    @property
    def k(self) -> int:
        """Of a quantile sketch."""
        return LARGEST_K if self.num_columns <= WIDE_TABLE_COLUMNS else SMALLEST_K

    @property
    def log_size(self) -> int:
        """Of a frequent sketch."""
        return LOG_SIZE if self.num_columns <= WIDE_TABLE_COLUMNS else SMALLEST_LOG_SIZE


def measure_values(
    type_: SqlType, values: pa.ChunkedArray[Any], count: int, size: SketchSize, *, is_sampled: bool
) -> ColumnSample:
    """Of a column's values [s], those of all its `count` rows or a uniform sample; of TIMESTAMP and DATE as integers.

    >>> ages = pa.chunked_array([[20, 20, 30]])
    >>> measure_values(SqlType.INT64, ages, 3, SketchSize(1), is_sampled=False).frequent_sketch.values()
    [('20', 2), ('30', 1)]
    """
    if type_ is SqlType.BOOL or type_.is_array or (type_ is SqlType.TIMESTAMP and is_sampled):
        return ColumnSample()
    present = values.drop_null()
    if type_ is SqlType.STRING:
        texts, rows = _text_counts(present)
        listed = frequent_values(texts, rows, count, size, is_sampled=is_sampled)
        return ColumnSample(num_distinct=None if is_sampled else len(rows), frequent_sketch=listed)
    ordered = np.sort(present.to_numpy())
    num_distinct = None if is_sampled else _num_distinct(ordered)
    if type_ is SqlType.TIMESTAMP:
        return ColumnSample(num_distinct=num_distinct)
    frequent: FrequentSketch | None = None
    if type_ is not SqlType.FLOAT64:
        distinct, rows = _runs(ordered)
        labels = Labels(type_, distinct)
        frequent = frequent_values(labels, rows, count, size, is_sampled=is_sampled)
    if type_ not in _NUMBERS:
        return ColumnSample(num_distinct=num_distinct, frequent_sketch=frequent)
    finite = ordered[np.isfinite(ordered)] if type_ is SqlType.FLOAT64 else ordered
    num_finite = round(count * len(finite) / len(ordered)) if is_sampled and len(ordered) else len(finite)
    sketch = QuantileSketch.of(finite.astype(np.float64), num_finite, k=size.k)
    return ColumnSample(_quantiles(finite), num_distinct, sketch, frequent)


def _quantiles(ordered: npt.NDArray[Any]) -> tuple[Quantile, ...]:
    """By nearest rank, as `quantile_disc`."""
    if not len(ordered):
        return ()
    places = (max(0, int(np.ceil(fraction * len(ordered))) - 1) for fraction in QUANTILE_FRACTIONS)
    return tuple(Quantile(f, float(ordered[place])) for f, place in zip(QUANTILE_FRACTIONS, places, strict=True))


def _num_distinct(ordered: npt.NDArray[Any]) -> int:
    return int(np.count_nonzero(ordered[1:] != ordered[:-1])) + bool(len(ordered))


def _runs(ordered: _Integers) -> tuple[_Integers, _Integers]:
    """The distinct values [u], ascending, and the rows of each [u]."""
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])) if len(ordered) else np.empty(0, int)
    return ordered[starts], np.diff(np.append(starts, len(ordered)))


def _text_counts(present: pa.ChunkedArray[Any]) -> tuple[Labels, _Integers]:
    """The distinct strings in order of appearance [u], and the rows of each [u]."""
    if not len(present):
        return Labels(SqlType.STRING, pa.array([], pa.string())), np.empty(0, np.int64)
    encoded: Any = present.combine_chunks().dictionary_encode()
    encoded = encoded.chunk(0) if isinstance(encoded, pa.ChunkedArray) else encoded
    rows = np.bincount(encoded.indices.to_numpy(), minlength=len(encoded.dictionary))
    return Labels(SqlType.STRING, encoded.dictionary), rows


class Labels(NamedTuple):
    """Distinct values [u], of which only the few that are frequent become text."""

    type: SqlType
    values: Any

    def text(self, place: int) -> str:
        """As a sketch holds it."""
        value = self.values[place]
        return str(plain_value(self.type, value.as_py() if isinstance(value, pa.Scalar) else int(value)))


def frequent_values(
    labels: Labels, rows: _Integers, count: int, size: SketchSize, *, is_sampled: bool, lost: int = 0
) -> FrequentSketch:
    """The most frequent values; none that occurs once, unless every value finds room.

    `rows` [u] of each value, each too few by at most `lost`, and no value that is not among them has more.
    """
    room, num_sampled = capacity(size.log_size), int(rows.sum())
    if len(rows) <= room and not is_sampled and not lost:
        return FrequentSketch.of([(labels.text(u), int(n)) for u, n in enumerate(rows)], log_size=size.log_size)
    repeated = np.flatnonzero(rows > 1)
    kept = repeated[np.argsort(-rows[repeated], kind="stable")[:room]]
    left = np.delete(rows, kept)
    scale = count / num_sampled if is_sampled and num_sampled else 1.0
    listed = [(labels.text(int(u)), round(int(rows[u]) * scale)) for u in kept]
    unlisted = round(int(left.max(initial=0)) * scale) + lost
    chance = sampling_error(count, num_sampled) if is_sampled else 0
    return FrequentSketch.of(listed, unlisted=unlisted, chance=chance, log_size=size.log_size)

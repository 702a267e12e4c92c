"""`measure_batches`: every column of a stream of rows summed up in one pass over it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from hagane.data.batches import nan_to_null
from hagane.data.hash_values import hash_values
from hagane.statistics.column_sample import ColumnSample, SketchSize, measure_values
from hagane.statistics.least_hashes import LeastHashes
from hagane.statistics.number_tally import NumberTally
from hagane.statistics.row_sampler import Choice, RowSampler
from hagane.statistics.statistics import ColumnStatistics, Statistics
from hagane.statistics.summed_column import count_of, summed_column
from hagane.statistics.text_tally import TextTally
from hagane.types import Column, Schema, SqlType
from hagane.usable_cores import usable_cores

SAMPLED_ROWS, SAMPLED_CELLS = 1 << 16, 10_000_000
"""At most; of more than 152 columns fewer rows."""
LEAST_SAMPLED_ROWS = 10_000


def measure_batches(schema: Schema, batches: Iterable[pa.RecordBatch], *, expected_rows: int = 0) -> Statistics:
    """The statistics of rows that are read once, in memory that does not grow with them.

    What `measure_statistics` gives, with the same sketches, for a third of its time: made for the windows of a log.
    Batches begin with the columns of `schema` in its order, of its Arrow types; strings may be dictionary-encoded,
    which is several times faster. Counts, extremes, moments and distinct values are of every row, frequent strings too.
    Quantiles and frequent numbers are exact up to 65,536 rows; of more they are measured on nearly as many, chosen by
    the hash of their place (on half as many at least, where `expected_rows` was not said), and ranks are off by 0.7 %
    more. The sketches state it all.

    >>> schema = Schema((Column("age", SqlType.INT64),))
    >>> halves = [pa.record_batch({"age": pa.array(ages)}) for ages in ([20, 30], [None, 40])]
    >>> age = measure_batches(schema, halves)["age"]
    >>> age.count, age.num_nulls, age.min, age.max, age.mean
    (3, 1, 20, 40, 30.0)
    """
    limit = max(LEAST_SAMPLED_ROWS, min(SAMPLED_ROWS, SAMPLED_CELLS // max(1, len(schema))))
    sampler = RowSampler(limit, expected_rows=expected_rows)
    tallies = [_tally(column.type) for column in schema]
    num_rows = 0
    cores = max(1, min(len(schema), usable_cores()))
    with ThreadPoolExecutor(cores) as pool:
        for batch in batches:
            num_rows += batch.num_rows
            choice = sampler.next_batch(batch.num_rows)
            pairs = list(zip(tallies, batch.columns, strict=False))
            deque(pool.map(_add, (pairs[core::cores] for core in range(cores)), repeat(choice)), maxlen=0)
        size, is_sampled = SketchSize(len(schema)), sampler.is_sampled
        columns = pool.map(
            lambda column, tally: tally.summed(column, num_rows, size, is_sampled=is_sampled), schema, tallies
        )
        return Statistics(num_rows=num_rows, columns=tuple(columns), num_sampled_rows=sampler.num_sampled_rows)


class _Tally(Protocol):
    """One column's share of the work."""

    def add(self, array: pa.Array[Any], choice: Choice, /) -> None: ...

    def summed(self, column: Column, num_rows: int, size: SketchSize, /, *, is_sampled: bool) -> ColumnStatistics: ...


def _add(pairs: Iterable[tuple[_Tally, pa.Array[Any]]], choice: Choice) -> None:
    for tally, array in pairs:
        tally.add(array, choice)


def _tally(type_: SqlType) -> _Tally:
    if type_ is SqlType.STRING:
        return _Texts()
    if type_ is SqlType.BOOL:
        return _Booleans()
    return _Arrays() if type_.is_array else _Numbers(type_)


class _Numbers:
    """Of FLOAT64, INT64, TIMESTAMP and DATE: the only ones of which a sample of the rows is kept."""

    def __init__(self, type_: SqlType) -> None:
        self._type = type_
        self._tally = NumberTally(type_)
        self._sample: list[pa.Array[Any]] = []

    def add(self, array: pa.Array[Any], choice: Choice) -> None:
        self._tally.add(array)
        if choice.places is not None and self._type is SqlType.TIMESTAMP:
            return  # of which nothing is said by a sample
        joined = array if choice.places is None else array.take(pa.array(choice.places))
        self._sample.append(joined)
        if choice.kept is not None:
            self._sample = [pa.concat_arrays(self._sample).filter(pa.array(choice.kept))]

    def summed(self, column: Column, num_rows: int, size: SketchSize, *, is_sampled: bool) -> ColumnStatistics:
        found = self._tally.found()
        values = pa.chunked_array([_as_numbers(array) for array in self._sample], _NUMBER_TYPES[self._type])
        sample = measure_values(self._type, values, count_of(found), size, is_sampled=is_sampled)
        return summed_column(column, num_rows, found, sample, self._tally.hashes.sketch())


_NUMBER_TYPES = dict.fromkeys((SqlType.INT64, SqlType.TIMESTAMP, SqlType.DATE), pa.int64()) | {
    SqlType.FLOAT64: pa.float64()
}


def _as_numbers(array: pa.Array[Any]) -> pa.Array[Any]:
    """Microseconds and days; NaN is NULL."""
    if pa.types.is_floating(array.type):
        return nan_to_null(array)
    if pa.types.is_date32(array.type):
        return array.view(pa.int32()).cast(pa.int64())
    return array.view(pa.int64()) if pa.types.is_timestamp(array.type) else array


class _Texts:
    def __init__(self) -> None:
        self._tally = TextTally()

    def add(self, array: pa.Array[Any], choice: Choice) -> None:
        self._tally.add(array)

    def summed(self, column: Column, num_rows: int, size: SketchSize, *, is_sampled: bool) -> ColumnStatistics:
        sample = self._tally.sample(size)
        return summed_column(column, num_rows, self._tally.found(), sample, sample.distinct_sketch)


class _Booleans:
    def __init__(self) -> None:
        self._count = self._true = 0

    def add(self, array: pa.Array[Any], choice: Choice) -> None:
        self._count += len(array) - array.null_count
        self._true += array.true_count

    def summed(self, column: Column, num_rows: int, size: SketchSize, *, is_sampled: bool) -> ColumnStatistics:
        found = {"count": self._count, "true": self._true, "false": self._count - self._true}
        return summed_column(column, num_rows, found, ColumnSample(), None)


class _Arrays:
    """Of their lengths, in elements."""

    def __init__(self) -> None:
        self._count = self._total = 0
        self._hashes = LeastHashes()
        self._shortest: int | None = None
        self._longest: int | None = None

    def add(self, array: pa.Array[Any], choice: Choice) -> None:
        present = array.drop_null()
        lengths = np.asarray(present.value_lengths())
        if len(lengths):
            least, most = int(lengths.min()), int(lengths.max())
            self._hashes.add(hash_values(present))
            self._count += len(lengths)
            self._total += int(lengths.sum())
            self._shortest = least if self._shortest is None else min(self._shortest, least)
            self._longest = most if self._longest is None else max(self._longest, most)

    def summed(self, column: Column, num_rows: int, size: SketchSize, *, is_sampled: bool) -> ColumnStatistics:
        mean = self._total / self._count if self._count else None
        found = {"count": self._count, "length": mean, "shortest": self._shortest, "longest": self._longest}
        return summed_column(column, num_rows, found, ColumnSample(), self._hashes.sketch())

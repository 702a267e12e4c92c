"""`measure_sample`: what needs values in memory (quantiles, top values), on as many rows as memory is set aside for.

Legend: s sampled rows that have a value, u distinct values among them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hagane.data.engine import quote_name
from hagane.data.table import ROW, Table
from hagane.statistics.count_distinct import hash_sql
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
from hagane.types import Column, SqlType

SAMPLED_CELLS, SAMPLED_TEXT_BYTES = 20_000_000, 400_000_000
"""At most; less where the memory budget is small."""
CELL_BYTES = 24
"""A value, its hash, and its place in order."""
MAX_SAMPLED_ROWS, MIN_SAMPLED_ROWS = 500_000, 10_000
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


class Sample(NamedTuple):
    """What was measured, and on how many rows."""

    num_rows: int
    columns: Mapping[str, ColumnSample]


class _Size(NamedTuple):
    """How much is looked at, and how much is kept of it."""

    rows: int
    num_columns: int

    @property
    def k(self) -> int:
        return LARGEST_K if self.num_columns <= WIDE_TABLE_COLUMNS else SMALLEST_K

    @property
    def log_size(self) -> int:
        return LOG_SIZE if self.num_columns <= WIDE_TABLE_COLUMNS else SMALLEST_LOG_SIZE


def measure_sample(table: Table, counts: Mapping[str, int], *, text_bytes: float, columns_a_scan: int) -> Sample:
    """Of every column. `counts`: its rows with a value; `text_bytes`: of all strings together."""
    size = _Size(_limit(table, text_bytes), len(table.schema))
    is_sampled = table.num_rows > size.rows
    names, num_rows, columns = table.schema.names, table.num_rows, {}
    for start in range(0, len(names), columns_a_scan):
        chunk = table.select(names[start : start + columns_a_scan])
        rows = chunk.query(_sample_sql(chunk, size.rows if is_sampled else None), with_row=is_sampled)
        num_rows = rows.num_rows
        for index, column in enumerate(chunk.schema):
            values, count = rows.column(f"c{index}"), counts[column.name]
            found = _measure(column.type, values, count, size, is_sampled=is_sampled)
            if f"h{index}" in rows.column_names:
                hashes = rows.column(f"h{index}").filter(values.is_valid()).to_numpy()
                found = found._replace(distinct_sketch=DistinctSketch.of(hashes))
            columns[column.name] = found
    return Sample(num_rows, columns)


def _sample_sql(table: Table, limit: int | None) -> str:
    """The values c0, c1, … of about `limit` rows; where it is None, of all rows, and their hashes h0, h1, …"""
    listed = [f"{_value_sql(column)} AS c{index}" for index, column in enumerate(table.schema)]
    if limit is not None:
        return f"SELECT {', '.join(listed)} FROM data WHERE hash({ROW}) < {int(limit / table.num_rows * 2**64)}"
    hashed = [(index, column.name) for index, column in enumerate(table.schema) if column.type is not SqlType.BOOL]
    return f"SELECT {', '.join([*listed, *(f'{hash_sql(name)} AS h{index}' for index, name in hashed)])} FROM data"


def _limit(table: Table, text_bytes: float) -> int:
    """How many rows are looked at."""
    memory = table.engine.memory.sample_bytes
    by_cells = min(SAMPLED_CELLS, memory // CELL_BYTES) // max(1, len(table.schema))
    by_text = int(min(SAMPLED_TEXT_BYTES, memory // 2) / max(1.0, text_bytes) * table.num_rows)
    return max(MIN_SAMPLED_ROWS, min(MAX_SAMPLED_ROWS, by_cells, by_text))


def _value_sql(column: Column) -> str:
    name = quote_name(column.name)
    sql = {SqlType.TIMESTAMP: f"epoch_us({name})", SqlType.DATE: f"CAST({name} - DATE '1970-01-01' AS BIGINT)"}
    return f"len({name})" if column.type.is_array else sql.get(column.type, name)


def _measure(
    type_: SqlType, values: pa.ChunkedArray[Any], count: int, size: _Size, *, is_sampled: bool
) -> ColumnSample:
    if type_ is SqlType.BOOL or type_.is_array or (type_ is SqlType.TIMESTAMP and is_sampled):
        return ColumnSample()
    present = values.drop_null()
    if type_ is SqlType.STRING:
        texts, rows = _text_counts(present)
        listed = _frequent(texts, rows, count, size, is_sampled=is_sampled)
        return ColumnSample(num_distinct=None if is_sampled else len(rows), frequent_sketch=listed)
    ordered = np.sort(present.to_numpy())
    num_distinct = None if is_sampled else _num_distinct(ordered)
    if type_ is SqlType.TIMESTAMP:
        return ColumnSample(num_distinct=num_distinct)
    frequent: FrequentSketch | None = None
    if type_ is not SqlType.FLOAT64:
        distinct, rows = _runs(ordered)
        labels = _Labels(type_, distinct)
        frequent = _frequent(labels, rows, count, size, is_sampled=is_sampled)
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


def _text_counts(present: pa.ChunkedArray[Any]) -> tuple[_Labels, _Integers]:
    """The distinct strings in order of appearance [u], and the rows of each [u]."""
    if not len(present):
        return _Labels(SqlType.STRING, pa.array([], pa.string())), np.empty(0, np.int64)
    encoded: Any = present.combine_chunks().dictionary_encode()
    encoded = encoded.chunk(0) if isinstance(encoded, pa.ChunkedArray) else encoded
    rows = np.bincount(encoded.indices.to_numpy(), minlength=len(encoded.dictionary))
    return _Labels(SqlType.STRING, encoded.dictionary), rows


class _Labels(NamedTuple):
    """Distinct values [u], of which only the few that are frequent become text."""

    type: SqlType
    values: Any

    def text(self, place: int) -> str:
        value = self.values[place]
        return str(plain_value(self.type, value.as_py() if isinstance(value, pa.Scalar) else int(value)))


def _frequent(labels: _Labels, rows: _Integers, count: int, size: _Size, *, is_sampled: bool) -> FrequentSketch:
    """The most frequent values; none that occurs once, unless every value finds room."""
    room, num_sampled = capacity(size.log_size), int(rows.sum())
    if len(rows) <= room and not is_sampled:
        return FrequentSketch.of([(labels.text(u), int(n)) for u, n in enumerate(rows)], log_size=size.log_size)
    repeated = np.flatnonzero(rows > 1)
    kept = repeated[np.argsort(-rows[repeated], kind="stable")[:room]]
    left = np.delete(rows, kept)
    scale = count / num_sampled if is_sampled and num_sampled else 1.0
    listed = [(labels.text(int(u)), round(int(rows[u]) * scale)) for u in kept]
    unlisted = round(int(left.max(initial=0)) * scale)
    chance = sampling_error(count, num_sampled) if is_sampled else 0
    return FrequentSketch.of(listed, unlisted=unlisted, chance=chance, log_size=size.log_size)

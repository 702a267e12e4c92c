"""`measure_sample`: what needs values in memory (quantiles, top values), on as many rows as memory is set aside for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from hagane.data.engine import quote_name
from hagane.data.table import ROW, Table
from hagane.statistics.column_sample import ColumnSample, SketchSize, measure_values
from hagane.statistics.count_distinct import hash_sql
from hagane.statistics.distinct_sketch import DistinctSketch
from hagane.types import Column, SqlType

SAMPLED_CELLS, SAMPLED_TEXT_BYTES = 20_000_000, 400_000_000
"""At most; less where the memory budget is small."""
CELL_BYTES = 24
"""A value, its hash, and its place in order."""
MAX_SAMPLED_ROWS, MIN_SAMPLED_ROWS = 500_000, 10_000


class Sample(NamedTuple):
    """What was measured, and on how many rows."""

    num_rows: int
    columns: Mapping[str, ColumnSample]


def measure_sample(table: Table, counts: Mapping[str, int], *, text_bytes: float, columns_a_scan: int) -> Sample:
    """Of every column. `counts`: its rows with a value; `text_bytes`: of all strings together."""
    limit, size = _limit(table, text_bytes), SketchSize(len(table.schema))
    is_sampled = table.num_rows > limit
    names, num_rows, columns = table.schema.names, table.num_rows, {}
    for start in range(0, len(names), columns_a_scan):
        chunk = table.select(names[start : start + columns_a_scan])
        rows = chunk.query(_sample_sql(chunk, limit if is_sampled else None), with_row=is_sampled)
        num_rows = rows.num_rows
        for index, column in enumerate(chunk.schema):
            values, count = rows.column(f"c{index}"), counts[column.name]
            found = measure_values(column.type, values, count, size, is_sampled=is_sampled)
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

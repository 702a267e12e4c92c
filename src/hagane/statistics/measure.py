"""`measure_statistics`: every column of a table summed up in one DuckDB scan (wide tables: some columns a scan)."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Mapping
from typing import Any

from hagane.data.engine import quote_name
from hagane.data.table import Table
from hagane.progress import SILENT, Progress
from hagane.statistics.statistics import ColumnStatistics, Quantile, Statistics, TopValue
from hagane.types import Column, SqlType

QUANTILE_FRACTIONS = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
NUM_TOP_VALUES = 20
SAMPLED_CELLS = 20_000_000
"""Quantiles and top values need values in memory: at most about as many, over all columns."""
MAX_SAMPLED_ROWS, MIN_SAMPLED_ROWS = 500_000, 10_000
COLUMNS_A_SCAN = 128
"""Beyond a few hundred columns the aggregates of one scan cost time by their square, and megabytes each."""
_LARGEST_SQUARED = 1e150
"""Beyond it squares leave the range of FLOAT64, and no deviation is given."""
_TEMPORAL = (SqlType.TIMESTAMP, SqlType.DATE)
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def measure_statistics(table: Table, *, progress: Progress = SILENT) -> Statistics:
    """The statistics of every column, in one scan for every 128 of them.

    Counts and extremes are exact, moments up to the last bits, which depend on how threads shared the rows. Quantiles
    and top values are exact up to half a million rows (fewer where there are more than 40 columns); of larger tables
    they are measured on as many rows, chosen by hash of the row's position: the rank of a quantile is then off by 0.1 %
    of the rows or so.

    >>> import pyarrow as pa
    >>> from hagane.data.open_table import open_table
    >>> age = measure_statistics(open_table(pa.table({"age": [20, 30, None]})))["age"]
    >>> age.count, age.num_nulls, age.min, age.max, age.mean
    (2, 1, 20, 30, 25.0)
    """
    names = table.schema.names
    starts = range(0, max(1, len(names)), COLUMNS_A_SCAN)
    result: dict[str, Any] = {}
    with progress.phase("measure statistics", total=table.num_rows * len(starts)) as phase:
        for start in starts:
            sql = statistics_sql(table, range(start, min(start + COLUMNS_A_SCAN, len(names))))
            result |= table.query(sql, keep_nan=True).to_pylist()[0]
            phase.advance(table.num_rows)
    num_sampled = int(result["sampled"])
    scale = table.num_rows / num_sampled if num_sampled else 1.0
    columns = (_column(column, table.num_rows, result[f"c{index}"], scale) for index, column in enumerate(table.schema))
    return Statistics(num_rows=table.num_rows, columns=tuple(columns), num_sampled_rows=num_sampled)


def statistics_sql(table: Table, indices: Iterable[int] | None = None) -> str:
    """The one SELECT, over `data` with NaN kept: a struct of aggregates a column (of `indices`; of all by default).

    No aggregate has a FILTER: in DuckDB each would keep a buffer of every aggregate's arguments, which for hundreds of
    columns is more than the machine has. The conditions are CASEs of the inner SELECT instead.
    """
    limit = max(MIN_SAMPLED_ROWS, min(MAX_SAMPLED_ROWS, SAMPLED_CELLS // max(1, len(table.schema))))
    is_sampled = table.num_rows > limit
    chosen = f"hash(row_number() OVER ()) < {int(limit / table.num_rows * 2**64)}" if is_sampled else "true"
    aggregates, inner = [f"{_count_if('sampled')} AS sampled"], ["sampled"]
    for index in range(len(table.schema)) if indices is None else indices:
        column = table.schema.columns[index]
        inner += _arguments(column, index, is_sampled)
        packed = ", ".join(f"'{name}': {sql}" for name, sql in _aggregates(column.type, index).items())
        aggregates.append(f"{{{packed}}} AS c{index}")
    rows = f"SELECT {', '.join(inner)} FROM (SELECT *, {chosen} AS sampled FROM data)"
    return f"SELECT {', '.join(aggregates)} FROM ({rows})"


def _arguments(column: Column, index: int, is_sampled: bool) -> list[str]:
    """SQL of what a column's aggregates read: x the value, f the finite value, s the value on a sampled row."""
    name = quote_name(column.name)
    x = {SqlType.TIMESTAMP: f"epoch_us({name})", SqlType.DATE: f"({name} - DATE '1970-01-01')"}.get(column.type, name)
    arguments = [f"{x} AS x{index}"]
    if column.type is SqlType.FLOAT64:
        x = f"CASE WHEN isfinite({name}) THEN {name} END"
        arguments.append(f"{x} AS f{index}")
    if column.type not in (SqlType.BOOL, SqlType.TIMESTAMP):
        arguments.append(f"{f'CASE WHEN sampled THEN {x} END' if is_sampled else x} AS s{index}")
    return arguments


def _aggregates(type_: SqlType, index: int) -> dict[str, str]:
    """Name → SQL aggregate, for a column's type."""
    x = f"x{index}"
    if type_ is SqlType.FLOAT64:
        return _of_floats(index)
    if type_ is SqlType.BOOL:
        return {"count": f"count({x})", "true": _count_if(x), "false": _count_if(f"NOT {x}")}
    found = {"count": f"count({x})", "distinct": f"approx_count_distinct({x})", "min": f"min({x})", "max": f"max({x})"}
    if type_ is SqlType.INT64:
        found |= {"mean": f"avg({x})", "stddev": f"stddev_samp({x})", "zeros": _count_if(f"{x} = 0")} | _quantiles(
            index
        )
    if type_ is SqlType.STRING:
        found |= {"length": f"avg(length({x}))"}
    return found if type_ is SqlType.TIMESTAMP else found | _top_values(index)


def _count_if(condition: str) -> str:
    return f"count(CASE WHEN {condition} THEN 1 END)"


def _of_floats(index: int) -> dict[str, str]:
    """Extremes, moments and quantiles of the finite values; NaN and infinities are counted apart."""
    x, f = f"x{index}", f"f{index}"
    return {
        "present": f"count({x})",
        "nans": _count_if(f"isnan({x})"),
        "infinite": _count_if(f"isinf({x})"),
        "zeros": _count_if(f"{x} = 0"),
        "distinct": f"approx_count_distinct({x})",
        "mean": f"favg({f})",
        "stddev": f"stddev_samp(CASE WHEN abs({f}) < {_LARGEST_SQUARED} THEN {f} END)",
        "min": f"min({f})",
        "max": f"max({f})",
        **_quantiles(index),
    }


def _quantiles(index: int) -> dict[str, str]:
    return {"quantiles": f"quantile_disc(s{index}, [{', '.join(map(str, QUANTILE_FRACTIONS))}])"}


def _top_values(index: int) -> dict[str, str]:
    """The most frequent first; a value that occurs once is listed only where there are few."""
    entries = f"map_entries(histogram(s{index}))"
    repeated = f"list_filter({entries}, lambda e: e.value > 1)"
    few = f"CASE WHEN len({entries}) <= {NUM_TOP_VALUES} THEN {entries} ELSE {repeated} END"
    counted = f"list_transform({few}, lambda e: {{'count': e.value, 'value': e.key}})"
    return {"top": f"list_reverse_sort({counted})[:{NUM_TOP_VALUES}]", "exact_distinct": f"len({entries})"}


def _column(column: Column, num_rows: int, found: Mapping[str, Any], scale: float) -> ColumnStatistics:
    count = int(found["present"] - found["nans"]) if column.type is SqlType.FLOAT64 else int(found["count"])
    top = _top(column.type, found, scale)
    values = found.get("quantiles") or ()
    return ColumnStatistics(
        name=column.name,
        type=column.type,
        count=count,
        num_nulls=num_rows - count,
        num_nans=found.get("nans", 0),
        num_infinite=found.get("infinite", 0),
        num_zeros=found.get("zeros"),
        num_distinct=_num_distinct(column.type, found, count, scale),
        min=_extreme(column.type, found.get("min")),
        max=_extreme(column.type, found.get("max")),
        mean=_finite(found.get("mean")),
        stddev=_stddev(found),
        quantiles=tuple(Quantile(f, float(value)) for f, value in zip(QUANTILE_FRACTIONS, values, strict=bool(values))),
        top_values=top,
        mean_length=found.get("length"),
        num_true=found.get("true"),
        num_false=found.get("false"),
    )


def _top(type_: SqlType, found: Mapping[str, Any], scale: float) -> tuple[TopValue, ...]:
    if type_ is SqlType.BOOL:
        values = (TopValue(True, found["true"] or 0), TopValue(False, found["false"] or 0))
        return tuple(sorted((value for value in values if value.count), key=lambda value: -value.count))
    rows = found.get("top") or ()
    return tuple(TopValue(_extreme(type_, row["value"]), round(row["count"] * scale)) for row in rows)  # type: ignore[arg-type]


def _num_distinct(type_: SqlType, found: Mapping[str, Any], count: int, scale: float) -> int:
    """Exact where every value was counted; otherwise HyperLogLog's estimate (which also counts NaN as a value)."""
    if type_ is SqlType.BOOL:
        return bool(found["true"]) + bool(found["false"])
    if "exact_distinct" in found and scale == 1:
        return int(found["exact_distinct"] or 0)
    return min(int(found["distinct"]) - bool(found.get("nans")), count)


def _extreme(type_: SqlType, value: Any) -> int | float | str | None:
    if value is None or type_ not in _TEMPORAL:
        return value  # type: ignore[no-any-return]
    try:
        if type_ is SqlType.TIMESTAMP:
            return (_EPOCH + datetime.timedelta(microseconds=value)).isoformat().replace("+00:00", "Z")
        return (_EPOCH.date() + datetime.timedelta(days=value)).isoformat()
    except OverflowError:
        return str(value)


def _stddev(found: Mapping[str, Any]) -> float | None:
    extremes = [found.get("min"), found.get("max")]
    if any(isinstance(value, float) and abs(value) >= _LARGEST_SQUARED for value in extremes):
        return None
    return _finite(found.get("stddev"))


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None

"""`measure_statistics`: every column of a table summed up, in a scan or three of it, whatever its size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hagane.data.check_pages import check_pages
from hagane.data.engine import quote_name
from hagane.data.table import Table
from hagane.progress import SILENT, Phase, Progress
from hagane.statistics.count_distinct import count_distinct
from hagane.statistics.sample import measure_sample
from hagane.statistics.statistics import Statistics
from hagane.statistics.summed_column import LARGEST_SQUARED, count_of, summed_column
from hagane.types import Column, SqlType

COLUMNS_A_SCAN = 128
"""Beyond a few hundred columns the aggregates of one scan cost time by their square, and megabytes each."""
NUM_SCANS = 3
"""Aggregates, sample, distinct values."""


def measure_statistics(table: Table, *, progress: Progress = SILENT) -> Statistics:
    """The statistics of every column, in memory that does not grow with the rows.

    Counts and extremes are exact, moments up to the last bits, which depend on how threads shared the rows. Distinct
    values of every row go into a HyperLogLog sketch. Quantiles and top values are exact up to half a million rows
    (fewer where there are more than 40 columns, or long strings); of larger tables they are measured on as many rows,
    chosen by hash of the row's position. The sketches state the errors of all three.

    >>> import pyarrow as pa
    >>> from hagane.data.open_table import open_table
    >>> age = measure_statistics(open_table(pa.table({"age": [20, 30, None]})))["age"]
    >>> age.count, age.num_nulls, age.min, age.max, age.mean
    (2, 1, 20, 30, 25.0)
    """
    check_pages(table, progress)
    names = table.schema.names
    starts = range(0, max(1, len(names)), COLUMNS_A_SCAN)
    scan = table.num_rows / len(starts) / NUM_SCANS
    with progress.phase("measure statistics", total=table.num_rows) as phase:
        found = _aggregate(table, starts, phase, scan)
        counts = dict(zip(names, map(count_of, found), strict=True))
        text_bytes = sum(float(column.get("bytes") or 0) for column in found)
        sample = measure_sample(table, counts, text_bytes=text_bytes, columns_a_scan=COLUMNS_A_SCAN)
        phase.advance(scan * len(starts))
        distinct = {name: column.distinct_sketch for name, column in sample.columns.items()}
        for start in starts:
            if sample.num_rows < table.num_rows:
                distinct |= count_distinct(table, names[start : start + COLUMNS_A_SCAN])
            phase.advance(scan)
    columns = (
        summed_column(column, table.num_rows, aggregates, sample.columns[column.name], distinct.get(column.name))
        for column, aggregates in zip(table.schema, found, strict=True)
    )
    return Statistics(num_rows=table.num_rows, columns=tuple(columns), num_sampled_rows=sample.num_rows)


def _aggregate(table: Table, starts: range, phase: Phase, scan: float) -> list[Mapping[str, Any]]:
    """What DuckDB's aggregates say of each column."""
    found: list[Mapping[str, Any]] = []
    for start in starts:
        indices = range(start, min(start + COLUMNS_A_SCAN, len(table.schema)))
        if indices:
            row = table.query(statistics_sql(table, indices), keep_nan=True).to_pylist()[0]
            found += [row[f"c{index}"] for index in indices]
        phase.advance(scan)
    return found


def statistics_sql(table: Table, indices: Iterable[int] | None = None) -> str:
    """The one SELECT, over `data` with NaN kept: a struct of aggregates a column (of `indices`; of all by default).

    No aggregate has a FILTER: in DuckDB each would keep a buffer of every aggregate's arguments, which for hundreds of
    columns is more than the machine has. The conditions are CASEs of the inner SELECT instead.
    """
    aggregates, inner = [], []
    for index in range(len(table.schema)) if indices is None else indices:
        column = table.schema.columns[index]
        inner += _arguments(column, index)
        packed = ", ".join(f"'{name}': {sql}" for name, sql in _aggregates(column.type, index).items())
        aggregates.append(f"{{{packed}}} AS c{index}")
    return f"SELECT {', '.join(aggregates)} FROM (SELECT {', '.join(inner)} FROM data)"


def _arguments(column: Column, index: int) -> list[str]:
    """SQL of what a column's aggregates read: x the value, f the finite value."""
    name = quote_name(column.name)
    x = {SqlType.TIMESTAMP: f"epoch_us({name})", SqlType.DATE: f"({name} - DATE '1970-01-01')"}.get(column.type, name)
    arguments = [f"{x} AS x{index}"]
    if column.type is SqlType.FLOAT64:
        arguments.append(f"CASE WHEN isfinite({name}) THEN {name} END AS f{index}")
    return arguments


def _aggregates(type_: SqlType, index: int) -> dict[str, str]:
    """Name → SQL aggregate, for a column's type."""
    x = f"x{index}"
    if type_ is SqlType.FLOAT64:
        return _of_floats(index)
    if type_ is SqlType.BOOL:
        return {"count": f"count({x})", "true": _count_if(x), "false": _count_if(f"NOT {x}")}
    if type_.is_array:
        lengths = {"length": f"avg(len({x}))", "shortest": f"min(len({x}))", "longest": f"max(len({x}))"}
        return {"count": f"count({x})"} | lengths
    found = {"count": f"count({x})", "min": f"min({x})", "max": f"max({x})"}
    if type_ is SqlType.INT64:
        found |= {"mean": f"avg({x})", "stddev": f"stddev_samp({x})", "zeros": _count_if(f"{x} = 0")}
    if type_ is SqlType.STRING:
        found |= {"length": f"avg(length({x}))", "bytes": f"sum(strlen({x}))"}
    return found


def _count_if(condition: str) -> str:
    return f"count(CASE WHEN {condition} THEN 1 END)"


def _of_floats(index: int) -> dict[str, str]:
    """Extremes and moments of the finite values; NaN and infinities are counted apart."""
    x, f = f"x{index}", f"f{index}"
    return {
        "present": f"count({x})",
        "nans": _count_if(f"isnan({x})"),
        "infinite": _count_if(f"isinf({x})"),
        "zeros": _count_if(f"{x} = 0"),
        "mean": f"favg({f})",
        "stddev": f"stddev_samp(CASE WHEN abs({f}) < {LARGEST_SQUARED} THEN {f} END)",
        "min": f"min({f})",
        "max": f"max({f})",
    }

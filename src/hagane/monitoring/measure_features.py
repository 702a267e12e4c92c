"""`measure_features`: every column of a query summed up on the connection that can run it."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb
import msgspec

from hagane.data.engine import quote_name
from hagane.monitoring.distribution import Bucket, Histogram
from hagane.monitoring.equal_width_edges import equal_width_edges
from hagane.monitoring.feature_statistics import (
    ArrayStatistics,
    FeatureStatistics,
    NumberStatistics,
    TextStatistics,
)
from hagane.monitoring.input_column import InputColumn
from hagane.progress import SILENT, Progress

_LARGEST_SQUARED = 1e150
"""Beyond it squares leave the range of FLOAT64, and no deviation is given."""


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """How finely columns are measured."""

    num_quantiles: int = 2
    """Numbers: the parts into which the quantiles cut the values."""
    num_histogram_buckets: int = 10
    num_top_values: int = 50
    num_length_quantiles: int = 10


def measure_features(
    connection: duckdb.DuckDBPyConnection,
    sql: str,
    columns: Sequence[InputColumn],
    detail: Detail,
    *,
    progress: Progress = SILENT,
) -> tuple[FeatureStatistics, ...]:
    """The statistics of these columns of `sql`, DuckDB's SELECT, which is run once.

    Everything is exact: quantiles are values at their rank (the nearest one, from below), distinct values are counted.

    >>> column = InputColumn(name="n", sql='"n"', is_numeric=True)
    >>> found = measure_features(duckdb.connect(), "SELECT unnest([1, 2, 2, NULL]) AS n", [column], Detail())
    >>> found[0].num_nulls, found[0].numbers.quantiles, [bucket.count for bucket in found[0].numbers.histogram.buckets]
    (1, (1.0, 2.0, 2.0), [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0])
    """
    with _kept(connection, sql) as table, progress.phase("measure columns", total=len(columns)) as phase:
        num_rows = int(_row(connection, f"SELECT count(*) AS n FROM {table}")["n"])
        found = []
        for column in columns:
            found.append(_measure(connection, table, num_rows, column, detail))
            phase.advance()
    return tuple(found)


@contextmanager
def _kept(connection: duckdb.DuckDBPyConnection, sql: str) -> Iterator[str]:
    """The rows in a table of this connection's own: a query may be slow, or give other rows each time (RAND())."""
    table = f"measured_{uuid.uuid4().hex}"
    connection.execute(f"CREATE TEMP TABLE {table} AS ({sql})")
    try:
        yield table
    finally:
        connection.execute(f"DROP TABLE IF EXISTS {table}")


def _measure(
    connection: duckdb.DuckDBPyConnection, table: str, num_rows: int, column: InputColumn, detail: Detail
) -> FeatureStatistics:
    values = f"({column.values_of(table)})"
    num_values = int(_row(connection, f"SELECT count(v) AS n FROM {values}")["n"])
    arrays = _arrays(connection, table, column, detail) if column.is_array else None
    return FeatureStatistics(
        name=column.name,
        is_integer=column.is_integer,
        num_rows=num_rows,
        num_nulls=num_rows - (num_values if arrays is None else arrays.num_arrays),
        num_values=num_values,
        numbers=_numbers(connection, values, detail) if column.is_numeric else None,
        text=None if column.is_numeric else _text(connection, values, detail),
        arrays=arrays,
    )


def _numbers(connection: duckdb.DuckDBPyConnection, values: str, detail: Detail) -> NumberStatistics:
    fractions = [step / detail.num_quantiles for step in range(detail.num_quantiles + 1)]
    finite = f"CASE WHEN abs(v) < {_LARGEST_SQUARED} THEN v END"
    row = _row(
        connection,
        f"SELECT count(v) AS n, count(CASE WHEN v = 0 THEN 1 END) AS zeros, min(v) AS least, max(v) AS greatest, "
        f"avg(v) AS mean, count({finite}) AS squared, stddev_samp({finite}) AS stddev, "
        f"quantile_disc(v, 0.5) AS median, quantile_disc(v, {fractions}) AS quantiles, "
        f"min(CASE WHEN isfinite(v) THEN v END) AS low, max(CASE WHEN isfinite(v) THEN v END) AS high FROM {values}",
    )
    return NumberStatistics(
        num_zeros=row["zeros"],
        min=row["least"],
        max=row["greatest"],
        mean=row["mean"] if row["mean"] is not None and math.isfinite(row["mean"]) else None,
        stddev=row["stddev"] if row["squared"] == row["n"] else None,
        median=row["median"],
        quantiles=tuple(row["quantiles"] or ()),
        histogram=_histogram(connection, values, row, detail.num_histogram_buckets) if row["n"] else None,
    )


def _histogram(
    connection: duckdb.DuckDBPyConnection, values: str, row: dict[str, Any], num_buckets: int
) -> Histogram | None:
    counts: dict[float, int] = {}
    edges = [] if row["low"] is None else equal_width_edges(row["low"], row["high"], num_buckets)
    below = [math.nextafter(edge, -math.inf) for edge in edges[1:-1]]  # DuckDB's bins are closed on the right
    bins = ", ".join(f"{bound!r}::DOUBLE" for bound in [*below, *edges[-1:]])
    sql = f"SELECT histogram(v, [{bins}]::DOUBLE[]) AS bins, " if edges else "SELECT NULL AS bins, "
    sides = "count(CASE WHEN v = 'inf' THEN 1 END) AS above, count(CASE WHEN v = '-inf' THEN 1 END) AS below"
    found = _row(connection, f"{sql}{sides} FROM {values}")
    counts = found["bins"] or {}
    inner = [float(counts.get(bound, 0)) for bound in [*below, *edges[-1:]]]
    if inner:
        inner[0] -= found["below"]  # the first bin takes whatever is less
    buckets = Histogram.of_edges(edges, inner).buckets if edges else ()
    low = (Bucket(-math.inf, -math.inf, found["below"]),) if found["below"] else ()
    high = (Bucket(math.inf, math.inf, found["above"]),) if found["above"] else ()
    return Histogram((*low, *buckets, *high))


def _text(connection: duckdb.DuckDBPyConnection, values: str, detail: Detail) -> TextStatistics:
    row = _row(connection, f"SELECT min(v) AS least, max(v) AS greatest, avg(length(v)) AS mean_length FROM {values}")
    counted = f"SELECT v, count(*) AS n FROM {values} WHERE v IS NOT NULL GROUP BY v"
    top = connection.execute(
        f"SELECT v, n, count(*) OVER () AS num_distinct FROM ({counted}) "
        f"ORDER BY n DESC, v LIMIT {detail.num_top_values}"
    ).fetchall()
    return TextStatistics(
        min=row["least"],
        max=row["greatest"],
        num_distinct=int(top[0][2]) if top else 0,
        mean_length=row["mean_length"],
        top_values=tuple((str(value), int(count)) for value, count, _ in top),
    )


def _arrays(connection: duckdb.DuckDBPyConnection, table: str, column: InputColumn, detail: Detail) -> ArrayStatistics:
    fractions = [step / detail.num_length_quantiles for step in range(detail.num_length_quantiles + 1)]
    lengths = f"(SELECT len({column.sql}) AS l FROM {table})"
    row = _row(
        connection,
        f"SELECT count(l) AS n, min(l) AS least, max(l) AS greatest, avg(l) AS mean, sum(l)::BIGINT AS total, "
        f"quantile_disc(l, {fractions}) AS quantiles FROM {lengths}",
    )
    dimension = None
    if column.is_sparse:
        index = f"x.{quote_name(column.index_field)}"
        largest = _row(connection, f"SELECT max({index}) AS i FROM (SELECT unnest({column.sql}) AS x FROM {table})")[
            "i"
        ]
        dimension = None if largest is None else int(largest) + 1
    return ArrayStatistics(
        num_arrays=row["n"],
        min_length=row["least"],
        max_length=row["greatest"],
        mean_length=row["mean"],
        total_length=row["total"] or 0,
        length_quantiles=tuple(row["quantiles"] or ()),
        dimension=dimension,
    )


def _row(connection: duckdb.DuckDBPyConnection, sql: str) -> dict[str, Any]:
    """The one row of a SELECT of aggregates."""
    cursor = connection.execute(sql)
    row = cursor.fetchone()
    assert row is not None
    return {column[0]: value for column, value in zip(cursor.description or (), row, strict=True)}

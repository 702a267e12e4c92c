"""`summed_column`: a column's aggregates and what its sketches say, put together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from hagane.statistics.column_sample import ColumnSample
from hagane.statistics.distinct_sketch import DistinctSketch
from hagane.statistics.plain_value import plain_value
from hagane.statistics.statistics import ColumnStatistics, TopValue, boolean_top_values, top_values_of
from hagane.types import Column, SqlType

LARGEST_SQUARED = 1e150
"""Beyond it squares leave the range of FLOAT64, and no deviation is given."""


def summed_column(
    column: Column, num_rows: int, found: Mapping[str, Any], sample: ColumnSample, distinct: DistinctSketch | None
) -> ColumnStatistics:
    """Of a column of `num_rows` rows: its aggregates by name, those that its type has, and its sketches.

    >>> from hagane.types import SqlType
    >>> found = {"count": 2, "true": 2, "false": 0}
    >>> summed_column(Column("late", SqlType.BOOL), 3, found, ColumnSample(), None).num_nulls
    1
    """
    count = count_of(found)
    return ColumnStatistics(
        name=column.name,
        type=column.type,
        count=count,
        num_nulls=num_rows - count,
        num_nans=found.get("nans", 0),
        num_infinite=found.get("infinite", 0),
        num_zeros=found.get("zeros"),
        num_distinct=_num_distinct(column.type, found, sample, distinct),
        min=plain_value(column.type, found.get("min")),
        max=plain_value(column.type, found.get("max")),
        mean=_finite(found.get("mean")),
        stddev=_stddev(found),
        quantiles=sample.quantiles,
        top_values=_top_values(column.type, found, sample),
        mean_length=found.get("length"),
        min_length=found.get("shortest"),
        max_length=found.get("longest"),
        num_true=found.get("true"),
        num_false=found.get("false"),
        quantile_sketch=sample.quantile_sketch,
        distinct_sketch=distinct,
        frequent_sketch=sample.frequent_sketch,
    )


def count_of(found: Mapping[str, Any]) -> int:
    """Rows with a value."""
    return int(found["present"] - found["nans"]) if "present" in found else int(found["count"])


def _top_values(type_: SqlType, found: Mapping[str, Any], sample: ColumnSample) -> tuple[TopValue, ...]:
    if type_ is SqlType.BOOL:
        return boolean_top_values(found["true"] or 0, found["false"] or 0)
    return () if sample.frequent_sketch is None else top_values_of(sample.frequent_sketch, type_)


def _num_distinct(
    type_: SqlType, found: Mapping[str, Any], sample: ColumnSample, distinct: DistinctSketch | None
) -> int:
    """Exact where every value was looked at; otherwise HyperLogLog's estimate."""
    if distinct is None:
        return bool(found["true"]) + bool(found["false"])
    if sample.num_distinct is not None:
        return sample.num_distinct
    return min(round(distinct.estimate()), count_of(found))


def _stddev(found: Mapping[str, Any]) -> float | None:
    extremes = [found.get("min"), found.get("max")]
    if any(isinstance(value, float) and abs(value) >= LARGEST_SQUARED for value in extremes):
        return None
    return _finite(found.get("stddev"))


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None

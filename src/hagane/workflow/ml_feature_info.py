"""`ml_feature_info`: what training knows of each column that a model reads, as ML.FEATURE_INFO tells it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hagane.bundle.bundle import Bundle
from hagane.statistics.plain_value import raw_value
from hagane.statistics.statistics import ColumnStatistics, Statistics
from hagane.types import SqlType

NUMBERS = (SqlType.INT64, SqlType.FLOAT64)
MICROSECONDS = 1_000_000
CATEGORIES = (SqlType.STRING, SqlType.BOOL, SqlType.DATE)


class FeatureInfo(NamedTuple):
    """A row of ML.FEATURE_INFO; what does not apply to the column's type is None."""

    input: str
    min: float | None
    max: float | None
    mean: float | None
    median: float | None
    stddev: float | None
    category_count: int | None
    """Distinct values of what is treated as a category."""
    null_count: int
    dimension: int | None
    """Elements of an array, where all have as many."""


def ml_feature_info(bundle: Bundle) -> Iterator[FeatureInfo]:
    """The columns as they are before any transformation, in the model's order, over the training rows.

    Of a TIMESTAMP the extremes are seconds since 1970. The deviation is that of a sample.
    """
    statistics = Statistics.from_json(bundle.document("statistics.json"))
    for column in bundle.signature.inputs:
        if column.name in statistics:
            yield _info(statistics[column.name])


def _info(column: ColumnStatistics) -> FeatureInfo:
    is_number, is_array = column.type in NUMBERS, column.type.is_array
    has_extremes = is_number or column.type is SqlType.TIMESTAMP
    same_length = is_array and column.min_length is not None and column.min_length == column.max_length
    return FeatureInfo(
        input=column.name,
        min=_number(column, column.min) if has_extremes else None,
        max=_number(column, column.max) if has_extremes else None,
        mean=column.mean if is_number else None,
        median=next((each.value for each in column.quantiles if each.fraction == 0.5), None) if is_number else None,
        stddev=column.stddev if is_number else None,
        category_count=column.num_distinct if column.type in CATEGORIES else None,
        null_count=column.num_nulls,
        dimension=column.min_length if same_length else None,
    )


def _number(column: ColumnStatistics, value: int | float | str | None) -> float | None:
    raw = raw_value(column.type, value)
    if raw is None:
        return None
    return raw / MICROSECONDS if column.type is SqlType.TIMESTAMP else float(raw)

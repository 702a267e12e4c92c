"""An instance to show in documentation and messages: typical values, and no person's row."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hagane.statistics.statistics import ColumnStatistics, Statistics
from hagane.types import Column, SqlType


def example_instance(columns: Iterable[Column], statistics: Statistics) -> dict[str, Any]:
    """A value that each column often has: the median of numbers, the most frequent of the rest, None if unknown."""
    return {column.name: typical_value(statistics[column.name]) for column in columns}


def typical_value(column: ColumnStatistics) -> Any:
    """The median, the most frequent value, or the earliest moment.

    >>> typical_value(ColumnStatistics(name="on", type=SqlType.DATE, count=1, num_nulls=0, min="2013-01-01"))
    '2013-01-01'
    """
    match column.type:
        case SqlType.FLOAT64 | SqlType.INT64:
            value = _median(column)
            return value if value is None or column.type is SqlType.FLOAT64 else round(value)
        case SqlType.TIMESTAMP:
            return column.min
        case SqlType.BOOL:
            return None if not column.count else (column.num_true or 0) * 2 >= column.count
        case type_ if type_.is_array:
            return [] if column.count else None
    return column.top_values[0].value if column.top_values else column.min


def _median(column: ColumnStatistics) -> float | None:
    return next((q.value for q in column.quantiles if q.fraction == 0.5), column.mean)

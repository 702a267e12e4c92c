"""An instance to show in documentation and messages: typical values, and no person's row."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from hagane.statistics.statistics import ColumnStatistics, Statistics
from hagane.types import Column, SqlType

MOST_ELEMENTS = 4_096
"""Of an array in an example."""


def example_instance(columns: Iterable[Column], statistics: Statistics) -> dict[str, Any]:
    """A value that each column often has: the median of numbers, the most frequent of the rest, None if unknown."""
    return {column.name: typical_value(statistics[column.name]) for column in columns}


def typical_value(column: ColumnStatistics) -> Any:
    """The median, the most frequent value, or the earliest moment; of an array of numbers ones.

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
        case SqlType.ARRAY_INT64 | SqlType.ARRAY_FLOAT64:
            return _ones(column)
        case type_ if type_.is_array:
            return [] if column.count else None
    return column.top_values[0].value if column.top_values else column.min


def _ones(column: ColumnStatistics) -> list[float] | None:
    """An array of the usual length, since expressions err on one that is too short (and some on zeros)."""
    if not column.count:
        return None
    one = 1.0 if column.type is SqlType.ARRAY_FLOAT64 else 1
    return [one] * min(MOST_ELEMENTS, math.ceil(column.mean_length or 0))


def _median(column: ColumnStatistics) -> float | None:
    return next((q.value for q in column.quantiles if q.fraction == 0.5), column.mean)

"""`ML.DESCRIBE_DATA(data, STRUCT(…))`: one row a column, its statistics."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
import pyarrow as pa

from hagane.monitoring.feature_statistics import FeatureStatistics
from hagane.monitoring.input_column import input_columns
from hagane.monitoring.measure_features import Detail, measure_features
from hagane.session.function_call import FunctionCall
from hagane.session.table_function import FunctionContext

SCHEMA = pa.schema(
    [
        ("name", pa.string()),
        ("num_rows", pa.int64()),
        ("num_nulls", pa.int64()),
        ("num_zeros", pa.int64()),
        ("min", pa.string()),
        ("max", pa.string()),
        ("mean", pa.float64()),
        ("stddev", pa.float64()),
        ("median", pa.float64()),
        ("quantiles", pa.list_(pa.float64())),
        ("unique", pa.int64()),
        ("avg_string_length", pa.float64()),
        ("num_values", pa.int64()),
        ("top_values", pa.list_(pa.struct([("value", pa.string()), ("count", pa.int64())]))),
        ("min_array_length", pa.int64()),
        ("max_array_length", pa.int64()),
        ("avg_array_length", pa.float64()),
        ("total_array_length", pa.int64()),
        ("array_length_quantiles", pa.list_(pa.int64())),
        ("dimension", pa.int64()),
    ]
)


class DescribeDataOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What STRUCT(…) may say."""

    num_quantiles: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 2
    """Quantiles of numbers: as many and the least value are listed."""
    num_array_length_quantiles: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 10
    top_k: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1
    """Most frequent values of what is no number."""


class DescribeData:
    """Statistics of every column of the data."""

    name = "ML.DESCRIBE_DATA"
    model: Literal["none"] = "none"
    num_data = (1, 1)
    Options = DescribeDataOptions

    def run(self, call: FunctionCall, context: FunctionContext) -> pa.Table:
        """One row a column. Raises DataError for columns of types of which there are no statistics."""
        options = call.options
        assert isinstance(options, DescribeDataOptions)
        data = call.data[0]
        detail = Detail(
            num_quantiles=options.num_quantiles,
            num_top_values=options.top_k,
            num_length_quantiles=options.num_array_length_quantiles,
        )
        columns = input_columns(data.schema)
        found = measure_features(context.connection, data.sql, columns, detail, progress=context.progress)
        return pa.Table.from_pylist([_row(feature) for feature in found], schema=SCHEMA)


def _row(feature: FeatureStatistics) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": feature.name,
        "num_rows": feature.num_rows,
        "num_nulls": feature.num_nulls,
        "num_values": feature.num_values,
        "quantiles": [],
        "top_values": [],
        "array_length_quantiles": [],
    }
    if feature.numbers is not None:
        row |= _of_numbers(feature)
    if feature.text is not None:
        top = [{"value": value, "count": count} for value, count in feature.text.top_values]
        row |= {"min": feature.text.min, "max": feature.text.max, "unique": feature.text.num_distinct}
        row |= {"avg_string_length": feature.text.mean_length, "top_values": top}
    if feature.arrays is not None:
        row |= {"min_array_length": feature.arrays.min_length, "max_array_length": feature.arrays.max_length}
        row |= {"avg_array_length": feature.arrays.mean_length, "total_array_length": feature.arrays.total_length}
        row |= {"array_length_quantiles": feature.arrays.length_quantiles, "dimension": feature.arrays.dimension}
    return row


def _of_numbers(feature: FeatureStatistics) -> dict[str, Any]:
    numbers = feature.numbers
    assert numbers is not None
    return {
        "num_zeros": numbers.num_zeros,
        "min": number_text(numbers.min),
        "max": number_text(numbers.max),
        "mean": numbers.mean,
        "stddev": numbers.stddev,
        "median": numbers.median,
        "quantiles": numbers.quantiles,
    }


def number_text(value: float | None) -> str | None:
    """As BigQuery casts FLOAT64 to STRING.

    >>> number_text(17.0), number_text(0.25), number_text(float("-inf"))
    ('17', '0.25', '-inf')
    """
    return None if value is None else repr(value).removesuffix(".0")

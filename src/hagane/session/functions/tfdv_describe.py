"""`ML.TFDV_DESCRIBE(data, STRUCT(…))`: statistics as TensorFlow Data Validation writes them."""

from __future__ import annotations

import json
from typing import Literal

import msgspec
import pyarrow as pa

from hagane.monitoring.input_column import input_columns
from hagane.monitoring.measure_features import Detail, measure_features
from hagane.monitoring.tfdv_statistics import NUM_TOP_VALUES, tfdv_statistics
from hagane.session.function_call import FunctionCall
from hagane.session.functions.drift_function_options import NumBuckets, NumRanks
from hagane.session.table_function import FunctionContext

SCHEMA = pa.schema([("dataset_feature_statistics_list", pa.json_(pa.string()))])


class TfdvDescribeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What STRUCT(…) may say."""

    num_histogram_buckets: NumBuckets = 10
    num_quantiles_histogram_buckets: NumBuckets = 10
    num_values_histogram_buckets: NumBuckets = 10
    num_rank_histogram_buckets: NumRanks = 50


class TfdvDescribe:
    """One row with one column, the JSON of a `DatasetFeatureStatisticsList`."""

    name = "ML.TFDV_DESCRIBE"
    model: Literal["none"] = "none"
    num_data = (1, 1)
    Options = TfdvDescribeOptions

    def run(self, call: FunctionCall, context: FunctionContext) -> pa.Table:
        """The statistics. Raises DataError for columns of types of which there are none."""
        options = call.options
        assert isinstance(options, TfdvDescribeOptions)
        data = call.data[0]
        detail = Detail(
            num_quantiles=options.num_quantiles_histogram_buckets,
            num_histogram_buckets=options.num_histogram_buckets,
            num_top_values=max(options.num_rank_histogram_buckets, NUM_TOP_VALUES),
            num_length_quantiles=options.num_values_histogram_buckets,
        )
        columns = input_columns(data.schema)
        found = measure_features(context.connection, data.sql, columns, detail, progress=context.progress)
        num_rows = found[0].num_rows if found else 0
        message = tfdv_statistics(num_rows, found, num_ranks=options.num_rank_histogram_buckets)
        return pa.Table.from_arrays([pa.array([json.dumps(message)]).cast(SCHEMA[0].type)], schema=SCHEMA)

"""`ML.VALIDATE_DATA_SKEW(MODEL m, data, STRUCT(…))`: how far data lie from those that a model was trained on."""

from __future__ import annotations

from typing import Literal

import pyarrow as pa

from hagane.monitoring.baseline import read_baseline
from hagane.monitoring.compare_distributions import compare_distributions
from hagane.monitoring.measure_features import Detail
from hagane.session.function_call import FunctionCall
from hagane.session.functions.drift_function_options import DriftFunctionOptions, drift_table
from hagane.session.functions.validate_data_drift import measure_distributions
from hagane.session.table_function import FunctionContext


class ValidateDataSkewOptions(DriftFunctionOptions, frozen=True, kw_only=True):
    """What STRUCT(…) may say."""

    enable_visualization_link: bool = False
    """Adds the column `visualization_link`, which is NULL here."""


class ValidateDataSkew:
    """The model's statistics against the data's, of the columns that the model reads."""

    name = "ML.VALIDATE_DATA_SKEW"
    model: Literal["required"] = "required"
    num_data = (1, 1)
    Options = ValidateDataSkewOptions

    def run(self, call: FunctionCall, context: FunctionContext) -> pa.Table:
        """One row a column of both. Raises DataError for options and columns that cannot be."""
        options = call.options
        assert isinstance(options, ValidateDataSkewOptions)
        assert call.model is not None
        drift_options = options.drift_options(call)
        detail = Detail(
            num_histogram_buckets=options.num_histogram_buckets, num_top_values=options.num_rank_histogram_buckets
        )
        base = read_baseline(
            call.model.path, num_histogram_buckets=detail.num_histogram_buckets, num_top_values=detail.num_top_values
        )
        study = measure_distributions(call.data[0], context, detail, names=frozenset(base))
        drifts = compare_distributions(base, study, drift_options)
        return drift_table(drifts, with_link=options.enable_visualization_link)

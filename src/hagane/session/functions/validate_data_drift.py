"""`ML.VALIDATE_DATA_DRIFT(base, study, STRUCT(…)[, MODEL m])`: how far two sets of data lie apart."""

from __future__ import annotations

from typing import Literal

import pyarrow as pa

from hagane.monitoring.compare_distributions import compare_distributions
from hagane.monitoring.distribution import Distribution
from hagane.monitoring.input_column import input_columns
from hagane.monitoring.measure_features import Detail, measure_features
from hagane.session.function_call import FunctionCall
from hagane.session.functions.drift_function_options import DriftFunctionOptions, NumBuckets, drift_table
from hagane.session.input_rows import InputRows
from hagane.session.table_function import FunctionContext


class ValidateDataDriftOptions(DriftFunctionOptions, frozen=True, kw_only=True):
    """What STRUCT(…) may say."""

    num_quantiles_histogram_buckets: NumBuckets = 10
    """Accepted: distances are of the histogram of equal widths."""
    num_values_histogram_buckets: NumBuckets = 10
    """Accepted: the lengths of arrays are not compared."""


class ValidateDataDrift:
    """Every column that both have, compared."""

    name = "ML.VALIDATE_DATA_DRIFT"
    model: Literal["optional"] = "optional"
    num_data = (2, 2)
    Options = ValidateDataDriftOptions

    def run(self, call: FunctionCall, context: FunctionContext) -> pa.Table:
        """One row a column of both. Raises DataError for options and columns that cannot be."""
        options = call.options
        assert isinstance(options, ValidateDataDriftOptions)
        drift_options = options.drift_options(call)
        detail = Detail(
            num_histogram_buckets=options.num_histogram_buckets, num_top_values=options.num_rank_histogram_buckets
        )
        base, study = (measure_distributions(data, context, detail) for data in call.data)
        drifts = compare_distributions(base, study, drift_options)
        return drift_table(drifts, with_link=call.model is not None)


def measure_distributions(
    data: InputRows, context: FunctionContext, detail: Detail, *, names: frozenset[str] | None = None
) -> dict[str, Distribution]:
    """Column → its distribution, of `names` or of all."""
    kept = [field for field in data.schema if names is None or field.name in names]
    columns = input_columns(pa.schema(kept))
    found = measure_features(context.connection, data.sql, columns, detail, progress=context.progress)
    return {feature.name: feature.distribution for feature in found}

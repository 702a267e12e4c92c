"""Options that ML.VALIDATE_DATA_SKEW and ML.VALIDATE_DATA_DRIFT share, and the table that both give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
import pyarrow as pa

from hagane.errors import DataError, Fault
from hagane.monitoring.drift_options import DEFAULT_THRESHOLD, DriftOptions, check_drift_options
from hagane.monitoring.feature_drift import FeatureDrift
from hagane.session.function_call import FunctionCall

SCHEMA = pa.schema(
    [
        ("input", pa.string()),
        ("metric", pa.string()),
        ("threshold", pa.float64()),
        ("value", pa.float64()),
        ("is_anomaly", pa.bool_()),
    ]
)
LINK = pa.field("visualization_link", pa.string())
"""The page of a service that draws the distributions: none here, NULL wherever the column is asked for."""

NumBuckets = Annotated[int, msgspec.Meta(ge=1, le=1_000)]
NumRanks = Annotated[int, msgspec.Meta(ge=1, le=10_000)]
Threshold = Annotated[float, msgspec.Meta(ge=0, lt=1)]


class DriftFunctionOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What STRUCT(…) may say of thresholds and histograms."""

    num_histogram_buckets: NumBuckets = 10
    num_rank_histogram_buckets: NumRanks = 50
    categorical_default_threshold: Threshold = DEFAULT_THRESHOLD
    categorical_metric_type: str = "L_INFTY"
    numerical_default_threshold: Threshold = DEFAULT_THRESHOLD
    numerical_metric_type: str = "JENSEN_SHANNON_DIVERGENCE"
    thresholds: list[Any] = []
    """`[('column', 0.1), …]`."""

    def drift_options(self, call: FunctionCall) -> DriftOptions:
        """Checked. Raises DataError with every option that cannot be, the call underlined."""
        names = ("categorical_default_threshold", "numerical_default_threshold")
        metrics = ("categorical_metric_type", "numerical_metric_type")
        values: dict[str, Any] = {name: getattr(self, name) for name in names}
        values |= {name: getattr(self, name).upper() for name in metrics}
        try:
            values["thresholds"] = dict(_pair(each) for each in self.thresholds)
        except (TypeError, ValueError):
            expected = "an array of (column, threshold): [('age', 0.1), ('job', 0.2)]"
            faults = [Fault(what="thresholds cannot be read", expected=expected, received=str(self.thresholds))]
        else:
            faults = check_drift_options(values)
        if faults:
            spot = {"sql": call.sql, "start": call.start, "end": call.end}
            raise DataError(*(msgspec.structs.replace(fault, **spot) for fault in faults))
        return DriftOptions(**values)


def _pair(each: Any) -> tuple[str, float]:
    """Of a tuple, a list or a STRUCT of two."""
    column, threshold = each.values() if isinstance(each, Mapping) else each
    if not isinstance(column, str) or isinstance(threshold, bool):
        raise TypeError
    return column, float(threshold)


def drift_table(drifts: Sequence[FeatureDrift], *, with_link: bool) -> pa.Table:
    """One row a feature.

    >>> drift = FeatureDrift(input="age", metric="L_INFTY", threshold=0.3, value=0.4)
    >>> drift_table([drift], with_link=True).to_pylist()[0]["is_anomaly"]
    True
    """
    rows = [
        {"input": d.input, "metric": d.metric, "threshold": d.threshold, "value": d.value, "is_anomaly": d.is_anomaly}
        for d in drifts
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMA.append(LINK) if with_link else SCHEMA)

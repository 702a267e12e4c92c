"""ML.FEATURE_INFO: what training knows of each column that a model reads."""

from __future__ import annotations

from typing import Literal

import msgspec
import pyarrow as pa

from hagane.session.function_call import FunctionCall
from hagane.session.model_bundle import model_bundle
from hagane.session.table_function import FunctionContext
from hagane.workflow.ml_feature_info import ml_feature_info

SCHEMA = pa.schema(
    [
        ("input", pa.string()),
        ("min", pa.float64()),
        ("max", pa.float64()),
        ("mean", pa.float64()),
        ("median", pa.float64()),
        ("stddev", pa.float64()),
        ("category_count", pa.int64()),
        ("null_count", pa.int64()),
        ("dimension", pa.int64()),
    ]
)


class FeatureInfoOptions(msgspec.Struct, frozen=True, kw_only=True):
    """There are none."""


class FeatureInfo:
    """`ML.FEATURE_INFO(MODEL m)`."""

    name = "ML.FEATURE_INFO"
    model: Literal["required"] = "required"
    num_data = (0, 0)
    Options = FeatureInfoOptions

    def run(self, call: FunctionCall, context: FunctionContext) -> pa.Table:
        """A row a column. Raises HaganeError."""
        return pa.Table.from_pylist([each._asdict() for each in ml_feature_info(model_bundle(call))], SCHEMA)

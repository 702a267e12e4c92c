"""ML.FEATURE_IMPORTANCE: what trees split on."""

from __future__ import annotations

from typing import Literal

import msgspec
import pyarrow as pa

from hagane.session.function_call import FunctionCall
from hagane.session.model_bundle import model_bundle
from hagane.session.table_function import FunctionContext
from hagane.workflow.tree_importance import bundle_tree_importance

SCHEMA = pa.schema(
    [
        ("feature", pa.string()),
        ("importance_weight", pa.int64()),
        ("importance_gain", pa.float64()),
        ("importance_cover", pa.float64()),
    ]
)


class FeatureImportanceOptions(msgspec.Struct, frozen=True, kw_only=True):
    """There are none."""


class FeatureImportance:
    """`ML.FEATURE_IMPORTANCE(MODEL m)`."""

    name = "ML.FEATURE_IMPORTANCE"
    model: Literal["required"] = "required"
    num_data = (0, 0)
    Options = FeatureImportanceOptions

    def run(self, call: FunctionCall, context: FunctionContext) -> pa.Table:
        """A row a feature, as they are behind the transformation. Raises HaganeError."""
        found = bundle_tree_importance(model_bundle(call))
        rows = [(each.feature, each.weight, each.gain, each.cover) for each in found.features]
        return pa.Table.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in rows], SCHEMA)

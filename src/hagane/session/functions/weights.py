"""ML.WEIGHTS: what a linear model adds up."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
import pyarrow as pa

from hagane.models.weights import FeatureWeight
from hagane.session.asked_trial import asked_trial, with_trial
from hagane.session.category_name import category_name
from hagane.session.function_call import FunctionCall
from hagane.session.model_bundle import model_bundle
from hagane.session.table_function import FunctionContext
from hagane.session.weight_order import weight_order
from hagane.workflow.weights import bundle_weights

CATEGORY_WEIGHTS = pa.list_(pa.struct([("category", pa.string()), ("weight", pa.float64())]))
SCHEMA = pa.schema([("processed_input", pa.string()), ("weight", pa.float64()), ("category_weights", CATEGORY_WEIGHTS)])


class WeightsOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What STRUCT(…) may say."""

    standardize: bool = False
    """Whether weights are those of numbers of mean 0 and deviation 1, instead of the columns' own."""


class Weights:
    """`ML.WEIGHTS(MODEL m [, STRUCT(standardize)])`."""

    name = "ML.WEIGHTS"
    model: Literal["required"] = "required"
    num_data = (0, 0)
    Options = WeightsOptions

    def run(self, call: FunctionCall, context: FunctionContext) -> pa.Table:
        """A row a feature, the intercept last; of several classes these of each. Raises HaganeError."""
        options = call.options
        assert isinstance(options, WeightsOptions)
        bundle = model_bundle(call)
        found = bundle_weights(bundle)
        has_classes = len(found.classes) > 2
        schema = SCHEMA.append(pa.field("class_label", pa.string())) if has_classes else SCHEMA
        rows = [_row(each, options.standardize) for each in weight_order(found.weights)]
        told = pa.Table.from_pylist([{name: row[name] for name in schema.names} for row in rows], schema)
        return with_trial(told, asked_trial(call, bundle))


def _row(weight: FeatureWeight, standardize: bool) -> dict[str, Any]:
    return {
        "processed_input": weight.processed_input,
        "weight": weight.standardized_weight if standardize else weight.weight,
        "category_weights": [
            {"category": category_name(each), "weight": each.weight}
            for each in weight.category_weights
            if each.kind != "unknown" or each.weight
        ],
        "class_label": weight.class_label,
    }

"""ML.ADVANCED_WEIGHTS: what a linear model adds up, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Literal

import msgspec
import pyarrow as pa

from hagane.errors import Fault, SpecError
from hagane.models.weights import FeatureWeight, ModelWeights
from hagane.session.category_name import category_name
from hagane.session.function_call import FunctionCall
from hagane.session.model_bundle import model_bundle
from hagane.session.table_function import FunctionContext
from hagane.session.weight_order import weight_order
from hagane.workflow.weights import bundle_weights

SCHEMA = pa.schema(
    [
        ("processed_input", pa.string()),
        ("category", pa.string()),
        ("weight", pa.float64()),
        ("standard_error", pa.float64()),
        ("p_value", pa.float64()),
    ]
)


class AdvancedWeightsOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What STRUCT(…) may say."""

    standardize: bool = False
    """Whether weights are those of numbers of mean 0 and deviation 1, instead of the columns' own."""


class AdvancedWeights:
    """`ML.ADVANCED_WEIGHTS(MODEL m [, STRUCT(standardize)])`."""

    name = "ML.ADVANCED_WEIGHTS"
    model: Literal["required"] = "required"
    num_data = (0, 0)
    Options = AdvancedWeightsOptions

    def run(self, call: FunctionCall, context: FunctionContext) -> pa.Table:
        """A row a number, and a row a category, the intercept last. Raises HaganeError."""
        options = call.options
        assert isinstance(options, AdvancedWeightsOptions)
        bundle = model_bundle(call)
        found = bundle_weights(bundle)
        if found.test is None:
            raise SpecError(_no_errors(bundle.name, found))
        rows = [row for each in weight_order(found.weights) for row in _rows(each, options.standardize)]
        return pa.Table.from_pylist(rows, SCHEMA)


def _rows(weight: FeatureWeight, standardize: bool) -> Iterator[dict[str, Any]]:
    if weight.weight is not None:
        told, error = weight.weight, weight.standard_error
        if standardize:
            told = weight.standardized_weight or 0.0
            # An error is of the weight's own unit; of the intercept, which is moved and not stretched, it is not known.
            is_stretched = weight.weight and error is not None and weight.processed_input != "__INTERCEPT__"
            error = abs(told / weight.weight) * error if is_stretched and error is not None else None
        p_value = normal_p_value(weight.weight, weight.standard_error)
        yield _row(weight.processed_input, None, told, error, p_value)
        return
    for each in weight.category_weights:
        if each.kind == "unknown" and not each.weight and not each.standard_error:
            continue
        p_value = normal_p_value(each.weight, each.standard_error)
        yield _row(weight.processed_input, category_name(each), each.weight, each.standard_error, p_value)


def normal_p_value(weight: float, error: float | None) -> float | None:
    """Of the hypothesis that a weight is 0, by the normal distribution: BigQuery's, of linear models too.

    NaN of the category that is left out, whose weight and error are 0; None where there is no error.

    >>> normal_p_value(1.96, 1.0), normal_p_value(0.0, 0.0), normal_p_value(1.0, None)
    (0.04999579029644087, nan, None)
    """
    if error is None:
        return None
    return math.erfc(abs(weight / error) / math.sqrt(2.0)) if error else math.nan


def _row(name: str, category: str | None, weight: float, error: float | None, p_value: float | None) -> dict[str, Any]:
    return {
        "processed_input": name,
        "category": category,
        "weight": weight,
        "standard_error": error,
        "p_value": p_value,
    }


def _no_errors(name: str, found: ModelWeights) -> Fault:
    return Fault(
        what=f"the training of {name} estimated no errors of its weights",
        expected="a linear model trained with calculate_p_values",
        received=found.model_type,
        next_step="train it again with OPTIONS(calculate_p_values = TRUE, category_encoding_method = 'DUMMY_ENCODING')",
    )

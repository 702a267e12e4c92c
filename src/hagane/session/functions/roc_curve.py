"""ML.ROC_CURVE: what thresholds give."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
import pyarrow as pa

from hagane.errors import Fault, SpecError
from hagane.session.asked_trial import asked_trial, with_trial
from hagane.session.function_call import FunctionCall
from hagane.session.labelled_rows import labelled_rows
from hagane.session.model_bundle import model_bundle
from hagane.session.table_function import FunctionContext
from hagane.workflow.ml_thresholds import ml_thresholds

SCHEMA = pa.schema(
    [
        ("threshold", pa.float64()),
        ("recall", pa.float64()),
        ("false_positive_rate", pa.float64()),
        ("true_positives", pa.int64()),
        ("false_positives", pa.int64()),
        ("true_negatives", pa.int64()),
        ("false_negatives", pa.int64()),
    ]
)


class RocCurveOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What STRUCT(…) may say."""

    trial_id: int | None = None


class RocCurve:
    """`ML.ROC_CURVE(MODEL m [, {TABLE t | (query)}] [, GENERATE_ARRAY(…)] [, STRUCT(…)])`."""

    name = "ML.ROC_CURVE"
    model: Literal["required"] = "required"
    num_data = (0, 1)
    num_values = (0, 1)
    Options = RocCurveOptions

    def run(self, call: FunctionCall, context: FunctionContext) -> pa.Table:
        """A row a threshold. Raises HaganeError."""
        thresholds = _thresholds(call.values)
        bundle = model_bundle(call)
        trial = asked_trial(call, bundle)
        found = ml_thresholds(bundle, labelled_rows(call, bundle), thresholds, progress=context.progress)
        return with_trial(pa.Table.from_pylist([msgspec.structs.asdict(each) for each in found], SCHEMA), trial)


def _thresholds(values: tuple[Any, ...]) -> list[float] | None:
    """The array that was given; None where there is none."""
    if not values:
        return None
    (found, *more) = values
    listed = list(found) if isinstance(found, list | tuple) else [found]
    if more or not isinstance(found, list | tuple) or not all(_is_number(each) for each in listed):
        raise SpecError(
            Fault(
                what="thresholds are one array of numbers",
                expected="GENERATE_ARRAY(0.4, 0.6, 0.01), or [0.4, 0.5]",
                received=", ".join(map(str, values))[:200],
            )
        )
    return [float(each) for each in listed]


def _is_number(value: object) -> bool:
    return not isinstance(value, bool) and hasattr(value, "__float__")

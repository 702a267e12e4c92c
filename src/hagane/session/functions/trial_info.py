"""ML.TRIAL_INFO: the trials of the search that a model came out of."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal

import msgspec
import pyarrow as pa

from hagane.errors import Fault, SpecError
from hagane.session.function_call import FunctionCall
from hagane.session.model_bundle import model_bundle
from hagane.session.table_function import FunctionContext
from hagane.workflow.ml_trial_info import ml_trial_info
from hagane.workflow.trial_of_model import trial_of_model

TYPES = {
    "trial_id": pa.int64(),
    "training_loss": pa.float64(),
    "eval_loss": pa.float64(),
    "status": pa.string(),
    "error_message": pa.string(),
    "is_optimal": pa.bool_(),
}


class TrialInfoOptions(msgspec.Struct, frozen=True, kw_only=True):
    """There are none."""


class TrialInfo:
    """`ML.TRIAL_INFO(MODEL m)`."""

    name = "ML.TRIAL_INFO"
    model: Literal["required"] = "required"
    num_data = (0, 0)
    Options = TrialInfoOptions

    def run(self, call: FunctionCall, context: FunctionContext) -> pa.Table:
        """A row a trial. Raises HaganeError."""
        assert call.model is not None
        bundle = model_bundle(call)
        found = trial_of_model(call.model, bundle)
        if found is None:
            step = "train it with OPTIONS (num_trials = …), or with hagane tune"
            what = f"{call.model.reference} did not come out of a search that is kept: it has no trials"
            raise SpecError(Fault(what=what, next_step=step))
        rows = [each._asdict() for each in ml_trial_info(found.record, num_classes=len(bundle.signature.classes))]
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        return pa.table({name: _column(name, values) for name, values in columns.items()})


def _column(name: str, values: list[Any]) -> pa.Array[Any]:
    if name in TYPES:
        return pa.array(values, TYPES[name])
    fields = {
        field: _values([value.get(field) for value in values]) for field in dict.fromkeys(f for v in values for f in v)
    }
    return pa.StructArray.from_arrays(list(fields.values()), list(fields))


def _values(values: Sequence[Any]) -> pa.Array[Any]:
    """Numbers, texts or arrays of one type; else what JSON writes of them."""
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if value is None else json.dumps(value) for value in values], pa.string())

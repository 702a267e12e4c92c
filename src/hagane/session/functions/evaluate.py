"""ML.EVALUATE: what a model is worth."""

from __future__ import annotations

from typing import Literal

import msgspec
import pyarrow as pa

from hagane.session.asked_trial import asked_trial, with_trial
from hagane.session.function_call import FunctionCall
from hagane.session.labelled_rows import labelled_rows
from hagane.session.model_bundle import model_bundle
from hagane.session.table_function import FunctionContext
from hagane.workflow.ml_evaluate_rows import ml_evaluate_rows


class EvaluateOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What STRUCT(…) may say."""

    threshold: float | None = None
    """Of two classes: from which probability on a row is positive; None: the model's own."""
    trial_id: int | None = None


class Evaluate:
    """`ML.EVALUATE(MODEL m [, {TABLE t | (query)}] [, STRUCT(…)])`."""

    name = "ML.EVALUATE"
    model: Literal["required"] = "required"
    num_data = (0, 1)
    Options = EvaluateOptions

    def run(self, call: FunctionCall, context: FunctionContext) -> pa.Table:
        """One row; of several labels one each. Raises HaganeError."""
        options = call.options
        assert isinstance(options, EvaluateOptions)
        bundle = model_bundle(call)
        trial = asked_trial(call, bundle)
        table = labelled_rows(call, bundle)
        rows = ml_evaluate_rows(bundle, table, threshold=options.threshold, progress=context.progress)
        types = {name: pa.string() if name == "label" else pa.float64() for name in rows[0]}
        return with_trial(pa.Table.from_pylist(rows, pa.schema(list(types.items()))), trial)

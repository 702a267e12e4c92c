"""ML.EXPLAIN_PREDICT: rows with their predictions, and what each column added to them."""

from __future__ import annotations

from typing import Literal

import msgspec
import pyarrow as pa

from hagane.session.function_call import FunctionCall
from hagane.session.model_bundle import model_bundle
from hagane.session.table_function import FunctionContext
from hagane.workflow.explain_stream import explain_stream


class ExplainPredictOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What STRUCT(…) may say."""

    top_k_features: int = 5
    """How many columns are told of each row, those that matter most."""
    threshold: float | None = None
    """Of two classes: from which probability on a row is positive; None: the model's own."""
    integrated_gradients_num_steps: int | None = None
    """Accepted, and of no effect: as many steps are taken as each row needs."""
    approx_feature_contrib: bool | None = None
    """Accepted, and of no effect: Shapley values of trees are exact."""


class ExplainPredict:
    """`ML.EXPLAIN_PREDICT(MODEL m, {TABLE t | (query)} [, STRUCT(…)])`."""

    name = "ML.EXPLAIN_PREDICT"
    model: Literal["required"] = "required"
    num_data = (1, 1)
    Options = ExplainPredictOptions

    def run(self, call: FunctionCall, context: FunctionContext) -> pa.RecordBatchReader:
        """A stream; nothing is read before its first row is asked for. Raises HaganeError."""
        options = call.options
        assert isinstance(options, ExplainPredictOptions)
        for name in ("integrated_gradients_num_steps", "approx_feature_contrib"):
            if getattr(options, name) is not None:
                context.progress.note(f"{name} has no effect: attributions are computed until they add up")
        rows = call.data[0]
        return explain_stream(
            model_bundle(call),
            rows.schema,
            rows.reader,
            top_k=options.top_k_features,
            threshold=options.threshold,
            progress=context.progress,
        )

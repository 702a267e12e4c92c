"""ML.PREDICT: rows with their predictions before them."""

from __future__ import annotations

from typing import Literal

import msgspec
import pyarrow as pa

from hagane.session.asked_trial import asked_trial
from hagane.session.function_call import FunctionCall
from hagane.session.model_bundle import model_bundle
from hagane.session.table_function import FunctionContext
from hagane.workflow.predict_stream import predict_stream


class PredictOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What STRUCT(…) may say."""

    threshold: float | None = None
    """From which probability on a row is positive; None: the model's own, 0.5 unless it was trained with another."""
    keep_original_columns: bool | None = None
    """Whether the input's columns stand behind the predictions; None: they do, unless the model reduces dimensions."""
    trial_id: int | None = None


class Predict:
    """`ML.PREDICT(MODEL m, {TABLE t | (query)} [, STRUCT(…)])`."""

    name = "ML.PREDICT"
    model: Literal["required"] = "required"
    num_data = (1, 1)
    Options = PredictOptions

    def run(self, call: FunctionCall, context: FunctionContext) -> pa.RecordBatchReader:
        """A stream; nothing is read before its first row is asked for. Raises HaganeError."""
        options = call.options
        assert isinstance(options, PredictOptions)
        rows = call.data[0].encoded() or call.data[0]
        bundle, keep = model_bundle(call), options.keep_original_columns
        if options.trial_id is not None:
            asked_trial(call, bundle)
        return predict_stream(
            bundle,
            rows.schema,
            rows.reader,
            keep=bundle.signature.task != "dimensionality_reduction" if keep is None else keep,
            threshold=options.threshold,
            progress=context.progress,
        )

"""ML.PREDICT: rows with their predictions before them."""

from __future__ import annotations

from typing import Literal

import msgspec
import pyarrow as pa

from hagane.data.keep_columns import keep_columns
from hagane.errors import Fault, SpecError
from hagane.session.asked_trial import asked_trial
from hagane.session.function_call import FunctionCall
from hagane.session.model_bundle import model_bundle
from hagane.session.table_function import FunctionContext
from hagane.workflow.check_prediction import check_prediction, refuses_anomalies
from hagane.workflow.evaluate import input_types
from hagane.workflow.predict_stream import predict_stream
from hagane.workflow.remote.remote_model import RemoteModel, read_remote_model
from hagane.workflow.remote.remote_predict_stream import remote_predict_stream


class PredictOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What STRUCT(…) may say."""

    threshold: float | None = None
    """From which probability on a row is positive; None: the model's own, 0.5 unless it was trained with another."""
    keep_original_columns: bool | None = None
    """Whether the input's columns stand behind the predictions; None: they do, unless the model reduces dimensions."""
    trial_id: int | None = None


def _ask(
    remote: RemoteModel, call: FunctionCall, options: PredictOptions, context: FunctionContext
) -> pa.RecordBatchReader:
    """The answers of a model far away."""
    if options.threshold is not None:
        raise SpecError(Fault(what="a remote model has no threshold: it answers as it does", where="threshold"))
    rows = call.data[0]
    keep = options.keep_original_columns is not False
    return remote_predict_stream(remote, rows.schema, rows.reader, keep=keep, progress=context.progress)


class Predict:
    """`ML.PREDICT(MODEL m, {TABLE t | (query)} [, STRUCT(…)])`."""

    name = "ML.PREDICT"
    model: Literal["required"] = "required"
    num_data = (1, 1)
    Options = PredictOptions

    def run(self, call: FunctionCall, context: FunctionContext) -> pa.RecordBatchReader:
        """A stream; nothing is read before its first row is asked for, unless the model refuses rows that depart from
        its schema: all of them are looked at first. Raises HaganeError.
        """
        options = call.options
        assert isinstance(options, PredictOptions)
        if call.model is not None and (remote := read_remote_model(call.model.path)) is not None:
            return _ask(remote, call, options, context)
        rows = call.data[0].encoded() or call.data[0]
        bundle, keep = model_bundle(call), options.keep_original_columns
        if options.trial_id is not None:
            asked_trial(call, bundle)
        if refuses_anomalies(bundle):
            read = keep_columns(rows.schema, rows.reader, input_types(bundle.signature))
            check_prediction(bundle, read, progress=context.progress)
        return predict_stream(
            bundle,
            rows.schema,
            rows.reader,
            keep=bundle.signature.task != "dimensionality_reduction" if keep is None else keep,
            threshold=options.threshold,
            progress=context.progress,
        )

"""ML.RECONSTRUCTION_LOSS: how much of each row the components of a PCA give back."""

from __future__ import annotations

from typing import Literal

import msgspec
import pyarrow as pa

from hagane.session.asked_trial import asked_trial
from hagane.session.function_call import FunctionCall
from hagane.session.model_bundle import model_bundle
from hagane.session.table_function import FunctionContext
from hagane.workflow.reconstruction_stream import reconstruction_stream


class ReconstructionLossOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What STRUCT(…) may say."""

    trial_id: int | None = None


class ReconstructionLoss:
    """`ML.RECONSTRUCTION_LOSS(MODEL m, {TABLE t | (query)})`."""

    name = "ML.RECONSTRUCTION_LOSS"
    model: Literal["required"] = "required"
    num_data = (1, 1)
    Options = ReconstructionLossOptions

    def run(self, call: FunctionCall, context: FunctionContext) -> pa.RecordBatchReader:
        """A stream; nothing is read before its first row is asked for. Raises HaganeError."""
        rows = call.data[0]
        bundle = model_bundle(call)
        asked_trial(call, bundle)
        return reconstruction_stream(bundle, rows.schema, rows.reader, progress=context.progress)

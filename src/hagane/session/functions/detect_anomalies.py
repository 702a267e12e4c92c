"""ML.DETECT_ANOMALIES: rows that are unlike those that a model without a label was trained on."""

from __future__ import annotations

from typing import Literal

import msgspec
import pyarrow as pa

from hagane.session.asked_trial import asked_trial
from hagane.session.function_call import FunctionCall
from hagane.session.model_bundle import model_bundle
from hagane.session.table_function import FunctionContext
from hagane.workflow.anomaly_stream import anomaly_stream


class DetectAnomaliesOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What STRUCT(…) may say."""

    contamination: float | None = None
    """The share of the training rows that are taken for anomalies; what is rarer than the commonest of these is one."""
    trial_id: int | None = None


class DetectAnomalies:
    """`ML.DETECT_ANOMALIES(MODEL m, STRUCT(0.02 AS contamination), {TABLE t | (query)})`."""

    name = "ML.DETECT_ANOMALIES"
    model: Literal["required"] = "required"
    num_data = (1, 1)
    Options = DetectAnomaliesOptions

    def run(self, call: FunctionCall, context: FunctionContext) -> pa.RecordBatchReader:
        """A stream; nothing is read before its first row is asked for. Raises HaganeError."""
        options, rows = call.options, call.data[0]
        assert isinstance(options, DetectAnomaliesOptions)
        bundle = model_bundle(call)
        asked_trial(call, bundle)
        return anomaly_stream(
            bundle,
            rows.schema,
            rows.reader,
            contamination=options.contamination,
            progress=context.progress,
        )

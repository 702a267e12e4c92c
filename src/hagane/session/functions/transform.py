"""ML.TRANSFORM: the features of a model."""

from __future__ import annotations

from typing import Literal

import msgspec
import pyarrow as pa

from hagane.session.function_call import FunctionCall
from hagane.session.model_bundle import model_bundle
from hagane.session.table_function import FunctionContext
from hagane.workflow.transform_stream import transform_stream


class TransformOptions(msgspec.Struct, frozen=True, kw_only=True):
    """There are none."""


class Transform:
    """`ML.TRANSFORM(MODEL m, {TABLE t | (query)})`."""

    name = "ML.TRANSFORM"
    model: Literal["required"] = "required"
    num_data = (1, 1)
    Options = TransformOptions

    def run(self, call: FunctionCall, context: FunctionContext) -> pa.RecordBatchReader:
        """A stream; nothing is read before its first row is asked for. Raises HaganeError."""
        rows = call.data[0].encoded() or call.data[0]
        return transform_stream(model_bundle(call), rows.schema, rows.reader, progress=context.progress)

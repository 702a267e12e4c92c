"""ML.GENERATE_EMBEDDING: rows as the vectors that a PCA makes of them."""

from __future__ import annotations

from typing import Literal

import msgspec
import pyarrow as pa

from hagane.session.asked_trial import asked_trial
from hagane.session.function_call import FunctionCall
from hagane.session.model_bundle import model_bundle
from hagane.session.table_function import FunctionContext
from hagane.workflow.embedding_stream import embedding_stream


class GenerateEmbeddingOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What STRUCT(…) may say."""

    trial_id: int | None = None


class GenerateEmbedding:
    """`ML.GENERATE_EMBEDDING(MODEL m, {TABLE t | (query)})`."""

    name = "ML.GENERATE_EMBEDDING"
    columns = ("ml_generate_embedding_result", "ml_generate_embedding_status")
    model: Literal["required"] = "required"
    num_data = (1, 1)
    Options = GenerateEmbeddingOptions

    def run(self, call: FunctionCall, context: FunctionContext) -> pa.RecordBatchReader:
        """A stream; nothing is read before its first row is asked for. Raises HaganeError."""
        rows = call.data[0]
        bundle = model_bundle(call)
        asked_trial(call, bundle)
        return embedding_stream(bundle, rows.schema, rows.reader, names=self.columns, progress=context.progress)

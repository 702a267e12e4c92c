"""`transform_stream`: a stream of rows in, the features of a model and the columns that it does not read out."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pyarrow as pa

from hagane.bundle.bundle import Bundle
from hagane.counted import counted
from hagane.data.column_binding import ColumnBinding
from hagane.progress import SILENT, Progress
from hagane.workflow.answer_stream import answer_stream
from hagane.workflow.answered_rows import AnsweredRows, Answers
from hagane.workflow.evaluate import input_types
from hagane.workflow.prediction_batch_rows import prediction_batch_rows
from hagane.workflow.transform_columns import TransformGraph


def transform_stream(
    bundle: Bundle,
    schema: pa.Schema,
    batches: Callable[[], Iterable[pa.RecordBatch]],
    *,
    progress: Progress = SILENT,
) -> pa.RecordBatchReader:
    """ML.TRANSFORM: the model's features, then the columns of the rows that none of them reads.

    Rows are read and left as in `predict_stream`. Raises DataError for columns that are missing, BundleError for a
    model without features.
    """
    graph = TransformGraph.of(bundle)
    binding = ColumnBinding(schema, input_types(graph.signature))
    read = binding.sources
    rows = AnsweredRows(schema, binding, lambda batch: Answers(*graph.transform(batch)), lambda name: name not in read)

    def told(num_errors: int) -> None:
        progress.note(f"an expression of the model erred in {counted(num_errors, 'row')}: its value is NULL")

    has_arrays = any(pa.types.is_nested(field.type) for field in schema)
    stream = answer_stream(
        batches,
        rows,
        phase="transform",
        batch_rows=prediction_batch_rows(bundle.signature, num_columns=len(schema), has_arrays=has_arrays),
        told=told,
        progress=progress,
    )
    return pa.RecordBatchReader.from_batches(rows.answered_schema, stream)

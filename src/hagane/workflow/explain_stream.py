"""`explain_stream`: a stream of rows in, the same rows with their predictions and what added up to them before them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pyarrow as pa

from hagane.bundle.bundle import Bundle
from hagane.data.column_binding import ColumnBinding
from hagane.data.column_data import columns_data
from hagane.explanation.explainer import Explainer
from hagane.explanation.wanted import Wanted
from hagane.progress import SILENT, Progress
from hagane.types import Column, Schema
from hagane.workflow.answer_stream import answer_stream
from hagane.workflow.answered_rows import AnsweredRows, Answers
from hagane.workflow.check_threshold import check_threshold
from hagane.workflow.evaluate import input_types
from hagane.workflow.explain import BATCH_ROWS, TOP_K, check_top_k, explanation_columns
from hagane.workflow.ml_predict_columns import ml_predict_columns
from hagane.workflow.predict_stream import tell_errors


def explain_stream(
    bundle: Bundle,
    schema: pa.Schema,
    batches: Callable[[], Iterable[pa.RecordBatch]],
    *,
    top_k: int = TOP_K,
    threshold: float | None = None,
    progress: Progress = SILENT,
) -> pa.RecordBatchReader:
    """ML.EXPLAIN_PREDICT: its columns, then those of the rows as they came; read and left as in `predict_stream`.

    Of a classifier the predicted class is explained, at the `threshold` where one is given. Raises DataError for
    columns that are missing, BundleError for a model that cannot be explained, SpecError for what cannot be asked.
    """
    check_top_k(top_k)
    if threshold is not None:
        check_threshold(bundle.signature, threshold)
    explainer, wanted = Explainer.load(bundle), Wanted(threshold=threshold)
    types = input_types(bundle.signature)
    binding = ColumnBinding(schema, types)
    read_schema = Schema(tuple(Column(name, type_) for name, type_ in types.items()))

    def answers(read: pa.RecordBatch) -> Answers:
        found = explainer.explain_columns(columns_data(read, read_schema), wanted)
        columns = explanation_columns(found, top_k, ml_predict_columns(found.predictions))
        return Answers(columns, int(found.predictions.row_errors.sum()))

    rows = AnsweredRows(schema, binding, answers)
    stream = answer_stream(
        batches,
        rows,
        phase="explain",
        batch_rows=BATCH_ROWS,
        told=lambda num_errors: tell_errors(bundle, num_errors, progress),
        progress=progress,
    )
    return pa.RecordBatchReader.from_batches(rows.answered_schema, stream)

"""`predict_stream`: a stream of rows in, the same rows with their predictions before them out."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pyarrow as pa

from hagane.bundle.bundle import Bundle
from hagane.counted import counted
from hagane.data.column_binding import ColumnBinding
from hagane.progress import SILENT, Progress
from hagane.workflow.answer_stream import answer_stream
from hagane.workflow.answered_rows import AnsweredRows, Answers
from hagane.workflow.batch_scorer import BatchScorer
from hagane.workflow.check_threshold import check_threshold
from hagane.workflow.evaluate import input_types
from hagane.workflow.ml_predict_columns import ml_predict_columns
from hagane.workflow.prediction_batch_rows import prediction_batch_rows

Batches = Callable[[], Iterable[pa.RecordBatch]]


def predict_stream(
    bundle: Bundle,
    schema: pa.Schema,
    batches: Batches,
    *,
    keep: bool = True,
    threshold: float | None = None,
    progress: Progress = SILENT,
) -> pa.RecordBatchReader:
    """ML.PREDICT: `ml_predict_columns`, then the columns of the rows as they came, of whatever types.

    `batches` are asked for when the first row is; where the stream is left early, what is behind is not predicted. A
    column that is called as a prediction is left out. `keep` says whether the rows' columns stand there at all;
    `threshold` takes the place of the model's own. Raises DataError for columns that are missing, here, and for
    values that do not fit, when they are met; SpecError for a threshold that the model cannot have.
    """
    if threshold is not None:
        check_threshold(bundle.signature, threshold)
    binding, scorer = ColumnBinding(schema, input_types(bundle.signature)), BatchScorer(bundle)

    def answers(read: pa.RecordBatch) -> Answers:
        predictions = scorer.predict(read)
        if threshold is not None:
            predictions = predictions.with_threshold(threshold)
        return Answers(ml_predict_columns(predictions), int(predictions.row_errors.sum()))

    rows = AnsweredRows(schema, binding, answers, lambda name: keep)
    has_arrays = any(pa.types.is_nested(field.type) for field in schema)
    stream = answer_stream(
        batches,
        rows,
        phase="predict",
        batch_rows=prediction_batch_rows(bundle.signature, num_columns=len(schema), has_arrays=has_arrays),
        prove=lambda batch: scorer.prove(binding.read(batch)),
        told=lambda num_errors: tell_errors(bundle, num_errors, progress),
        progress=progress,
    )
    return pa.RecordBatchReader.from_batches(rows.answered_schema, stream)


def tell_errors(bundle: Bundle, num_errors: int, progress: Progress) -> None:
    """Note in how many rows an expression erred, and what became of them."""
    told = "their prediction is NULL" if bundle.signature.on_error == "refuse" else "answered with NULL in its place"
    progress.note(f"an expression of the model erred in {counted(num_errors, 'row')}: {told}")

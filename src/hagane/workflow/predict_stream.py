"""`predict_stream`: a stream of rows in, the same rows with their predictions before them out, on every core."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain

import pyarrow as pa

from hagane.bundle.bundle import Bundle
from hagane.counted import counted
from hagane.data.column_binding import ColumnBinding
from hagane.data.exact_batches import exact_batches
from hagane.features.ordered_map import ordered_map
from hagane.progress import SILENT, Progress
from hagane.usable_cores import usable_cores
from hagane.workflow.batch_scorer import BatchScorer
from hagane.workflow.check_threshold import check_threshold
from hagane.workflow.evaluate import input_types
from hagane.workflow.ml_predict_columns import ml_predict_columns
from hagane.workflow.prediction_batch_rows import prediction_batch_rows

FIRST_ROWS = 2_048
"""Of the first batch, so that a LIMIT of few rows is answered without the work of many."""
MOST_THREADS = 32


def predict_stream(
    bundle: Bundle,
    schema: pa.Schema,
    batches: Callable[[], Iterable[pa.RecordBatch]],
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
    binding = ColumnBinding(schema, input_types(bundle.signature))
    work = _Work(bundle, schema, binding, BatchScorer(bundle), keep, threshold)
    empty, _ = work.answer(pa.RecordBatch.from_arrays([pa.array([], field.type) for field in schema], schema=schema))
    return pa.RecordBatchReader.from_batches(empty.schema, work.stream(batches, progress))


@dataclass(frozen=True, slots=True)
class _Work:
    bundle: Bundle
    schema: pa.Schema
    binding: ColumnBinding
    scorer: BatchScorer
    keep: bool
    threshold: float | None

    def answer(self, batch: pa.RecordBatch) -> tuple[pa.RecordBatch, int]:
        """The batch with its predictions before it, and how many of its rows erred."""
        predictions = self.scorer.predict(self.binding.read(batch))
        if self.threshold is not None:
            predictions = predictions.with_threshold(self.threshold)
        answers = ml_predict_columns(predictions)
        taken = {name.lower() for name in answers}
        names = [name for name in self.schema.names if name.lower() not in taken] if self.keep else []
        fields = [pa.field(name, array.type) for name, array in answers.items()]
        whole = pa.schema(fields + [self.schema.field(name) for name in names])
        columns = [*answers.values(), *(batch.column(name) for name in names)]
        return pa.RecordBatch.from_arrays(columns, schema=whole), int(predictions.row_errors.sum())

    def stream(
        self, batches: Callable[[], Iterable[pa.RecordBatch]], progress: Progress
    ) -> Generator[pa.RecordBatch, None, None]:
        """All rows, the first of them at once."""
        rows = iter(_cut(batches(), self._batch_rows))
        first = next(rows, None)
        if first is None:
            return
        self.scorer.prove(self.binding.read(first))
        num_errors = 0
        threads = min(usable_cores(), MOST_THREADS)
        more = ordered_map(self.answer, rows, num_threads=threads, waiting=threads + 2)
        with closing(more), progress.phase("predict", total=None) as phase:
            for batch, errors in chain([self.answer(first)], more):
                num_errors += errors
                yield batch
                phase.advance(batch.num_rows)
        if num_errors:
            told = "their prediction is NULL" if self.bundle.signature.on_error == "refuse" else "answered with NULL"
            progress.note(f"an expression of the model erred in {counted(num_errors, 'row')}: {told}")

    @property
    def _batch_rows(self) -> int:
        has_arrays = any(pa.types.is_nested(field.type) for field in self.schema)
        return prediction_batch_rows(self.bundle.signature, num_columns=len(self.schema), has_arrays=has_arrays)


def _cut(batches: Iterable[pa.RecordBatch], num_rows: int) -> Iterator[pa.RecordBatch]:
    """The rows in batches of `num_rows`, the first one smaller."""
    rows = iter(batches)
    first = next((batch for batch in rows if batch.num_rows), None)
    if first is None:
        return
    head = min(FIRST_ROWS, num_rows)
    yield first.slice(0, head)
    yield from exact_batches(chain([first.slice(head)], rows), num_rows)

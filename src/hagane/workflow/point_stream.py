"""`point_stream`: rows as the points that a model without a label sees, and what is to be said of these."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hagane.bundle.bundle import Bundle
from hagane.data.column_binding import ColumnBinding
from hagane.features.encoder import Encoder
from hagane.models.design import DesignBlock
from hagane.models.feature_space import FeatureSpace
from hagane.progress import Progress
from hagane.workflow.answer_stream import answer_stream
from hagane.workflow.answered_rows import AnsweredRows, Answers
from hagane.workflow.evaluate import input_types
from hagane.workflow.fitted_model import transform_of_bundle
from hagane.workflow.predict_stream import tell_errors
from hagane.workflow.prediction_batch_rows import prediction_batch_rows

Batches = Callable[[], Iterable[pa.RecordBatch]]
Columns: TypeAlias = "Mapping[str, pa.Array[Any]]"


def point_stream(
    bundle: Bundle,
    space: FeatureSpace,
    answer: Callable[[DesignBlock], Columns],
    schema: pa.Schema,
    batches: Batches,
    *,
    progress: Progress,
) -> pa.RecordBatchReader:
    """What `answer` says of rows as points, before the rows' own columns. Rows are read as in `predict_stream`.

    Features are encoded as in training, and export has proved that the graph has the same bits. A row on which an
    expression errs is NULL where the model refuses such rows.
    """
    binding, encoder = ColumnBinding(schema, input_types(bundle.signature)), Encoder(transform_of_bundle(bundle))
    refuses = bundle.signature.on_error == "refuse"

    def answers(read: pa.RecordBatch) -> Answers:
        rows = encoder.encode_batch(read)
        columns = answer(space.block(rows.dense, rows.ids, rows.sparse))
        num_errors = int(rows.row_error.sum())
        if num_errors and refuses:
            kept = pa.array(~rows.row_error)
            columns = {name: _null_but(kept, values) for name, values in columns.items()}
        return Answers(columns, num_errors)

    has_arrays = any(pa.types.is_nested(field.type) for field in schema)
    rows = AnsweredRows(schema, binding, answers)
    stream = answer_stream(
        batches,
        rows,
        phase="predict",
        batch_rows=prediction_batch_rows(bundle.signature, num_columns=len(schema), has_arrays=has_arrays),
        told=lambda num_errors: tell_errors(bundle, num_errors, progress),
        progress=progress,
    )
    return pa.RecordBatchReader.from_batches(rows.answered_schema, stream)


def _null_but(kept: pa.Array[Any], values: pa.Array[Any]) -> pa.Array[Any]:
    """The values of the rows that are kept, NULL for the others."""
    places = pa.array(np.arange(len(values)))
    chosen = pc.if_else(kept, places, pa.scalar(None, pa.int64()))
    return values.take(chosen)

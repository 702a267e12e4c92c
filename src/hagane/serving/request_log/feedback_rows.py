"""Feedback as rows of the log."""

from __future__ import annotations

import pyarrow as pa

from hagane.data.arrow_types import ARROW_TYPES
from hagane.serving.request_log.arrow_column import arrow_column
from hagane.serving.request_log.feedback import TRUTH, Feedback, truth_columns
from hagane.types import SqlType

TIME = pa.timestamp("us", tz="UTC")


def feedback_schema(labels: dict[str, SqlType]) -> pa.Schema:
    """`request_id`, `row`, `arrived`, `time` (when it became known, as the client says), `truth`: a field a label."""
    truth = pa.struct([pa.field(label, ARROW_TYPES[type_]) for label, type_ in labels.items()])
    return pa.schema(
        [
            pa.field("request_id", pa.string(), nullable=False),
            pa.field("row", pa.int32(), nullable=False),
            pa.field("arrived", TIME, nullable=False),
            pa.field("time", TIME),
            pa.field(TRUTH, truth),
        ]
    )


def feedback_batch(feedback: Feedback) -> pa.RecordBatch:
    """A row for each row; `arrived` is one microsecond later in each, so that of two for one row the last is known."""
    schema = feedback_schema(feedback.labels)
    columns = feedback.columns
    names = truth_columns(feedback.labels)
    truths = [arrow_column(columns[names[label]], type_) for label, type_ in feedback.labels.items()]
    arrived = pa.array(range(feedback.arrived, feedback.arrived + feedback.num_rows), pa.int64())
    arrays = [
        arrow_column(columns["request_id"], SqlType.STRING),
        arrow_column(columns["row"]._replace(valid=None), SqlType.INT64).cast(pa.int32()),
        arrived.view(TIME),
        arrow_column(columns["time"], SqlType.TIMESTAMP),
        pa.StructArray.from_arrays(truths, fields=list(schema.field(TRUTH).type)),
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)

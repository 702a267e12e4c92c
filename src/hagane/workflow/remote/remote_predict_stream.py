"""`remote_predict_stream`: a stream of rows in, the same rows with an endpoint's predictions before them out."""

from __future__ import annotations

import datetime
import math
import threading
from typing import Any

import pyarrow as pa

from hagane.counted import counted
from hagane.data.column_binding import ColumnBinding
from hagane.progress import SILENT, Progress
from hagane.workflow.answer_stream import answer_stream
from hagane.workflow.answered_rows import AnsweredRows, Answers
from hagane.workflow.predict_stream import Batches
from hagane.workflow.remote.remote_answers import STATUS, remote_answers
from hagane.workflow.remote.remote_client import RemoteClient, RemoteError
from hagane.workflow.remote.remote_model import RemoteModel


def remote_predict_stream(
    remote: RemoteModel,
    schema: pa.Schema,
    batches: Batches,
    *,
    keep: bool = True,
    progress: Progress = SILENT,
) -> pa.RecordBatchReader:
    """ML.PREDICT of a remote model: its outputs, `remote_model_status`, then the rows' own columns, in their order.

    Rows go out `max_batching_rows` at a time, several requests at once. A request that fails leaves its rows NULL, with
    the reason in their status; where the endpoint cannot be reached, or refuses us, before it has answered anything,
    RemoteError is raised.
    Raises DataError for columns that are missing.
    """
    client = RemoteClient(remote)
    has_answered = threading.Event()
    binding = ColumnBinding(schema, {field.name: field.type for field in remote.inputs})

    def answers(read: pa.RecordBatch) -> Answers:
        instances = [{name: _plain(value) for name, value in row.items()} for row in read.to_pylist()]
        predictions: list[Any] = [None] * len(instances)
        status = ""
        if instances:
            try:
                predictions = client.predict(instances)
                has_answered.set()
            except RemoteError as failure:
                if failure.is_final and not has_answered.is_set():
                    raise
                status = failure.faults[0].what
        columns = remote_answers(predictions, remote.outputs, [status] * len(instances))
        return Answers(columns, sum(map(bool, columns[STATUS].to_pylist())))

    rows = AnsweredRows(schema, binding, answers, lambda name: keep)
    stream = answer_stream(
        batches,
        rows,
        phase="ask",
        batch_rows=remote.max_batching_rows,
        told=lambda failed: progress.note(
            f"the remote model answered nothing, or something else, to {counted(failed, 'row')}: see {STATUS}"
        ),
        progress=progress,
    )
    return pa.RecordBatchReader.from_batches(rows.answered_schema, stream)


def _plain(value: Any) -> Any:
    """As JSON has it: times as RFC 3339 writes them, NaN as null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, datetime.date) else value

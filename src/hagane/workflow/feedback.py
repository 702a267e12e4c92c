"""`add_feedback`: ground truth from a file, kept beside the request log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from hagane.data.open_table import open_table
from hagane.data.table import Table
from hagane.data.wanted import Wanted
from hagane.errors import DataError, Fault, NotFoundError, RequestError, nearest
from hagane.progress import SILENT, Progress
from hagane.serving.request_log.feedback import OWN, TRUTH, Feedback, label_types, read_feedback, truth_columns
from hagane.serving.request_log.feedback_rows import feedback_batch
from hagane.serving.request_log.hour_writer import HourWriter
from hagane.serving.request_log.model_file import model_files
from hagane.types import SqlType
from hagane.workflow.instances import instances_of
from hagane.workflow.request_log import log_folder
from hagane.workspace.workspace import Workspace

FILE_BYTES = 64 * 2**20
"""Of rows in memory, before they are a file."""


def add_feedback(data: object, endpoint: str, *, workspace: Workspace, progress: Progress = SILENT) -> int:
    """Keep the rows of `data` (whatever `open_table` takes): how many there are.

    Columns: `request_id`; the truth, as `truth` or by the label's name (of several labels each by its own, or as
    `truth.<label>`); `row` and `time` where there are any. Every row is checked before the first is kept. Raises
    NotFoundError for an endpoint that has no log, DataError with every fault.
    """
    folder = log_folder(endpoint, workspace)
    models = model_files(folder)
    if not models:
        what = f"it is not known what '{endpoint}' predicts"
        raise NotFoundError(Fault(what=what, next_step="serve it with --log-rate, and ask it once"))
    labels = label_types(models[0].signature)
    table = open_table(data, wanted=Wanted(_types(labels)), progress=progress)
    names = _names(table, labels)
    with progress.phase("check", total=table.num_rows) as phase:
        for feedback in _read(table, names, labels):
            phase.advance(feedback.num_rows)
    writer, num_rows = HourWriter(folder, "feedback"), 0
    with progress.phase("keep", total=table.num_rows) as phase:
        for feedback in _read(table, names, labels):
            batch = feedback_batch(feedback)
            writer.add(feedback.hour, batch, bytes(batch.schema.serialize()))
            num_rows += batch.num_rows
            if writer.num_bytes > FILE_BYTES:
                writer.flush()
            phase.advance(feedback.num_rows)
        writer.flush()
    return num_rows


def _types(labels: dict[str, SqlType]) -> dict[str, SqlType]:
    """How text files are to be read: an id of digits alone is a text all the same."""
    truths = {column: labels[label] for label, column in truth_columns(labels).items()}
    return {"request_id": SqlType.STRING} | labels | truths


def _names(table: Table, labels: dict[str, SqlType]) -> dict[str, str]:
    """Column of the table → field of feedback. Raises DataError with every column that is missing."""
    there = table.schema.names
    found = {name: name for name in OWN if name in there}
    faults = [] if "request_id" in found else [_missing("request_id", there)]
    for label, field in truth_columns(labels).items():
        column = next((name for name in (field, label) if name in there), None)
        if column is not None:
            found[column] = field
        elif len(labels) == 1:
            faults.append(_missing(f"{TRUTH}' or '{label}", there))
    if len(labels) > 1 and not set(found.values()) & set(truth_columns(labels).values()):
        faults.append(_missing("' or '".join(labels), there))
    if faults:
        raise DataError(*faults)
    return found


def _missing(name: str, there: tuple[str, ...]) -> Fault:
    expected = "request_id, the truth, and if need be row and time"
    return Fault(what=f"the data have no column '{name}'", expected=expected, nearest=nearest(name, there))


def _read(table: Table, names: dict[str, str], labels: dict[str, SqlType]) -> Iterator[Feedback]:
    done = 0
    for batch in table.batches(list(names)):
        rows = [{names[name]: value for name, value in row.items()} for row in instances_of(batch)]
        try:
            feedback = read_feedback([_as_sent(row) for row in rows], labels, numeric_strings=True)
        except RequestError as error:
            raise DataError(*(_placed(fault, done) for fault in error.faults)) from None
        done += len(rows)
        yield feedback


def _as_sent(row: dict[str, Any]) -> dict[str, Any]:
    request_id = row["request_id"]
    return row | {"request_id": request_id if request_id is None else str(request_id)}


def _placed(fault: Fault, done: int) -> Fault:
    """`feedback[3].truth` of a batch as `row 1,003: truth`, counted from 1."""
    place, _, field = fault.where.removeprefix("feedback[").partition("]")
    where = f"row {int(place) + done + 1:,}{field.replace('.', ': ', 1)}" if place.isdigit() else fault.where
    return msgspec.structs.replace(fault, where=where)

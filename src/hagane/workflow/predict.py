"""`predict_file` and `predict_batches`: a model over a table, streamed, larger than memory."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from hagane.anomalies.anomaly_report import AnomalyReport
from hagane.bundle.bundle import Bundle
from hagane.bundle.prediction_columns import prediction_columns
from hagane.bundle.predictions import Predictions
from hagane.data.column_data import columns_data
from hagane.data.open_table import open_table
from hagane.data.retype import retype
from hagane.data.table import Table
from hagane.errors import DataError
from hagane.progress import SILENT, Progress
from hagane.usable_cores import usable_cores
from hagane.workflow.check_columns import check_columns
from hagane.workflow.check_not_input import check_not_input
from hagane.workflow.check_output import check_parquet_output
from hagane.workflow.check_prediction import check_prediction, wanted_in_prediction
from hagane.workflow.evaluate import input_types
from hagane.workspace.workspace import Workspace

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class PredictSummary:
    """What a batch prediction did."""

    num_rows: int
    num_row_errors: int
    """Rows on which an expression erred; where the model says `on_error: refuse` their prediction is NULL."""
    num_bad_rows: int
    anomalies: AnomalyReport | None
    """Where the rows depart from the model's schema; None where it was trained without."""
    path: Path
    seconds: float


def predict_file(
    model: str | Path, data: object, out: Path, *, workspace: Workspace, progress: Progress = SILENT
) -> PredictSummary:
    """Predict every row of `data` into the Parquet file `out`, which appears whole or not at all.

    Predicted columns come first, as ML.PREDICT gives them, then the columns of `data`. Raises DataError for missing
    columns, NotFoundError for the model.
    """
    began = time.monotonic()
    check_parquet_output(out, option="-o")
    check_not_input(data, out, option="-o")
    bundle = Bundle.load(workspace.bundle_path(str(model)))
    table = open_table(data, wanted=wanted_in_prediction(bundle), progress=progress)
    check_columns(table, bundle.signature.names)
    anomalies = check_prediction(bundle, table, progress=progress)
    table = _retyped(bundle, table, anomalies)
    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    rows = errors = 0
    try:
        writer: pq.ParquetWriter | None = None
        with progress.phase("predict", total=table.num_rows) as phase:
            for batch, row_errors in predict_batches(bundle, table):
                writer = writer or pq.ParquetWriter(partial, batch.schema)
                writer.write_batch(batch)
                rows, errors = rows + batch.num_rows, errors + row_errors
                phase.advance(batch.num_rows)
        assert writer is not None
        writer.close()
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
    return PredictSummary(rows, errors, table.bad_rows.count, anomalies, out, time.monotonic() - began)


def _retyped(bundle: Bundle, table: Table, anomalies: AnomalyReport | None) -> Table:
    """The table with the model's types. Raises DataError with what the check found besides, all of it at once."""
    try:
        return retype(table, input_types(bundle.signature))
    except DataError as error:
        found = [finding for finding in anomalies.errors if finding.rule != "type"] if anomalies else []
        raise DataError(*error.faults, *(finding.fault() for finding in found)) from None


def predict_batches(bundle: Bundle, table: Table) -> Iterator[tuple[pa.RecordBatch, int]]:
    """Each batch of `table` with its predictions before it, and how many of its rows erred; at least one batch."""
    check_columns(table, bundle.signature.names)
    table = retype(table, input_types(bundle.signature))
    schema = table.schema.select(bundle.signature.names)

    def predict(batch: pa.RecordBatch) -> tuple[pa.RecordBatch, int]:
        predictions = bundle.predict_columns(columns_data(batch, schema))
        return _beside(batch, predictions), int(predictions.row_errors.sum())

    empty = True
    for result in in_order(predict, table.batches()):
        empty = False
        yield result
    if empty:
        yield predict(_no_rows(table))


def in_order(
    function: Callable[[Item], Result], items: Iterable[Item], *, num_threads: int | None = None
) -> Iterator[Result]:
    """`map` on threads: results in the order of `items`, only a few items ahead of the reader.

    >>> list(in_order(lambda x: x * x, range(5), num_threads=2))
    [0, 1, 4, 9, 16]
    """
    threads = num_threads or usable_cores()
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _beside(batch: pa.RecordBatch, predictions: Predictions) -> pa.RecordBatch:
    columns = prediction_columns(predictions)
    rest = {name: batch.column(name) for name in batch.schema.names if name not in columns}
    return pa.record_batch(columns | rest)


def _no_rows(table: Table) -> pa.RecordBatch:
    schema = table.query("SELECT * FROM data LIMIT 0").schema
    return pa.RecordBatch.from_arrays([pa.array([], field.type) for field in schema], schema=schema)

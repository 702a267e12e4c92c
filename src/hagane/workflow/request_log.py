"""The request log of an endpoint, read: as a table, its latest rows, or exported to a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from hagane.data.engine import Engine, quote_name, quote_text
from hagane.data.open_table import open_table
from hagane.data.table import Table
from hagane.errors import DataError, Fault, NotFoundError, StorageError, nearest
from hagane.progress import SILENT, Progress
from hagane.serving.request_log.log_folder import OF_ROWS, LogFolder, endpoints, files_of
from hagane.serving.request_log.log_lock import log_lock
from hagane.serving.request_log.model_file import model_files
from hagane.serving.request_log.row_schema import row_schema
from hagane.workflow.log_window import LogWindow
from hagane.workspace.workspace import Workspace
from hagane.write_aside import write_aside

EVERYTHING = LogWindow()
JSON_SUFFIXES = (".jsonl", ".ndjson")


@dataclass(frozen=True, slots=True)
class LogSummary:
    """What lies in one endpoint's log."""

    endpoint: str
    models: tuple[str, ...]
    """`late@3`: whose rows there are, or were; the latest first."""
    num_rows: int
    num_feedback_rows: int
    num_bytes: int
    num_hours: int


def log_folder(endpoint: str, workspace: Workspace) -> LogFolder:
    """The log of an endpoint that has one. Raises NotFoundError with the nearest name."""
    folder = LogFolder(workspace.logs_folder, endpoint)
    if folder.path.is_dir():
        return folder
    known = endpoints(workspace.logs_folder)
    step = "hagane logs list" if known else "begin one: hagane serve MODEL --log-rate 0.1"
    what = f"there is no request log of '{endpoint}'"
    where = f"workspace {workspace.root}"
    raise NotFoundError(Fault(what=what, where=where, nearest=nearest(endpoint, known), next_step=step))


def list_logs(workspace: Workspace) -> list[LogSummary]:
    """Every log of the workspace, by endpoint. Raises DataError for files that are none of a log."""
    return [_summary(LogFolder(workspace.logs_folder, name)) for name in endpoints(workspace.logs_folder)]


def read_request_log(
    endpoint: str,
    *,
    workspace: Workspace,
    window: LogWindow = EVERYTHING,
    with_truth: bool = False,
    progress: Progress = SILENT,
) -> Table:
    """The rows by time as a table: `time`, `model`, …, `instance.age`, `prediction.predicted_late`.

    With `with_truth` also `truth.late`, NULL where none has arrived; of several for one row the last. Of a classifier
    `probabilities` has what was answered for each class, in ascending order of the classes. The table keeps a copy of
    its own: files that are merged or deleted later are no matter. Raises NotFoundError, DataError.
    """
    folder = log_folder(endpoint, workspace)
    with log_lock(folder):
        source = log_sql(folder, window, with_truth=with_truth)
        if source is None:
            return open_table(_no_rows(folder))
        more = _probabilities(folder)
        sql = f"SELECT *{more} FROM ({source}) ORDER BY time, request_id, row"
        return open_table(sql, progress=progress)


def recent_rows(
    endpoint: str, num_rows: int, *, workspace: Workspace, window: LogWindow = EVERYTHING, with_truth: bool = False
) -> list[dict[str, Any]]:
    """The latest rows, the latest first. Raises NotFoundError, DataError."""
    folder = log_folder(endpoint, workspace)
    with log_lock(folder):
        source = log_sql(folder, _last_hours(folder, window, num_rows), with_truth=with_truth)
        if source is None:
            return []
        order = "ORDER BY time DESC, request_id, row"
        rows: list[dict[str, Any]] = Engine().query(f"FROM ({source}) {order} LIMIT {num_rows}").to_pylist()
    return rows


def export_request_log(
    endpoint: str,
    out: Path,
    *,
    workspace: Workspace,
    window: LogWindow = EVERYTHING,
    with_truth: bool = False,
    progress: Progress = SILENT,
) -> int:
    """Write the rows by time as Parquet or JSON lines, as `out` ends; how many there are.

    Raises NotFoundError, DataError, StorageError for a file that cannot be written.
    """
    if out.suffix not in (".parquet", *JSON_SUFFIXES):
        expected = "a file that ends in .parquet, .jsonl or .ndjson"
        raise StorageError(Fault(what=f"{out.name} says another format", where="-o", expected=expected))
    folder = log_folder(endpoint, workspace)
    with log_lock(folder), progress.phase("export") as phase:
        source = log_sql(folder, window, with_truth=with_truth)
        if source is None:
            raise DataError(Fault(what=f"there are no rows of '{endpoint}' to export", next_step="hagane logs list"))
        num_rows = 0

        def batches() -> Iterator[pa.RecordBatch]:
            nonlocal num_rows
            for batch in Engine().batches(f"FROM ({source}) ORDER BY time, request_id, row", 65_536):
                yield batch
                num_rows += batch.num_rows
                phase.advance(batch.num_rows)

        write_aside(out, lambda aside: _write(aside, batches(), is_json=out.suffix in JSON_SUFFIXES))
    return num_rows


def log_sql(folder: LogFolder, window: LogWindow, *, with_truth: bool) -> str | None:
    """DuckDB's SQL of the rows, with the log's lock held; None where there is no file."""
    files = folder.files("requests", since=window.first_hour, until=window.end_hour)
    if not files:
        return None
    rows = f"SELECT * FROM {files_sql(files)}{window.where('time')}"
    if not with_truth:
        return rows
    joined = truth_sql(folder, rows)
    if joined is None:
        nothing = "SELECT NULL AS request_id, NULL AS row, NULL AS truth, NULL AS truth_time, NULL AS truth_arrived"
        return _joined(rows, f"{nothing} WHERE false")
    return joined


def truth_sql(folder: LogFolder, rows: str) -> str | None:
    """DuckDB's SQL of `rows` (a query) with the latest truth of each, with the log's lock held; None without any."""
    feedback = folder.files("feedback")
    if not feedback:
        return None
    latest = (
        "SELECT t.request_id, t.row, truth, t.time AS truth_time, arrived AS truth_arrived"
        f" FROM {files_sql(feedback)} AS t SEMI JOIN ({rows}) AS asked"  # only what is left has to be put in order
        " ON t.request_id = asked.request_id AND t.row = asked.row"
        " QUALIFY row_number() OVER (PARTITION BY t.request_id, t.row ORDER BY arrived DESC) = 1"
    )
    return _joined(rows, latest)


def _joined(rows: str, truth: str) -> str:
    return (
        "SELECT r.*, f.truth, f.truth_time, f.truth_arrived"
        f" FROM ({rows}) AS r LEFT JOIN ({truth}) AS f ON r.request_id = f.request_id AND r.row = f.row"
    )


def files_sql(files: list[Path]) -> str:
    """DuckDB's SQL of the rows of these files."""
    listed = ", ".join(quote_text(str(file)) for file in files)
    return f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"


def _write(path: Path, batches: Iterator[pa.RecordBatch], *, is_json: bool) -> None:
    if is_json:
        with path.open("wb") as file:
            for batch in batches:
                file.write(msgspec.json.Encoder().encode_lines(batch.to_pylist()))
        return
    writer: pq.ParquetWriter | None = None
    try:
        for batch in batches:
            writer = writer or pq.ParquetWriter(path, batch.schema)
            writer.write_batch(batch)
    finally:
        if writer is not None:
            writer.close()


def _last_hours(folder: LogFolder, window: LogWindow, num_rows: int) -> LogWindow:
    """The window narrowed to its last hours, as many as hold so many rows."""
    if window.since is not None:
        return window
    seen = 0
    for hour, path in reversed(folder.hours("requests").items()):
        if window.end_hour is None or hour < window.end_hour:
            seen += sum(pq.read_metadata(file).num_rows for file in files_of(path))
            if seen >= num_rows:
                return msgspec.structs.replace(window, since=hour * 3_600_000_000)
    return window


def _summary(folder: LogFolder) -> LogSummary:
    with log_lock(folder):
        counts = {kind: sum(pq.read_metadata(file).num_rows for file in folder.files(kind)) for kind in OF_ROWS}
        hours = set(folder.hours("requests"))
        models = tuple(dict.fromkeys(f"{model.model}@{model.version}" for model in model_files(folder)))
        return LogSummary(
            folder.endpoint, models, counts["requests"], counts["feedback"], folder.num_bytes(), len(hours)
        )


def _no_rows(folder: LogFolder) -> pa.Table:
    models = model_files(folder)
    if not models:
        what = f"nothing was logged of '{folder.endpoint}' yet"
        raise DataError(Fault(what=what, next_step="ask its server, and wait for some seconds"))
    schema: pa.Schema = row_schema(models[0])
    return schema.empty_table()


def _probabilities(folder: LogFolder) -> str:
    """The column, where all models of the log answer classes of one label."""
    signatures = [model.signature for model in model_files(folder)]
    names = {signature.prediction_name for signature in signatures if signature.classes and not signature.labels}
    if len(names) != 1 or any(signature.labels or not signature.classes for signature in signatures):
        return ""
    probs = f"prediction.{quote_name(names.pop() + '_probs')}"
    return f", list_transform({probs}, lambda each: each.prob) AS probabilities"

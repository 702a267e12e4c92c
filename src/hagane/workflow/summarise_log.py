"""`summarise_log`: the request log of an endpoint, summed up window by window, and kept."""

from __future__ import annotations

import time
from contextlib import ExitStack

import msgspec
import pyarrow.parquet as pq

from hagane.data.column_type import type_columns
from hagane.data.engine import Engine, quote_name, quote_text
from hagane.data.origin import Origin
from hagane.data.table import Table
from hagane.monitoring.window_summary import WindowSummary
from hagane.monitoring.windows import Window, Windows
from hagane.progress import SILENT, Progress
from hagane.serving.request_log.log_folder import HOUR_MICROSECONDS, LogFolder
from hagane.serving.request_log.log_lock import log_lock
from hagane.serving.request_log.model_file import model_files
from hagane.spec.monitoring import Monitoring
from hagane.statistics.measure import measure_statistics
from hagane.statistics.statistics import Statistics
from hagane.workflow.log_window import LogWindow
from hagane.workflow.logged_rows import LoggedRows
from hagane.workflow.request_log import log_folder, log_sql
from hagane.workflow.watched_answers import watched_answers
from hagane.workflow.window_parts import PARTS, get_part
from hagane.workspace.window_summaries import WindowSummaries
from hagane.workspace.workspace import Workspace

_INPUT, _PREDICTION = "instance.", "prediction."


def summarise_log(
    endpoint: str,
    *,
    workspace: Workspace,
    monitoring: Monitoring,
    now: int | None = None,
    progress: Progress = SILENT,
) -> list[Window]:
    """Sum up every window that is over by `now` (µs; None: this moment) and has rows that were not there before.

    The windows that were, the earliest first. Each is kept as soon as it is summed up: what ends the process loses the
    one in work, and the next call goes on from there. A window into whose hours late rows came is summed up again, for
    as long as the log holds them all. Raises NotFoundError for an endpoint without a log, DataError, StorageError.
    """
    folder, summaries = log_folder(endpoint, workspace), WindowSummaries(workspace.monitoring_folder, endpoint)
    windows = Windows(monitoring.every, monitoring.time_zone)
    moment = time.time_ns() // 1000 if now is None else now
    due = _due(folder, summaries, windows, moment)
    with progress.phase("sum up the log", total=len(due), unit="windows") as phase:
        for window, num_logged in due:
            found = summarise_window(folder, window, workspace=workspace, monitoring=monitoring)
            summaries.put(windows.every, window.start, num_logged, found)
            phase.advance(1)
    return [window for window, _ in due]


def _due(folder: LogFolder, summaries: WindowSummaries, windows: Windows, now: int) -> list[tuple[Window, int]]:
    """The windows to sum up, and how many rows their hours hold now."""
    kept = summaries.kept(windows.every)
    with log_lock(folder):
        hours = {
            hour: sum(pq.read_metadata(file).num_rows for file in folder.files("requests", since=hour, until=hour + 1))
            for hour in folder.hours("requests")
        }
    logged: dict[Window, int] = {}
    for hour, num_rows in hours.items():
        start = hour * HOUR_MICROSECONDS
        for window in windows.between(start, start + HOUR_MICROSECONDS):
            logged[window] = logged.get(window, 0) + num_rows
    return [
        (window, num_logged)
        for window, num_logged in sorted(logged.items())
        if window.end <= now and (window.start not in kept or kept[window.start].num_logged < num_logged)
    ]


def summarise_window(
    folder: LogFolder, window: Window, *, workspace: Workspace, monitoring: Monitoring
) -> list[WindowSummary]:
    """A summary for each deployed model that answered in the window; rows of mirrors are not looked at."""
    with ExitStack() as stack:
        stack.enter_context(log_lock(folder))
        logged = log_sql(folder, LogWindow(window.start, window.end), with_truth=False)
        if logged is None:
            return []
        engine = Engine()
        counts = engine.query(
            "SELECT deployed_model_id AS id, count(*) AS n, sum(weight) AS traffic,"
            " CAST(count_if(row_error) AS BIGINT) AS errors"
            f" FROM ({logged}) WHERE NOT mirror GROUP BY id ORDER BY id"
        ).to_pylist()
        models = {model.deployed_model_id: model for model in model_files(folder)}
        found = []
        for each in counts:
            chosen = f"SELECT * FROM ({logged}) WHERE NOT mirror AND deployed_model_id = {quote_text(each['id'])}"
            rows = LoggedRows(engine=engine, sql=chosen, num_rows=each["n"], model=models[each["id"]], window=window,
                              folder=folder, workspace=workspace, monitoring=monitoring)  # fmt: skip
            found.append(_summary(rows, traffic=each["traffic"], num_errors=each["errors"]))
        return found


def _summary(rows: LoggedRows, *, traffic: float, num_errors: int) -> WindowSummary:
    inputs, predictions = _statistics(rows)
    parts = {name: get_part(name)(rows) for name in PARTS}
    model = rows.model
    return WindowSummary(
        window=rows.window,
        deployed_model_id=model.deployed_model_id,
        model=model.model,
        version=model.version,
        num_rows=rows.num_rows,
        traffic=traffic,
        num_errors=num_errors,
        inputs=inputs,
        predictions=predictions,
        hashed=tuple(name for name, how in model.sensitive.items() if how == "hash"),
        **parts,
    )


def _statistics(rows: LoggedRows) -> tuple[Statistics, Statistics]:
    """Of the logged raw columns, and of the answers: both in one pass."""
    model, engine = rows.model, rows.engine
    logged = [name for name in model.signature.names if model.sensitive.get(name) != "leave_out"]
    selected = [f"instance.{quote_name(name)} AS {quote_name(_INPUT + name)}" for name in logged]
    answers = watched_answers(model.signature)
    selected += [f"{sql} AS {quote_name(_PREDICTION + name)}" for name, sql in answers.items()]
    sql = f"(SELECT {', '.join(selected)} FROM ({rows.sql}))"
    table = Table(engine, Origin(sql=sql, identity=lambda: sql), type_columns(engine.columns(f"SELECT * FROM {sql}")))
    measured = measure_statistics(table)
    return _part(measured, _INPUT), _part(measured, _PREDICTION)


def _part(statistics: Statistics, prefix: str) -> Statistics:
    columns = tuple(
        msgspec.structs.replace(column, name=column.name.removeprefix(prefix))
        for column in statistics
        if column.name.startswith(prefix)
    )
    return msgspec.structs.replace(statistics, columns=columns)

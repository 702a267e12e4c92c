"""`summarise_log`: the request log of an endpoint, summed up window by window, and kept."""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pyarrow as pa

from hagane.data.engine import Engine, quote_text
from hagane.errors import DataError
from hagane.monitoring.window_summary import WindowSummary
from hagane.monitoring.windows import Window, Windows
from hagane.progress import SILENT, Progress
from hagane.serving.request_log.log_folder import LogFolder
from hagane.serving.request_log.log_lock import log_lock
from hagane.serving.request_log.logged_models import logged_models
from hagane.serving.request_log.row_schema import row_schema
from hagane.spec.monitoring import Monitoring
from hagane.statistics.measure_batches import measure_batches
from hagane.statistics.statistics import Statistics
from hagane.types import Column, Schema
from hagane.workflow.answer_columns import PREDICTION
from hagane.workflow.count_logged import count_logged
from hagane.workflow.cut_rows import SumUp, cut_rows
from hagane.workflow.hours_to_sum_up import hours_to_sum_up
from hagane.workflow.known_model import known_model
from hagane.workflow.lies_within import lies_within
from hagane.workflow.log_batches import ROW_ERROR, WEIGHT, log_batches
from hagane.workflow.log_window import LogWindow
from hagane.workflow.logged_columns import INPUT, logged_columns
from hagane.workflow.logged_rows import LoggedRows
from hagane.workflow.lost_hours import lost_hours
from hagane.workflow.merge_windows import merge_windows
from hagane.workflow.new_labels import NewLabels, new_labels
from hagane.workflow.request_log import log_sql
from hagane.workflow.sum_up_labels import sum_up_labels
from hagane.workflow.summarised import Summarised
from hagane.workflow.thin_hours import thin_hours
from hagane.workflow.watched_log import watched_log
from hagane.workflow.window_parts import PARTS, StreamedPart, begin_streamed, get_part
from hagane.workflow.window_parts.arrivals import sum_up_arrivals
from hagane.workspace.feedback_hours import FeedbackHours
from hagane.workspace.row_cuts import RowCuts
from hagane.workspace.window_summaries import WindowSummaries
from hagane.workspace.workspace import Workspace


def summarise_log(
    endpoint: str,
    *,
    workspace: Workspace,
    monitoring: Monitoring,
    now: int | None = None,
    progress: Progress = SILENT,
) -> Summarised:
    """Sum up every window that is over by `now` (µs; None: this moment) and has rows that were not there before.

    Only hours are summed up from the log. Each is kept at once: what ends the process loses the one in work, and the
    next call goes on from there. Days are merged of the hours of their zone, weeks and months of its days, without a
    row. An hour into which late rows came is summed up again, and so is what was made of it, for as long as the log
    holds all its rows; where labels came for its rows, its quality is. An hour whose files are damaged is told in the
    notes, and nothing is made of it yet. Raises NotFoundError for an endpoint without a log and without a history,
    StorageError.
    """
    summaries = WindowSummaries(workspace.monitoring_folder, endpoint)
    folder, windows = watched_log(endpoint, workspace), Windows(monitoring.every, monitoring.time_zone)
    moment = time.time_ns() // 1000 if now is None else now
    engine = functools.cache(Engine)

    def sum_up(window: Window, where: str = "") -> list[WindowSummary]:
        return summarise_window(
            folder, window, workspace=workspace, monitoring=monitoring, where=where, engine=engine()
        )

    if windows.num_rows is not None:
        return _by_rows(folder, summaries, windows, sum_up, now=moment, progress=progress)
    hours = Windows("hour", monitoring.time_zone)
    seen = FeedbackHours(summaries.path, hours.series)
    labels, notes = _new_labels(folder, seen)
    due, lost = hours_to_sum_up(folder, summaries, hours, moment)
    done, missing = [], list(lost)
    notes += [_lost(hours, window) for window in lost]
    notes += [note] if (note := lost_hours(folder, summaries, hours)) else []
    with progress.phase("sum up the log", total=len(due), unit="hours") as phase:
        for window, num_logged in due:
            try:
                summaries.put(hours.series, window, num_logged, sum_up(window))
                done.append(window)
            except DataError as error:
                missing.append(window)
                notes.append(f"the hour {hours.text(window)} cannot be summed up: {error.faults[0].what}")
            phase.advance(1)
    labelled, told = sum_up_labels(folder, summaries, hours, labels.answered, done=done, workspace=workspace,
                                   monitoring=monitoring, progress=progress)  # fmt: skip
    done, notes = sorted([*done, *labelled]), [*notes, *told]
    if not told:
        seen.put(labels.arrived)
    if windows.every != "hour":
        done = merge_windows(summaries, windows, now=moment, without=missing, progress=progress)
    thin_hours(summaries, hours, now=moment, keep_days=monitoring.keep_hours_days, without=missing)
    return Summarised(windows=tuple(done), notes=tuple(notes))


def _by_rows(
    folder: LogFolder, summaries: WindowSummaries, windows: Windows, sum_up: SumUp, *, now: int, progress: Progress
) -> Summarised:
    cuts, seen = RowCuts(summaries.path, windows.series), FeedbackHours(summaries.path, windows.series)
    labels, notes = _new_labels(folder, seen)
    done = cut_rows(folder, cuts, windows, sum_up, now=now, labelled=labels.answered, progress=progress)
    if not done.notes:
        seen.put(labels.arrived)
    return msgspec.structs.replace(done, notes=(*notes, *done.notes))


def _new_labels(folder: LogFolder, seen: FeedbackHours) -> tuple[NewLabels, list[str]]:
    """What has come, or what is to be told where the feedback is damaged."""
    try:
        return new_labels(folder, seen), []
    except DataError as error:
        return NewLabels(), [f"the labels cannot be read: {error.faults[0].what}"]


def _lost(hours: Windows, window: Window) -> str:
    return (
        f"late rows of {hours.text(window)} are not counted: of the hours of that day only the day's sum is kept, and"
        " the log no longer holds them all"
    )


def summarise_window(
    folder: LogFolder,
    window: Window,
    *,
    workspace: Workspace,
    monitoring: Monitoring,
    where: str = "",
    engine: Engine | None = None,
) -> list[WindowSummary]:
    """A summary for each deployed model that was asked in the window; rows of mirrors are not looked at.

    `where`: DuckDB's condition of the rows, where not all of the window's are meant. `engine`: one for all windows.
    """
    with ExitStack() as stack:
        stack.enter_context(log_lock(folder))
        span = LogWindow(window.start, window.end)
        logged = log_sql(folder, span, with_truth=False)
        logged = f"SELECT * FROM ({logged}) WHERE {where}" if where and logged else logged
        engine = engine or Engine()
        models = logged_models(folder, since=span.first_hour, until=span.end_hour)
        files = () if where else tuple(folder.files("requests", since=span.first_hour, until=span.end_hour))
        counts = {} if logged is None else _counts(engine, logged, files, window)
        found = []
        for name, num_rows in counts.items():
            chosen = f"SELECT * FROM ({logged}) WHERE NOT mirror AND deployed_model_id = {quote_text(name)}"
            model = known_model(models, name)
            rows = LoggedRows(engine=engine, sql=chosen, num_rows=num_rows, files=files, model=model,
                              window=window, folder=folder, workspace=workspace, monitoring=monitoring)  # fmt: skip
            found.append(_summary(rows))
        for model in () if where else models.values():
            if model.deployed_model_id not in counts:
                alone = Engine()
                nothing = f"SELECT * FROM {alone.register(row_schema(model).empty_table())}"
                rows = LoggedRows(engine=alone, sql=nothing, num_rows=0, files=(), model=model, window=window,
                                  folder=folder, workspace=workspace, monitoring=monitoring)  # fmt: skip
                arrivals = sum_up_arrivals(rows)
                if arrivals is not None:
                    found.append(_summary(rows, unanswered=float(arrivals.answered.num_rows)))
        return found


def _counts(engine: Engine, logged: str, files: Sequence[Path], window: Window) -> dict[str, int]:
    """Rows by deployed model: of the files, where all their rows are the window's."""
    if files and all(lies_within(path, window) for path in files):
        return count_logged(files)
    sql = f"SELECT deployed_model_id AS id, count(*) AS n FROM ({logged}) WHERE NOT mirror GROUP BY id ORDER BY id"
    return {each["id"]: each["n"] for each in engine.query(sql).to_pylist()}


def _summary(rows: LoggedRows, *, unanswered: float = 0.0) -> WindowSummary:
    """`unanswered`: rows of the traffic that are counted, but not logged."""
    streamed, traffic = begin_streamed(rows), _Traffic()
    inputs, predictions = _statistics(rows, (traffic, *streamed.values()))
    parts = {name: streamed[name].part() if name in streamed else get_part(name)(rows) for name in PARTS}
    model = rows.model
    return WindowSummary(
        window=rows.window,
        deployed_model_id=model.deployed_model_id,
        model=model.model,
        version=model.version,
        num_rows=rows.num_rows,
        traffic=unanswered + traffic.weight,
        num_errors=traffic.num_errors,
        inputs=inputs,
        predictions=predictions,
        hashed=tuple(name for name, how in model.sensitive.items() if how == "hash"),
        **parts,
    )


class _Traffic:
    """For how many rows those of a window stand, and how many were refused."""

    def __init__(self) -> None:
        self.weight, self.num_errors = 0.0, 0

    def add(self, batch: pa.RecordBatch) -> None:
        self.weight += float(batch.column(WEIGHT).to_numpy().sum())
        self.num_errors += batch.column(ROW_ERROR).true_count


def _statistics(rows: LoggedRows, seen_by: Sequence[_Traffic | StreamedPart]) -> tuple[Statistics, Statistics]:
    """Of the logged raw columns, and of the answers: both in one pass, in which others see the rows."""
    columns = logged_columns(rows.model)
    schema = Schema(tuple(Column(column.name, column.type) for column in columns))
    batches = _seen(log_batches(rows, columns), seen_by)
    measured = measure_batches(schema, batches, expected_rows=rows.num_rows)
    return _part(measured, INPUT), _part(measured, PREDICTION)


def _seen(batches: Iterator[pa.RecordBatch], seen_by: Sequence[_Traffic | StreamedPart]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for each in seen_by:
            each.add(batch)
        yield batch


def _part(statistics: Statistics, prefix: str) -> Statistics:
    columns = tuple(
        msgspec.structs.replace(column, name=column.name.removeprefix(prefix))
        for column in statistics
        if column.name.startswith(prefix)
    )
    return msgspec.structs.replace(statistics, columns=columns)

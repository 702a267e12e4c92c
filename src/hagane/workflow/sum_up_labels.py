"""`sum_up_labels`: labels that came after their hours were summed up."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import msgspec

from hagane.data.engine import Engine, quote_text
from hagane.errors import DataError
from hagane.monitoring.window_summary import WindowSummary
from hagane.monitoring.windows import Window, Windows
from hagane.progress import SILENT, Progress
from hagane.serving.request_log.log_folder import HOUR_MICROSECONDS, LogFolder
from hagane.serving.request_log.log_lock import log_lock
from hagane.serving.request_log.logged_models import logged_models
from hagane.spec.monitoring import Monitoring
from hagane.workflow.log_window import LogWindow
from hagane.workflow.logged_rows import LoggedRows
from hagane.workflow.request_log import log_sql
from hagane.workflow.window_parts.quality import labelled_quality
from hagane.workspace.window_summaries import WindowSummaries
from hagane.workspace.workspace import Workspace


def sum_up_labels(
    folder: LogFolder,
    summaries: WindowSummaries,
    hours: Windows,
    labelled: Collection[int],
    *,
    done: Collection[Window],
    workspace: Workspace,
    monitoring: Monitoring,
    progress: Progress = SILENT,
) -> tuple[list[Window], list[str]]:
    """Sum up the quality of each kept hour again for whose rows labels have come (`labelled`, UTC).

    These hours, and what is to be told of those whose files are damaged.

    Those that were `done` since the labels were looked for have them already. The rest of a summary stays. An hour that
    was thinned out, or of which the log no longer holds every row, stays as it is. Raises StorageError.
    """
    kept = summaries.kept(hours.series)
    windows = [window for window in _windows(hours, labelled) if window.start in kept and window not in done]
    found, notes = [], []
    with progress.phase("sum up labels", total=len(windows), unit="hours") as phase:
        for window in windows:
            before = summaries.of(hours.series, window.start)
            try:
                after = _relabelled(folder, before, workspace, monitoring)
            except DataError as error:
                notes.append(f"labels of the hour {hours.text(window)} cannot be summed up: {error.faults[0].what}")
                continue
            if after != before:
                summaries.put(hours.series, window, kept[window.start].num_logged, after)
                found.append(window)
            phase.advance(1)
    return found, notes


def _relabelled(
    folder: LogFolder, before: list[WindowSummary], workspace: Workspace, monitoring: Monitoring
) -> list[WindowSummary]:
    with log_lock(folder):
        return [_labelled(folder, each, workspace, monitoring) for each in before]


def _windows(hours: Windows, labelled: Collection[int]) -> Iterator[Window]:
    """The windows of these hours, each once: of a zone half an hour off UTC two an hour."""
    told = set()
    for hour in sorted(labelled):
        start = hour * HOUR_MICROSECONDS
        for window in hours.between(start, start + HOUR_MICROSECONDS):
            if window not in told:
                told.add(window)
                yield window


def _labelled(folder: LogFolder, summary: WindowSummary, workspace: Workspace, monitoring: Monitoring) -> WindowSummary:
    """The summary with the quality that the labels show now; as it is where not all of its rows are there."""
    span = LogWindow(summary.window.start, summary.window.end)
    model = logged_models(folder, since=span.first_hour, until=span.end_hour).get(summary.deployed_model_id)
    logged = log_sql(folder, span, with_truth=False)
    if logged is None or model is None:
        return summary
    sql = f"SELECT * FROM ({logged}) WHERE NOT mirror AND deployed_model_id = {quote_text(summary.deployed_model_id)}"
    engine = Engine()
    num_rows = engine.query(f"SELECT count(*) AS n FROM ({sql})")["n"][0].as_py()
    if num_rows < summary.num_rows:
        return summary
    rows = LoggedRows(engine=engine, sql=sql, num_rows=num_rows, files=(), model=model,
                      window=summary.window, folder=folder, workspace=workspace, monitoring=monitoring)  # fmt: skip
    return msgspec.structs.replace(summary, quality=labelled_quality(rows))

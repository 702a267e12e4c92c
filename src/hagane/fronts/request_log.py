"""Request logs in Python: what was asked and answered, what became true, and the rows of one person taken out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hagane.workspace.workspace import Workspace

if TYPE_CHECKING:
    from hagane.data.table import Table
    from hagane.workflow.erase import Erasure


def request_log(
    endpoint: str,
    *,
    since: str | None = None,
    until: str | None = None,
    with_truth: bool = False,
    workspace: str | Path | None = None,
) -> Table:
    """The rows that were logged, as a table: `instance.age`, `prediction.predicted_late`, with the truth `truth.late`.

    `since` and `until` are moments (`"2026-11-21T10:00"`, UTC) or how long ago (`"6h"`). Raises HaganeError.
    """
    from hagane.workflow.log_window import LogWindow
    from hagane.workflow.request_log import read_request_log

    window = LogWindow.of(since, until)
    return read_request_log(endpoint, workspace=Workspace(workspace), window=window, with_truth=with_truth)


def feedback(endpoint: str, data: object, *, workspace: str | Path | None = None) -> int:
    """Keep ground truth (a frame, a path, SQL) by the column `request_id`; how many rows there were.

    Raises HaganeError.
    """
    from hagane.workflow.feedback import add_feedback

    return add_feedback(data, endpoint, workspace=Workspace(workspace))


def erase(
    endpoint: str, column: str, value: object, *, yes: bool = False, workspace: str | Path | None = None
) -> Erasure:
    """Take the rows whose `column` (or `request_id`) has this value out of the log; without `yes` only tell which.

    Raises HaganeError.
    """
    from hagane.workflow.erase import erase as work

    text = str(value).lower() if isinstance(value, bool) else str(value)
    return work(endpoint, column, text, workspace=Workspace(workspace), dry_run=not yes)

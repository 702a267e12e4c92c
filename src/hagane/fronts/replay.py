"""`replay`: logged requests are asked again, in Python."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hagane.progress import SILENT, Progress

if TYPE_CHECKING:
    from hagane.workflow.replay import ReplayReport


def replay(
    endpoint: str,
    *,
    since: str | None = None,
    until: str | None = None,
    num_rows: int = 500,
    workspace: str | Path | None = None,
    progress: Progress | None = None,
) -> ReplayReport:
    """Ask a sample of an endpoint's request log again of the versions that answered it.

    `.is_same` is False where a feature differs by a bit between the ways of training and of serving, or an answer from
    what was answered; `.models` has the figures. Times are those of `request_log`. Raises HaganeError.
    """
    from hagane.workflow.log_window import LogWindow
    from hagane.workflow.replay import replay as run
    from hagane.workspace.workspace import Workspace

    place = Workspace(None if workspace is None else Path(workspace))
    window = LogWindow.of(since, until)
    return run(endpoint, workspace=place, window=window, num_rows=num_rows, progress=progress or SILENT)

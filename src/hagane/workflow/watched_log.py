"""`watched_log`: the log of an endpoint that is watched."""

from __future__ import annotations

from hagane.serving.request_log.log_folder import LogFolder
from hagane.workflow.request_log import log_folder
from hagane.workspace.window_summaries import WindowSummaries
from hagane.workspace.workspace import Workspace


def watched_log(endpoint: str, workspace: Workspace) -> LogFolder:
    """Its folder may be gone where there is a history. Raises NotFoundError, with the nearest name, without either."""
    if WindowSummaries(workspace.monitoring_folder, endpoint).path.exists():
        return LogFolder(workspace.logs_folder, endpoint)
    return log_folder(endpoint, workspace)

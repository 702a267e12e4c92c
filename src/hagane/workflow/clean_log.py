"""`clean_request_log`: what a server does to its log now and then, on demand."""

from __future__ import annotations

import time

from hagane.serving.request_log.log_lock import log_lock
from hagane.serving.request_log.log_options import LogOptions, check_log_options
from hagane.serving.request_log.maintain import maintain
from hagane.serving.request_log.retention import Expired, expire
from hagane.workflow.request_log import log_folder
from hagane.workspace.workspace import Workspace


def clean_request_log(
    endpoint: str,
    *,
    workspace: Workspace,
    max_age_days: float | None = None,
    max_bytes: int | None = None,
    dry_run: bool = False,
) -> Expired:
    """Delete hours by age and size, as a server does by default where nothing is given, and merge small files.

    With `dry_run` it only tells what would go. Raises NotFoundError, SpecError for a limit that cannot be.
    """
    folder, defaults = log_folder(endpoint, workspace), LogOptions()
    options = LogOptions(
        max_age_days=defaults.max_age_days if max_age_days is None else max_age_days,
        max_bytes=defaults.max_bytes if max_bytes is None else max_bytes,
    )
    check_log_options(options)
    with log_lock(folder, alone=True):
        expired = expire(folder, options, time.time(), dry_run=dry_run)
    if not dry_run:
        maintain(folder, options, wait=True)
    return expired

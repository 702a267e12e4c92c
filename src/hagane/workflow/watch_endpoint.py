"""`watch_endpoint`: monitor an endpoint again and again, and tell what is new."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence

import msgspec

from hagane.errors import Fault, HaganeError, StorageError
from hagane.file_lock import lock_file
from hagane.monitoring.channels.channel import Channel
from hagane.monitoring.notification import Notification
from hagane.monitoring.reference import Baseline
from hagane.monitoring.windows import Windows
from hagane.progress import SILENT, Progress
from hagane.spec.monitoring import Monitoring
from hagane.workflow.monitor import MonitorReport, declared_monitoring, monitor
from hagane.workflow.notify import notify
from hagane.workflow.untold_windows import UntoldWindows
from hagane.workflow.watched_log import watched_log
from hagane.workspace.window_summaries import WindowSummaries
from hagane.workspace.workspace import Workspace

LOCK_SUFFIX = ".lock"


def watch_endpoint(
    endpoint: str,
    *,
    workspace: Workspace,
    every_seconds: float,
    channels: Sequence[Channel] = (),
    baseline: Baseline = "training",
    monitoring: Monitoring | None = None,
    every: str | None = None,
    num_windows: int = 60,
    quiet_seconds: float = 0.0,
    remind_seconds: float | None = None,
    on_round: Callable[[MonitorReport | None, Notification | None, tuple[str, ...]], bool] = lambda *_: True,
    sleep: Callable[[float], None] = time.sleep,
    progress: Progress = SILENT,
) -> None:
    """One round every `every_seconds`, until `on_round` says no: new windows are summed up, alerts told.

    Without `monitoring` the spec of the latest model says what is asked for, anew in each round; `every` replaces its
    windows. After downtime the first round catches up with every window that is over, and tells every alert of them. A
    round that fails is handed to `on_round` as its faults, and the next one comes all the same. Raises StorageError
    where another process watches this endpoint already: the lock ends with its process, however that ends.
    NotFoundError where there is no log.
    """
    summaries = WindowSummaries(workspace.monitoring_folder, endpoint).path
    path = summaries.with_suffix(LOCK_SUFFIX)
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = lock_file(path)
    if lock is None:
        step = "end that one, or let it go on"
        raise StorageError(
            Fault(what=f"another process monitors '{endpoint}' already", where=str(path), next_step=step)
        )
    try:
        while True:
            began = time.monotonic()
            report: MonitorReport | None = None
            notification: Notification | None = None
            faults: tuple[str, ...] = ()
            try:
                asked, notes = (monitoring, []) if monitoring else declared_monitoring(endpoint, workspace)
                asked = asked if every is None else msgspec.structs.replace(asked, every=every)
                untold = UntoldWindows(summaries, Windows(asked.every, asked.time_zone), baseline=baseline,
                                       num_windows=num_windows)  # fmt: skip
                report = monitor(endpoint, workspace=workspace, baseline=baseline, monitoring=asked,
                                 num_windows=num_windows, since=untold.since(watched_log(endpoint, workspace)),
                                 progress=progress)  # fmt: skip
                report = msgspec.structs.replace(report, notes=(*notes, *report.notes))
                notification, faults = notify(report, channels, workspace=workspace, quiet_seconds=quiet_seconds,
                                              remind_seconds=remind_seconds)  # fmt: skip
                untold.note(report, channels)
            except HaganeError as error:
                faults = (error.render(),)
            except Exception as error:  # a fault of ours ends one round, and not the watching
                faults = (f"internal error: {type(error).__name__}: {error}",)
            if not on_round(report, notification, faults):
                return
            sleep(max(0.0, every_seconds - (time.monotonic() - began)))
    finally:
        os.close(lock)

"""`notify`: what is new of an endpoint's alerts, told to every channel."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from hagane.errors import HaganeError
from hagane.monitoring.alert import alerts_of
from hagane.monitoring.notification import Notification
from hagane.monitoring.windows import Windows
from hagane.workflow.monitor import MonitorReport
from hagane.workspace.told_alerts import ToldAlerts
from hagane.workspace.window_summaries import WindowSummaries
from hagane.workspace.workspace import Workspace

Channel = Callable[[Notification], None]
"""Sends one message, or raises StorageError."""


def notify(
    report: MonitorReport,
    channels: Sequence[Channel],
    *,
    workspace: Workspace,
    quiet_seconds: float = 0.0,
    now: float | None = None,
) -> tuple[Notification, tuple[str, ...]]:
    """One message of all that is new to each channel, and what went wrong with them.

    An alert counts as told when one channel took it, so that the next run tries again where none did; what is killed
    between a channel and that note is told once more. Where something was told less than `quiet_seconds` ago, all waits
    for a later run. `now`: seconds since 1970.
    """
    asked, moment = report.monitoring, time.time() if now is None else now
    path = WindowSummaries(workspace.monitoring_folder, report.endpoint).path
    told = ToldAlerts(path, baseline=report.baseline, every=asked.every)
    alerts = alerts_of(report.windows, endpoint=report.endpoint, after=asked.alert_after, back=asked.alert_until)
    opened, resolved = told.news(alerts)
    last = told.last_told()
    if last is not None and moment - last < quiet_seconds:
        opened, resolved = (), ()
    windows = Windows(asked.every, asked.time_zone)
    notification = Notification(endpoint=report.endpoint, baseline=report.baseline, windows=windows, opened=opened,
                                resolved=resolved)  # fmt: skip
    if not opened and not resolved:
        return notification, ()
    faults = _send(channels, notification)
    if len(faults) < len(channels):
        told.told((*resolved, *opened), now=moment)
    return notification, faults


def _send(channels: Sequence[Channel], notification: Notification) -> tuple[str, ...]:
    faults = []
    for channel in channels:
        try:
            channel(notification)
        except HaganeError as error:
            faults.append(error.render())
    return tuple(faults)

"""`notify`: what is new of an endpoint's alerts, told to every channel."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from hagane.errors import HaganeError
from hagane.monitoring.alert import Alert
from hagane.monitoring.channels.channel import Channel
from hagane.monitoring.notification import Notification
from hagane.monitoring.windows import Windows
from hagane.workflow.model_contexts import model_contexts
from hagane.workflow.monitor import MonitorReport
from hagane.workspace.told_alerts import News, ToldAlerts
from hagane.workspace.window_summaries import WindowSummaries
from hagane.workspace.workspace import Workspace


def notify(
    report: MonitorReport,
    channels: Sequence[Channel],
    *,
    workspace: Workspace,
    quiet_seconds: float = 0.0,
    remind_seconds: float | None = None,
    now: float | None = None,
) -> tuple[Notification, tuple[str, ...]]:
    """One message of all that is new to it to each channel: what any was told, and what went wrong with them.

    Each channel is told by itself, beside the others: what one did not take is new to it in the next run. What is
    killed between a channel and the note that it was told is told once more. A channel that was told something less
    than `quiet_seconds` ago waits for a later run. Alerts that were told `remind_seconds` ago, and still stand, are
    told again. `now`: seconds since 1970. Raises StorageError where nothing can be kept.
    """
    moment = time.time() if now is None else now
    told = {channel.name: _told(report, workspace, channel) for channel in channels}
    whom = []
    for channel in channels:
        last = told[channel.name].last_told()
        is_quiet = channel.is_limited and last is not None and moment - last < quiet_seconds
        before = None if remind_seconds is None else moment - remind_seconds
        news = News() if is_quiet else told[channel.name].news(report.alerts, told_before=before)
        if any(news):
            whom.append((channel, _notification(report, news, workspace)))
    faults = []
    with ThreadPoolExecutor(max_workers=max(len(whom), 1), thread_name_prefix="hagane-tell") as threads:
        for (channel, message), fault in zip(whom, threads.map(lambda one: _send(*one), whom), strict=True):
            if fault:
                faults.append(fault)
            else:
                told[channel.name].told((*message.resolved, *message.opened, *message.reminded), now=moment)
    return _all(report, [message for _, message in whom], workspace), tuple(faults)


def _told(report: MonitorReport, workspace: Workspace, channel: Channel) -> ToldAlerts:
    path = WindowSummaries(workspace.monitoring_folder, report.endpoint).path
    return ToldAlerts(path, baseline=report.baseline, every=_windows(report).series, channel=channel.name)


def _windows(report: MonitorReport) -> Windows:
    return Windows(report.monitoring.every, report.monitoring.time_zone)


def _notification(report: MonitorReport, news: News, workspace: Workspace) -> Notification:
    contexts = model_contexts(report, news.opened, workspace)
    return Notification(endpoint=report.endpoint, baseline=report.baseline, windows=_windows(report),
                        models=contexts, **news._asdict())  # fmt: skip


def _all(report: MonitorReport, messages: Sequence[Notification], workspace: Workspace) -> Notification:
    """What any of the messages has."""
    parts: dict[str, tuple[Alert, ...]] = {}
    for field in News._fields:
        found = {alert.key: alert for message in messages for alert in getattr(message, field)}
        parts[field] = tuple(found.values())
    return _notification(report, News(**parts), workspace)


def _send(channel: Channel, notification: Notification) -> str:
    """What went wrong, if anything did."""
    try:
        channel.send(notification)
    except HaganeError as error:
        return error.render()
    return ""

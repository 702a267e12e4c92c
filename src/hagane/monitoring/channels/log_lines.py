"""`log_lines`: what is told and every round as JSON, a line each, for programs that follow logs."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from hagane.monitoring.alert import Alert
from hagane.monitoring.channels.channel import Channel
from hagane.monitoring.notification import Notification
from hagane.monitoring.policy_step import PolicyStep

MOMENTS = ("since", "opened", "until", "last")
EVENTS = {"opened": "alert_opened", "resolved": "alert_resolved", "reminded": "alert_reminded"}


def log_lines(write: Callable[[str], object]) -> Channel:
    """A channel that writes a line for each alert; `write` gets the line without its end.

    >>> log_lines(print).name
    'log'
    """

    def send(notification: Notification) -> None:
        for line in alert_lines(notification):
            write(line)

    return Channel(name="log", send=send, is_limited=False)


def alert_lines(notification: Notification) -> Iterator[str]:
    """What has opened, what is over, what still stands: `event`, `time`, `baseline`, and all that is known of it."""
    for field, event in EVENTS.items():
        for alert in getattr(notification, field):
            yield _line(event, {"baseline": notification.baseline, **alert_fields(alert)})


def alert_fields(alert: Alert) -> dict[str, Any]:
    """An alert with its moments as texts (UTC), how long it lasted, and its title."""
    fields: dict[str, Any] = msgspec.to_builtins(alert)
    fields |= {name: _text(fields[name]) for name in MOMENTS if fields[name] is not None}
    lasted = None if alert.until is None else (alert.until - alert.since) / 1e6
    return {"title": alert.title, **fields, "lasted_seconds": lasted}


def round_line(
    endpoint: str,
    *,
    num_new_windows: int | None,
    alerts: Sequence[Alert],
    faults: Sequence[str],
    seconds: float,
) -> str:
    """The line of a round: `num_new_windows` is null where it failed."""
    fields = {
        "endpoint": endpoint,
        "num_new_windows": num_new_windows,
        "num_open_alerts": sum(alert.until is None for alert in alerts),
        "faults": list(faults),
        "duration_seconds": round(seconds, 3),
    }
    return _line("round", fields)


def step_line(endpoint: str, step: PolicyStep) -> str:
    """The line of a step that the endpoint's policy took, or a person by hand."""
    return _line("policy_step", {"endpoint": endpoint, "step": msgspec.to_builtins(step)})


def _line(event: str, fields: dict[str, Any]) -> str:
    now = datetime.datetime.now(datetime.UTC)
    return msgspec.json.encode({"event": event, "time": f"{now:%Y-%m-%dT%H:%M:%S}Z", **fields}).decode()


def _text(moment: int) -> str:
    return f"{datetime.datetime.fromtimestamp(moment / 1e6, datetime.UTC):%Y-%m-%dT%H:%M:%S}Z"

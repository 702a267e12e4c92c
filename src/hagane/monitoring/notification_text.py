"""`notification_text`: a notification as people read it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from hagane.counted import counted
from hagane.monitoring.alert import Alert
from hagane.monitoring.explanation_text import explanation_text
from hagane.monitoring.model_context import ModelContext
from hagane.monitoring.notification import Notification
from hagane.monitoring.view.measure_text import measure_text
from hagane.monitoring.windows import Windows
from hagane.number_text import brief_text

MOST_OPENED, MOST_RESOLVED, MOST_NAMES = 10, 10, 8
_DAY = 86_400_000_000
_PLURAL = {"input": "inputs", "feature": "features", "prediction": "predictions", "attribution": "attributions"}


def notification_text(notification: Notification) -> str:
    """Grouped by model and subject, what lies farthest from its threshold first, the rest counted."""
    blocks = [
        [notification.subject],
        *_opened(notification),
        _section("over", notification.resolved, notification.windows),
        _section("still open", notification.reminded, notification.windows),
        [*_look_at(notification)],
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _opened(notification: Notification) -> Iterator[list[str]]:
    """A block for each model and subject; several measures of one column are one entry."""
    entries: dict[tuple[str, str, str], list[Alert]] = {}
    for alert in sorted(notification.opened, key=lambda alert: (-alert.excess, alert.key)):
        entries.setdefault((alert.model, alert.of, alert.title), []).append(alert)
    shown = list(itertools.islice(entries.items(), MOST_OPENED))
    for model, of in dict.fromkeys((model, of) for (model, of, _), _ in shown):
        block = [f"{model}, {_PLURAL.get(of, of)}"]
        for (its_model, its_of, _), alerts in shown:
            if (its_model, its_of) == (model, of):
                block += _entry(alerts, notification.windows)
        yield block
    if len(entries) > len(shown):
        yield [f"and {len(entries) - len(shown):,} more"]


def _entry(alerts: Sequence[Alert], windows: Windows) -> Iterator[str]:
    first = alerts[0]
    yield " ".join(f"- {first.title}: {first.change or 'beyond its threshold'}".split())
    for alert in alerts:
        yield f"  {_figure(alert)}"
    share = f", {100 * first.share:.3g} % of what came since" if first.share is not None else ""
    yield (f"  since {windows.name(first.since)} ({counted(first.num_windows, 'window')}),"
           f" {first.traffic:,.0f} rows of the traffic{share}")  # fmt: skip
    explanations = (explanation_text(alert, windows) for alert in alerts)
    yield from (f"  {text}" for text in itertools.islice(filter(None, explanations), 1))


def _section(title: str, alerts: Sequence[Alert], windows: Windows) -> list[str]:
    """Alerts in a line each."""
    if not alerts:
        return []
    lines = [f"- {alert.title} ({alert.model}): {_lasted(alert, windows)}" for alert in alerts[:MOST_RESOLVED]]
    more = len(alerts) - len(lines)
    return [title, *lines, *([f"and {more:,} more"] if more else [])]


def _figure(alert: Alert) -> str:
    return f"{measure_text(alert.measure)} {brief_text(alert.value)}, threshold {brief_text(alert.threshold)}"


def _lasted(alert: Alert, windows: Windows) -> str:
    since = windows.name(alert.since)
    if alert.until is None:
        return f"since {since}, {_figure(alert)}"
    gone = "; the model answers no more" if alert.is_gone else ""
    return f"lasted {duration_text(alert.until - alert.since)}, from {since} to {windows.name(alert.until - 1)}{gone}"


def duration_text(microseconds: int) -> str:
    """A length of time in its largest units.

    >>> [duration_text(hours * 3_600_000_000) for hours in (1, 30, 24 * 14)], duration_text(90_000_000)
    (['1 hour', '30 hours', '14 days'], '2 minutes')
    """
    if microseconds >= 2 * _DAY:
        return counted(round(microseconds / _DAY), "day")
    hours = microseconds / 3_600_000_000
    return counted(round(hours), "hour") if hours >= 1 else counted(max(1, round(hours * 60)), "minute")


def _look_at(notification: Notification) -> Iterator[str]:
    """The very command, and what else is known of the models."""
    if notification.opened or notification.reminded:
        yield f"look at: {notification.command}"
    for model in notification.models:
        yield from _facts(model)


def _facts(model: ModelContext) -> Iterator[str]:
    ages = [
        f"{verb} {duration_text(model.last - then)} before its last window"
        for verb, then in (("trained", model.trained), ("deployed", model.deployed))
        if then is not None and model.last is not None and then < model.last
    ]
    if ages:
        yield f"{model.model} was {', '.join(ages)}"
    for title, names in (("also too far there", model.also), ("the traffic's form", model.form)):
        if names:
            more = f" and {len(names) - MOST_NAMES:,} more" if len(names) > MOST_NAMES else ""
            yield f"{title}: {', '.join(names[:MOST_NAMES])}{more}"

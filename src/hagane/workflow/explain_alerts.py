"""`explain_alerts`: which rows explain most of each alert, from the log's rows and from the slices of its metrics."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import msgspec

from hagane.errors import HaganeError
from hagane.monitoring.alert import Alert
from hagane.monitoring.measures import MEASURES
from hagane.monitoring.reference import Reference
from hagane.monitoring.slice_effect import SliceEffect
from hagane.monitoring.window_findings import WindowFindings
from hagane.monitoring.worst_slice import worst_slice
from hagane.progress import SILENT, Progress
from hagane.serving.request_log.log_folder import LogFolder
from hagane.workflow.request_log import log_folder
from hagane.workflow.window_slices import Judged, WindowSlices
from hagane.workspace.workspace import Workspace

MOST_ALERTS = 20
"""The farthest from their thresholds; of each window and model."""


def explain_alerts(
    alerts: Sequence[Alert],
    judged: Judged,
    *,
    endpoint: str,
    workspace: Workspace,
    progress: Progress = SILENT,
) -> tuple[Alert, ...]:
    """The alerts with the slice that explains most of each (`explaining_slice`), where one clearly does.

    Looked at is the window in which the alert opened, beside the last one before that was as it should be. Rows that
    the log has no more, and what cannot be read, leave an alert as it is.
    """
    found = {alert.key: alert for alert in alerts}
    standing = [alert for alert in alerts if alert.until is None]
    if not standing:
        return tuple(alerts)
    groups = sorted({(alert.deployed_model_id, alert.opened) for alert in standing})
    with progress.phase("look for what explains", total=len(groups), unit="windows") as phase:
        for model, opened in groups:
            together = [alert for alert in standing if (alert.deployed_model_id, alert.opened) == (model, opened)]
            together.sort(key=lambda alert: (-alert.excess, alert.key))
            of_model = [each for each in judged if _is_of(each, model)]
            with contextlib.suppress(HaganeError):  # the log was moved or is damaged: they are told all the same
                for key, effect in _effects(together[:MOST_ALERTS], of_model, log_folder(endpoint, workspace)):
                    found[key] = msgspec.structs.replace(found[key], explained_by=effect)
            phase.advance(1)
    return tuple(found[alert.key] for alert in alerts)


def _is_of(each: tuple[Reference, WindowFindings], model: str) -> bool:
    return each[1].summary.deployed_model_id == model


def _effects(alerts: Sequence[Alert], judged: Judged, folder: LogFolder) -> Iterator[tuple[str, SliceEffect | None]]:
    """Of alerts that opened in one window of one model, by their keys."""
    position = next(place for place, (_, each) in enumerate(judged) if each.summary.window.start == alerts[0].opened)
    reference, window = judged[position]
    rows = WindowSlices(folder, judged[:position], reference, window)
    for alert in alerts:
        if alert.slice:
            continue
        if alert.of == "quality":
            yield alert.key, worst_slice(alert.name, alert.measure, window.findings)
        elif alert.of in ("input", "prediction") and alert.measure in MEASURES:
            yield alert.key, rows.explain(alert)

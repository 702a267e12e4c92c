"""`explain_alerts`: which rows explain most of each alert, from the log's rows and from the slices of its metrics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from hagane.errors import HaganeError
from hagane.monitoring.alert import Alert
from hagane.monitoring.measures import MEASURES
from hagane.monitoring.reference import Reference
from hagane.monitoring.slice_effect import SliceEffect
from hagane.monitoring.window_findings import WindowFindings
from hagane.monitoring.worst_slice import worst_slice
from hagane.serving.request_log.log_folder import LogFolder
from hagane.workflow.request_log import log_folder
from hagane.workflow.window_slices import Judged, WindowSlices
from hagane.workspace.workspace import Workspace

MOST_ALERTS = 20
"""The farthest from their thresholds; of each window and model."""


def explain_alerts(
    alerts: Sequence[Alert], judged: Judged, *, endpoint: str, workspace: Workspace
) -> tuple[Alert, ...]:
    """The alerts with the slice that explains most of each (`explaining_slice`), where one clearly does.

    Looked at is the window in which the alert opened, beside the last one before that was as it should be. Rows that
    the log has no more, and what cannot be read, leave an alert as it is.
    """
    found = {alert.key: alert for alert in alerts}
    standing = [alert for alert in alerts if alert.until is None]
    for model, opened in sorted({(alert.deployed_model_id, alert.opened) for alert in standing}):
        together = [alert for alert in standing if (alert.deployed_model_id, alert.opened) == (model, opened)]
        together.sort(key=lambda alert: (-alert.excess, alert.key))
        try:
            effects = _effects(together[:MOST_ALERTS], [each for each in judged if _is_of(each, model)],
                               log_folder(endpoint, workspace))  # fmt: skip
        except HaganeError:  # the log was moved or is damaged: the alert is told all the same
            continue
        found |= {key: msgspec.structs.replace(found[key], explained_by=effect) for key, effect in effects}
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

"""`model_contexts`: what else is known of the models of which something moved."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from hagane.errors import HaganeError
from hagane.monitoring.alert import Alert
from hagane.monitoring.model_context import ModelContext
from hagane.monitoring.window_findings import WindowFindings
from hagane.workflow.monitor import MonitorReport
from hagane.workspace.workspace import Workspace

FORM = ("schema", "volume", "replay")


def model_contexts(report: MonitorReport, alerts: Sequence[Alert], workspace: Workspace) -> tuple[ModelContext, ...]:
    """One for each deployed model of these alerts, in their order."""
    models = dict.fromkeys((alert.deployed_model_id, alert.model) for alert in alerts)
    if not models:
        return ()
    deployed = _deployed(report.endpoint, workspace)
    found = []
    for deployed_model_id, model in models:
        window = _last(report, deployed_model_id)
        told = {alert.title for alert in report.alerts if alert.deployed_model_id == deployed_model_id}
        found.append(ModelContext(
            deployed_model_id=deployed_model_id,
            model=model,
            trained=_trained(model, workspace),
            deployed=deployed.get(deployed_model_id),
            last=window.summary.window.start if window else None,
            also=_names(window, told, is_form=False),
            form=_names(window, told, is_form=True),
        ))  # fmt: skip
    return tuple(found)


def _last(report: MonitorReport, deployed_model_id: str) -> WindowFindings | None:
    judged = [each for each in report.windows if each.is_judged and each.summary.deployed_model_id == deployed_model_id]
    return judged[-1] if judged else None


def _names(window: WindowFindings | None, told: set[str], *, is_form: bool) -> tuple[str, ...]:
    """Anomalies, the farthest first; each named once."""
    anomalies = sorted(window.anomalies if window else (), key=lambda finding: finding.excess, reverse=True)
    titles = dict.fromkeys(finding.title for finding in anomalies if (finding.of in FORM) == is_form)
    return tuple(title for title in titles if title not in told)


def _trained(model: str, workspace: Workspace) -> int | None:
    try:
        return _moment(workspace.get(model).created)
    except HaganeError:
        return None


def _deployed(endpoint: str, workspace: Workspace) -> dict[str, int]:
    """Id → when it was deployed; nothing for a model that is served without an endpoint."""
    try:
        models = workspace.endpoints.get(endpoint).models
    except HaganeError:
        return {}
    return {each.id: moment for each in models if (moment := _moment(each.deployed)) is not None}


def _moment(text: str) -> int | None:
    try:
        return int(datetime.datetime.fromisoformat(text).timestamp() * 1e6)
    except ValueError:
        return None

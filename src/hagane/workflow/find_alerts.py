"""`find_alerts`: the alerts of an endpoint's windows, with what is kept of them."""

from __future__ import annotations

from collections.abc import Sequence

from hagane.monitoring.alert import Alert, alerts_of
from hagane.monitoring.reference import Reference
from hagane.monitoring.window_findings import WindowFindings
from hagane.monitoring.windows import Windows
from hagane.progress import SILENT, Progress
from hagane.spec.monitoring import Monitoring
from hagane.workflow.explain_alerts import explain_alerts
from hagane.workspace.kept_alerts import KeptAlerts
from hagane.workspace.workspace import Workspace


def find_alerts(
    endpoint: str,
    judged: Sequence[tuple[Reference, WindowFindings]],
    *,
    kept: KeptAlerts,
    workspace: Workspace,
    monitoring: Monitoring,
    progress: Progress = SILENT,
) -> tuple[Alert, ...]:
    """Those that open or stand in these windows, the earliest first, each with the slice that explains it.

    What explains an alert is looked for when it is first seen, and kept: every later run tells the same.
    """
    windows = [window for _, window in judged]
    after, back = monitoring.alert_after, monitoring.alert_until
    is_calendar = Windows(monitoring.every).num_rows is None
    found = alerts_of(windows, endpoint=endpoint, after=after, back=back, is_calendar=is_calendar)
    if not found:
        return ()
    seen, fresh = kept.known(found)
    told = [*seen, *explain_alerts(fresh, judged, endpoint=endpoint, workspace=workspace, progress=progress)]
    kept.keep(told)
    return tuple(sorted(told, key=lambda alert: (alert.opened, alert.key)))

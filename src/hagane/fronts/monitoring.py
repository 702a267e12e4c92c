"""`monitor`: what came to an endpoint, and how far it has moved, in Python."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hagane.progress import SILENT, Progress

if TYPE_CHECKING:
    from hagane.monitoring.reference import Baseline
    from hagane.spec.monitoring import Monitoring
    from hagane.workflow.monitor import MonitorReport


def monitor(
    endpoint: str,
    *,
    baseline: Baseline = "training",
    monitoring: Monitoring | None = None,
    num_windows: int = 14,
    workspace: str | Path | None = None,
    progress: Progress | None = None,
) -> MonitorReport:
    """Sum up what is new in an endpoint's request log, and hold its last windows against a baseline.

    `training`: the rows that the answering version was trained on (skew). `previous`: the window before (drift).
    `monitoring` is by default what the spec of the latest model says. `.drifted` names the columns that have moved too
    far, `.windows` has every figure, `.alerts` what stands and what has ended. Raises HaganeError.
    """
    from hagane.workflow.monitor import monitor as run
    from hagane.workspace.workspace import Workspace

    place = Workspace(None if workspace is None else Path(workspace))
    return run(endpoint, workspace=place, baseline=baseline, monitoring=monitoring, num_windows=num_windows,
               progress=progress or SILENT)  # fmt: skip

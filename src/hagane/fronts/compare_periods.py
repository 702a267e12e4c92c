"""`compare_periods`: two stretches of an endpoint's traffic beside each other, in Python."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hagane.progress import SILENT, Progress

if TYPE_CHECKING:
    from hagane.spec.monitoring import Monitoring
    from hagane.workflow.compare_periods import PeriodComparison


def compare_periods(
    endpoint: str,
    period: str,
    against: str,
    *,
    monitoring: Monitoring | None = None,
    workspace: str | Path | None = None,
    progress: Progress | None = None,
) -> PeriodComparison:
    """Hold what came in a period against what came in another, out of what is kept: the log may be gone.

    Periods are written `2026`, `2026-01`, `2026-01-31`, `2026-01-05..2026-01-12` (the end is not part of it) or `7d`,
    in the time zone of the model's spec. `.drifted` names the raw columns that have moved too far, `.period` has every
    figure. Raises HaganeError.
    """
    from hagane.monitoring.period_of import period_of
    from hagane.workflow.compare_periods import compare_periods as run
    from hagane.workflow.monitor import declared_monitoring
    from hagane.workspace.workspace import Workspace

    place = Workspace(None if workspace is None else Path(workspace))
    asked = monitoring or declared_monitoring(endpoint, place)[0]
    sides = [period_of(text, time_zone=asked.time_zone, where=where)
             for text, where in ((period, "period"), (against, "against"))]  # fmt: skip
    return run(endpoint, *sides, workspace=place, monitoring=asked, progress=progress or SILENT)

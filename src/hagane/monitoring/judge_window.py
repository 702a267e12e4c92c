"""`judge_window`: everything that is looked at in one window."""

from __future__ import annotations

from hagane.monitoring.judges import JUDGES, get_judge
from hagane.monitoring.reference import Reference
from hagane.monitoring.window_findings import WindowFindings
from hagane.monitoring.window_summary import WindowSummary
from hagane.spec.monitoring import Monitoring


def judge_window(summary: WindowSummary, reference: Reference, monitoring: Monitoring) -> WindowFindings:
    """By each judge in turn; where nothing came at all, by how much does at that time."""
    judges = ("volume",) if summary.is_silent else tuple(JUDGES)
    found = [finding for name in judges for finding in get_judge(name)(summary, reference, monitoring)]
    return WindowFindings(summary=summary, is_judged=summary.num_rows >= monitoring.min_rows, findings=tuple(found))

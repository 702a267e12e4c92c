"""`all_series`: everything that was looked at in some windows, each thing through all of them."""

from __future__ import annotations

from collections.abc import Sequence

from hagane.monitoring.finding import Finding
from hagane.monitoring.view.series import Series
from hagane.monitoring.window_findings import WindowFindings


def all_series(windows: Sequence[WindowFindings]) -> list[Series]:
    """What is wrong now comes first, then what was, each by how far it is off; ties as they were found."""
    found: dict[str, list[Finding | None]] = {}
    for at, window in enumerate(windows):
        for finding in window.findings:
            found.setdefault(finding.place, [None] * len(windows))[at] = finding
    series = [Series.through(findings) for findings in found.values()]
    return sorted(series, key=lambda each: (not each.is_anomaly, not each.anomalies, -each.excess))

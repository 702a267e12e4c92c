"""`WindowFindings`: one window of one deployed model, and everything that was looked at in it."""

from __future__ import annotations

import msgspec

from hagane.monitoring.finding import Finding
from hagane.monitoring.watched import Subject
from hagane.monitoring.window_summary import WindowSummary


class WindowFindings(msgspec.Struct, frozen=True, kw_only=True):
    """One window of one deployed model."""

    summary: WindowSummary
    is_judged: bool
    """Whether it has the rows that judging wants (`Monitoring.min_rows`)."""
    findings: tuple[Finding, ...]

    def about(self, *subjects: Subject) -> tuple[Finding, ...]:
        """What was found of these."""
        return tuple(finding for finding in self.findings if finding.of in subjects)

    @property
    def anomalies(self) -> tuple[Finding, ...]:
        """What is not as it should be."""
        return tuple(finding for finding in self.findings if finding.is_judged and finding.is_anomaly)

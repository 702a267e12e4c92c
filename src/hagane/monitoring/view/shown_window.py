"""`ShownWindow`: one window of one deployed model, as it is called and how much came in it."""

from __future__ import annotations

import msgspec

from hagane.monitoring.window_findings import WindowFindings


class ShownWindow(msgspec.Struct, frozen=True, kw_only=True):
    """One column of every picture over time."""

    name: str
    """In the time zone of the windows: `2026-11-21`."""
    start: int
    """µs since 1970 UTC, within; `end` is not."""
    end: int
    deployed_model_id: str
    model: str
    """`late@3`."""
    num_rows: int
    """Logged rows."""
    traffic: float
    """Rows of the traffic for which they stand."""
    num_errors: int
    """Rows on which an expression erred."""
    is_judged: bool
    num_findings: int
    """What was looked at."""
    anomalies: tuple[str, ...]
    """Places (`Series.place`) of what is not as it should be, what is farthest off first."""

    @staticmethod
    def of(window: WindowFindings, name: str) -> ShownWindow:
        """Of one window, as it is called."""
        summary = window.summary
        anomalies = sorted(window.anomalies, key=lambda finding: -finding.excess)
        return ShownWindow(
            name=name,
            start=summary.window.start,
            end=summary.window.end,
            deployed_model_id=summary.deployed_model_id,
            model=f"{summary.model}@{summary.version}",
            num_rows=summary.num_rows,
            traffic=summary.traffic,
            num_errors=summary.num_errors,
            is_judged=window.is_judged,
            num_findings=len(window.findings),
            anomalies=tuple(finding.place for finding in anomalies),
        )

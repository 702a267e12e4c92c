"""`MonitorMetrics`: what monitoring has found, for Prometheus."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence

from hagane.monitoring.alert import Alert
from hagane.monitoring.finding import Finding
from hagane.monitoring.window_findings import WindowFindings
from hagane.serving.metrics.exposition import TEXT, Format, exposition
from hagane.serving.metrics.family import Family
from hagane.serving.metrics.read_cells import ProcessCells, Series
from hagane.workflow import monitor_families as families
from hagane.workflow.monitor import MonitorReport

MOST_FINDINGS = 500
"""The farthest from their thresholds: a series each for value, threshold and alert."""
Place = tuple[str, ...]
"""The labels of a finding's series."""


class MonitorMetrics:
    """The last round, and what the last one found that could look; any thread may read.

    >>> metrics = MonitorMetrics("late")
    >>> metrics.round(None, ["the disk is full"], seconds=0.5, now=100.0)
    >>> [line for line in metrics.text().decode().splitlines() if not line.startswith("#")][-1]
    'hagane_monitor_round_faults{endpoint="late"} 1'
    """

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._lock = threading.Lock()
        self._found: tuple[Series, ...] = ()
        self._round: tuple[Series, ...] = ()

    def round(self, report: MonitorReport | None, faults: Sequence[str], *, seconds: float, now: float) -> None:
        """Take in a round that ended at `now` (seconds since 1970); one that failed has no report."""
        told = [(families.ROUND_TIME, now), (families.ROUND_SECONDS, seconds), (families.ROUND_FAULTS, len(faults))]
        last = tuple(self._of_endpoint(family, value) for family, value in told)
        found = (*_found(report), self._of_endpoint(families.SUCCESS_TIME, now)) if report is not None else None
        with self._lock:
            self._round, self._found = last, self._found if found is None else found

    def text(self, form: Format = TEXT) -> bytes:
        """In Prometheus' text format, or in OpenMetrics."""
        with self._lock:
            series = (*self._found, *self._round)
        return exposition([ProcessCells(os.getpid(), True, series)], form, families.MONITOR_FAMILIES)

    def _of_endpoint(self, family: Family, value: float) -> Series:
        return _series(family, (self.endpoint,), value)


def _found(report: MonitorReport) -> Iterator[Series]:
    endpoint = report.endpoint
    latest = _latest(report)
    silent = [window for window in _last_of_each(report.windows).values() if window.summary.is_silent]
    findings = {_place(endpoint, window, each): each for window in (*latest.values(), *silent)
                for each in window.findings if each.is_judged}  # fmt: skip
    still = {_alert_place(alert) for alert in report.alerts if alert.until is None}
    farthest = sorted(findings, key=lambda place: (place not in still, -findings[place].excess, place))
    for place in farthest[:MOST_FINDINGS]:
        yield _series(families.VALUE, place, findings[place].value)
        yield _series(families.THRESHOLD, place, findings[place].threshold)
    for place in [*farthest[:MOST_FINDINGS], *sorted(still - findings.keys())[:MOST_FINDINGS]]:
        yield _series(families.ALERT, place, float(place in still))
    yield _series(families.OPEN_ALERTS, (endpoint,), len(still))
    yield _series(families.LEFT_OUT, (endpoint,), max(0, len(findings) - MOST_FINDINGS))
    for window in _last_of_each(report.windows).values():
        summary = window.summary
        who = (endpoint, summary.model, summary.version)
        yield _series(families.ROWS, who, summary.num_rows)
        yield _series(families.TRAFFIC, who, summary.traffic)
        yield _series(families.ERRORS, who, summary.num_errors)
        yield _series(families.WINDOW_END, who, summary.window.end / 1e6)


def _latest(report: MonitorReport) -> dict[str, WindowFindings]:
    """The latest judged window of each model that still has some: in the last two windows of all."""
    starts = sorted({window.summary.window.start for window in report.windows})[-2:]
    judged = _last_of_each([window for window in report.windows if window.is_judged])
    recent = {window.summary.deployed_model_id for window in report.windows if window.summary.window.start in starts}
    return {model: window for model, window in judged.items() if model in recent}


def _last_of_each(windows: Sequence[WindowFindings]) -> dict[str, WindowFindings]:
    return {window.summary.deployed_model_id: window for window in windows}


def _place(endpoint: str, window: WindowFindings, finding: Finding) -> Place:
    summary = window.summary
    return (endpoint, summary.model, summary.version, finding.of, finding.name, finding.measure, finding.slice)


def _alert_place(alert: Alert) -> Place:
    model, _, version = alert.model.rpartition("@")
    return (alert.endpoint, model, version, alert.of, alert.name, alert.measure, alert.slice)


def _series(family: Family, labels: Place, value: float) -> Series:
    return Series(family.name, tuple(zip(family.labels, labels, strict=True)), (float(value),))

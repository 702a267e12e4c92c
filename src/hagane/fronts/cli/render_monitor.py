"""`render_monitor`: an endpoint's windows, and the columns of the latest, on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from hagane.fronts.cli.new_table import cell, new_table, rest_text, titled
from hagane.monitoring.windows import Windows
from hagane.number_text import brief_text

if TYPE_CHECKING:
    from hagane.monitoring.finding import Finding
    from hagane.monitoring.window_findings import WindowFindings
    from hagane.workflow.monitor import MonitorReport

BARS = "▁▂▃▄▅▆▇█"
MOST_FINDINGS = 20
MOST_NAMES = 3
_BASELINES = {"training": "the rows of training", "previous": "the window before"}


def render_monitor(report: MonitorReport) -> RenderableType:
    """A line a window, then a line a column of the latest that is judged: what moved most comes first."""
    if not report.windows:
        return Text("no windows", "dim")
    asked = report.monitoring
    title = f"{report.endpoint}: {asked.every}s ({asked.time_zone}) against {_BASELINES[report.baseline]}"
    parts = [titled(title, _windows(report), _too_few(report))]
    judged = [window for window in report.windows if window.is_judged and window.findings]
    if judged:
        parts += [Text(""), _findings(judged[-1], report)]
    return Group(*parts)


def _windows(report: MonitorReport) -> Table:
    table = new_table()
    for heading in ("window", "model"):
        table.add_column(heading, no_wrap=True)
    for heading in ("rows", "traffic", "errors", "moved"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("too far")
    with_quality = any(window.summary.expected for window in report.windows)
    if with_quality:
        table.add_column("expected accuracy", justify="right", no_wrap=True)
    for window in report.windows:
        summary = window.summary
        anomalies = sorted(window.anomalies, key=lambda finding: finding.excess, reverse=True)
        names = [_title(finding) for finding in anomalies]
        more = rest_text(len(names) - MOST_NAMES, "columns")
        counts = (f"{summary.num_rows:,}", f"{summary.traffic:,.0f}", f"{summary.num_errors:,}")
        moved = f"{len(names)} of {len(window.findings)}" if window.is_judged and window.findings else "—"
        far = cell(", ".join([*names[:MOST_NAMES], *([more] if more else [])]), 60)
        far.stylize("bold red")
        model = cell(f"{summary.model}@{summary.version}", 30)
        quality = [_quality(window)] if with_quality else []
        table.add_row(_when(window, report), model, *counts, moved, far, *quality)
    return table


def _quality(window: WindowFindings) -> str:
    expected = window.summary.expected
    found = expected.metrics().get("accuracy") if expected else None
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})" if found else ""


def _findings(window: WindowFindings, report: MonitorReport) -> RenderableType:
    title = f"columns of {_when(window, report)}"
    shown = sorted(window.findings, key=lambda finding: finding.excess, reverse=True)[:MOST_FINDINGS]
    table = new_table()
    table.add_column("column", style="bold")
    table.add_column("measure")
    for heading in ("value", "threshold"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("change", min_width=18)
    table.add_column("windows", no_wrap=True)
    for finding in shown:
        style = "bold red" if finding.is_anomaly else ""
        value = Text(brief_text(finding.value), style)
        measure, line = finding.measure.lower().replace("_", " "), _timeline(finding.place, report.windows)
        table.add_row(cell(_title(finding), 30), measure, value, f"{finding.threshold:g}", cell(finding.change, 50),
                      line)  # fmt: skip
    return titled(title, table, rest_text(len(window.findings) - len(shown), "columns"))


def _title(finding: Finding) -> str:
    return finding.name if finding.of == "input" else f"{finding.of} {finding.name}"


def _timeline(place: str, windows: Sequence[WindowFindings]) -> Text:
    """A bar a window, half as high as it can be at the threshold; a dot for one that is not judged."""
    line = Text()
    for window in windows:
        found = [finding for finding in window.findings if finding.place == place]
        if not found or not found[0].is_judged:
            line.append("·", "dim")
            continue
        share = min(found[0].excess / 2, 1.0)
        line.append(BARS[min(int(share * len(BARS)), len(BARS) - 1)], "red" if found[0].is_anomaly else "green")
    return line


def _when(window: WindowFindings, report: MonitorReport) -> str:
    return Windows(report.monitoring.every, report.monitoring.time_zone).text(window.summary.window)


def _too_few(report: MonitorReport) -> str:
    few = sum(not window.is_judged for window in report.windows)
    least = report.monitoring.min_rows
    return f"of fewer than {least:,} rows, and judged by nothing: {few} of {len(report.windows)}" if few else ""

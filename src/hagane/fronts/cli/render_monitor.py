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
    from hagane.monitoring.window_drift import ColumnDrift, WindowDrift
    from hagane.workflow.monitor import MonitorReport

BARS = "▁▂▃▄▅▆▇█"
MOST_COLUMNS = 20
MOST_NAMES = 3
_BASELINES = {"training": "the rows of training", "previous": "the window before"}


def render_monitor(report: MonitorReport) -> RenderableType:
    """A line a window, then a line a column of the latest that is judged: what moved most comes first."""
    if not report.windows:
        return Text("no windows", "dim")
    asked = report.monitoring
    title = f"{report.endpoint}: {asked.every}s ({asked.time_zone}) against {_BASELINES[report.baseline]}"
    parts = [titled(title, _windows(report), _too_few(report))]
    judged = [window for window in report.windows if window.is_judged and window.columns]
    if judged:
        parts += [Text(""), _columns(judged[-1], report)]
    answers = [window for window in report.predictions if window.is_judged and window.columns]
    if answers:
        lines = _column_table(answers[-1].columns, report.predictions)
        parts += [Text(""), titled(f"answers of {_when(answers[-1], report)} against the window before", lines)]
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
        names = [column.drift.input for column in sorted(window.drifted, key=_excess, reverse=True)]
        more = rest_text(len(names) - MOST_NAMES, "columns")
        counts = (f"{summary.num_rows:,}", f"{summary.traffic:,.0f}", f"{summary.num_errors:,}")
        moved = f"{len(names)} of {len(window.columns)}" if window.is_judged and window.columns else "—"
        far = cell(", ".join([*names[:MOST_NAMES], *([more] if more else [])]), 60)
        far.stylize("bold red")
        model = cell(f"{summary.model}@{summary.version}", 30)
        quality = [_quality(window)] if with_quality else []
        table.add_row(_when(window, report), model, *counts, moved, far, *quality)
    return table


def _quality(window: WindowDrift) -> str:
    expected = window.summary.expected
    found = expected.metrics().get("accuracy") if expected else None
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})" if found else ""


def _columns(window: WindowDrift, report: MonitorReport) -> RenderableType:
    title = f"columns of {_when(window, report)}"
    shown = sorted(window.columns, key=_excess, reverse=True)[:MOST_COLUMNS]
    table = _column_table(shown, report.windows)
    return titled(title, table, rest_text(len(window.columns) - len(shown), "columns"))


def _column_table(columns: Sequence[ColumnDrift], windows: Sequence[WindowDrift]) -> Table:
    table = new_table()
    table.add_column("column", style="bold", no_wrap=True)
    for heading in ("measure", "value", "threshold"):
        table.add_column(heading, justify="left" if heading == "measure" else "right", no_wrap=True)
    table.add_column("change")
    table.add_column("windows", no_wrap=True)
    for column in columns:
        drift = column.drift
        style = "bold red" if drift.is_anomaly else ""
        value = Text(brief_text(drift.value), style)
        table.add_row(cell(drift.input, 30), drift.metric.lower().replace("_", " "), value, f"{drift.threshold:g}",
                      cell(column.change, 50), _timeline(drift.input, drift.threshold, windows))  # fmt: skip
    return table


def _timeline(name: str, threshold: float, windows: Sequence[WindowDrift]) -> Text:
    """A bar a window, half as high as it can be at the threshold; a dot for one that is not judged."""
    line = Text()
    for window in windows:
        found = [column.drift for column in window.columns if column.drift.input == name]
        if not found or not window.is_judged:
            line.append("·", "dim")
            continue
        share = min(found[0].value / (2 * threshold), 1.0)
        line.append(BARS[min(int(share * len(BARS)), len(BARS) - 1)], "red" if found[0].is_anomaly else "green")
    return line


def _excess(column: ColumnDrift) -> float:
    return column.drift.value / column.drift.threshold


def _when(window: WindowDrift, report: MonitorReport) -> str:
    return Windows(report.monitoring.every, report.monitoring.time_zone).text(window.summary.window)


def _too_few(report: MonitorReport) -> str:
    few = sum(not window.is_judged for window in report.windows)
    least = report.monitoring.min_rows
    return f"of fewer than {least:,} rows, and judged by nothing: {few} of {len(report.windows)}" if few else ""

"""`render_periods`: two periods of an endpoint's traffic beside each other, on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from hagane.counted import counted
from hagane.fronts.cli.new_table import cell, new_table, rest_text, titled
from hagane.monitoring.view.measure_text import measure_text
from hagane.monitoring.windows import Window, Windows
from hagane.number_text import brief_text

if TYPE_CHECKING:
    from hagane.monitoring.finding import Finding
    from hagane.monitoring.window_summary import WindowSummary
    from hagane.workflow.compare_periods import PeriodComparison

MOST_FINDINGS = 30
MOST_MODELS = 3


def render_periods(comparison: PeriodComparison) -> RenderableType:
    """What came in each, then a line for each thing that was looked at: what moved most comes first."""
    period = comparison.period
    title = f"{comparison.endpoint}: one period against another ({comparison.monitoring.time_zone})"
    sides = titled(title, _sides(comparison))
    if not period.is_judged:
        few = f"fewer than {comparison.monitoring.min_rows:,} rows: judged by nothing"
        return Group(sides, Text(""), Text(few, "dim"))
    if not period.findings:
        return Group(sides, Text(""), Text("they have no column in common that can be compared", "dim"))
    moved = len({(finding.of, finding.name) for finding in period.anomalies})
    found = sorted(period.findings, key=lambda finding: finding.excess, reverse=True)
    rest = rest_text(len(found) - MOST_FINDINGS, "figures")
    heading = f"{counted(moved, 'thing')} too far" if moved else "nothing is too far"
    return Group(sides, Text(""), titled(heading, _findings(found[:MOST_FINDINGS]), rest))


def _sides(comparison: PeriodComparison) -> Table:
    table = new_table()
    for heading in ("", "from", "to", "model"):
        table.add_column(heading, no_wrap=True)
    for heading in ("rows", "traffic", "errors"):
        table.add_column(heading, justify="right", no_wrap=True)
    zone = comparison.monitoring.time_zone
    new = (comparison.period.summary, comparison.models)
    for name, (summary, models) in (("period", new), ("against", (comparison.against, comparison.against_models))):
        table.add_row(name, *_ends(summary, zone), _models(models), f"{summary.num_rows:,}", f"{summary.traffic:,.0f}",
                      f"{summary.num_errors:,}")  # fmt: skip
    return table


def _ends(summary: WindowSummary, zone: str) -> tuple[str, ...]:
    """Days where both ends are one's, else hours."""
    window = summary.window
    days = Windows("day", zone)
    is_days = all(days.of(moment).start == moment for moment in (window.start, window.end))
    shown = days if is_days else Windows("hour", zone)
    return tuple(shown.text(Window(moment, moment + 1)) for moment in (window.start, window.end))


def _models(models: Sequence[str]) -> Text:
    more = rest_text(len(models) - MOST_MODELS, "versions")
    return cell(", ".join([*models[:MOST_MODELS], *([more] if more else [])]), 40)


def _findings(found: Sequence[Finding]) -> Table:
    table = new_table()
    table.add_column("column", style="bold")
    table.add_column("measure")
    for heading in ("value", "threshold"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("change", min_width=18)
    for finding in found:
        name = finding.name if finding.of == "input" else f"{finding.of} {finding.name}"
        value = Text(brief_text(finding.value), "bold red" if finding.is_anomaly else "")
        table.add_row(cell(name, 30), measure_text(finding.measure, is_short=True), value, f"{finding.threshold:g}",
                      cell(finding.change, 50))  # fmt: skip
    return table

"""`render_anomalies`: where a table departs from its schema, in 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from hagane.fronts.cli.new_table import cell, new_table
from hagane.fronts.cli.short_text import short_text
from hagane.number_text import share_text

if TYPE_CHECKING:
    from hagane.anomalies.anomaly_report import AnomalyReport, Example, Finding

MARKS = {"error": ("✗", "red"), "warning": ("!", "yellow")}
COLUMN_WIDTH = 22
EXAMPLES_WIDTH = 76
SHOWN_EXAMPLES = 3
UNLISTED, MAX_UNLISTED = "extra_columns", 20


def render_anomalies(report: AnomalyReport) -> RenderableType:
    """One line a finding (column, rule, rows, share), then each in a sentence with its examples."""
    heading = Text(report.summary(), "bold")
    if not report.findings:
        return Text.assemble(("✓ ", "green"), heading)
    table = new_table()
    table.add_column("", no_wrap=True)
    table.add_column("column", style="bold", no_wrap=True)
    table.add_column("rule", style="cyan", no_wrap=True)
    table.add_column("rows", justify="right", no_wrap=True)
    table.add_column("share", justify="right", no_wrap=True)
    for finding in report.findings:
        mark, style = MARKS[finding.severity]
        rows = f"{finding.num_rows:,}" if finding.num_rows else ""
        share = share_text(finding.fraction) if finding.num_rows else ""
        table.add_row(Text(mark, style), cell(finding.column, COLUMN_WIDTH), cell(finding.rule, 24), rows, share)
    told = [line for finding in report.findings if finding.rule != UNLISTED for line in _told(finding)]
    unlisted = [finding for finding in report.findings if finding.rule == UNLISTED]
    return Group(heading, Text(""), table, *told, *(_unlisted(unlisted) if unlisted else ()))


def _unlisted(findings: Sequence[Finding]) -> Iterator[RenderableType]:
    """Columns that the schema does not list, in one sentence."""
    mark, style = MARKS[findings[0].severity]
    names = ", ".join(short_text(repr(finding.column), 40) for finding in findings[:MAX_UNLISTED])
    rest = len(findings) - MAX_UNLISTED
    noun = "column" if len(findings) == 1 else "columns"
    yield Text("")
    yield Text.assemble(
        (f"{mark} ", style), f"the schema has no {noun} {names}", f" and {rest} more" if rest > 0 else ""
    )
    step = f"add {'it' if len(findings) == 1 else 'them'} to the schema, or write there: extra_columns: allow"
    yield Text.assemble(("  next ", "dim"), step)


def _told(finding: Finding) -> Iterator[RenderableType]:
    mark, style = MARKS[finding.severity]
    yield Text("")
    yield Text.assemble((f"{mark} ", style), short_text(finding.what, 400))
    if finding.expected:
        yield Text.assemble(("  expected ", "dim"), short_text(finding.expected, 200))
    if finding.nearest:
        yield Text.assemble(("  did you mean ", "dim"), (short_text(finding.nearest, 60), "green"), ("?", "dim"))
    for example in finding.examples[:SHOWN_EXAMPLES]:
        yield _example(example)
    if len(finding.examples) > SHOWN_EXAMPLES:
        yield Text("  …", "dim")


def _example(example: Example) -> Text:
    text = Text("  ")
    if example.value is not None:
        text.append(f"{short_text(example.value, 40)}", "yellow").append("  ")
    times = f"{example.count:,} times, first in " if example.count > 1 else ""
    text.append(f"{times}{example.where}", "dim")
    if example.nearest:
        text.append("  did you mean ", "dim").append(short_text(example.nearest, 30), "green").append("?", "dim")
    return text

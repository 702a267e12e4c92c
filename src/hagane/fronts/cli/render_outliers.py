"""`render_outliers`: how many rows are outliers, by what, and the oddest of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from hagane.counted import counted
from hagane.fronts.cli.new_table import cell, new_table
from hagane.fronts.cli.short_text import short_text
from hagane.number_text import figure_text, share_text

if TYPE_CHECKING:
    from hagane.anomalies.outlier_report import OutlierReport, OutlierRow

VALUE_WIDTH = 24


def render_outliers(report: OutlierReport, *, title: str = "outliers") -> RenderableType:
    """A line a rule, then the examples with the values that made them odd."""
    share = f", {share_text(report.fraction)}" if report.num_outliers else ""
    heading = Text.assemble(
        (f"{title}: ", "bold"), (f"{report.num_outliers:,} of {counted(report.num_rows, 'row')}{share}", "bold")
    )
    table = new_table()
    table.add_column("found by", style="cyan", no_wrap=True)
    table.add_column("rows", justify="right", no_wrap=True)
    for rule, count in report.rules.items():
        name = f"{rule} > {figure_text(report.threshold)}" if rule == "isolation_score" else rule
        table.add_row(cell(name, 40), f"{count:,}")
    lines: list[RenderableType] = [heading, Text(""), table]
    if report.examples:
        lines += [Text(""), _examples(report)]
    lines += [Text.assemble(("! ", "yellow"), note) for note in report.notes]
    if report.path:
        lines += [Text(""), Text(f"all of them: {report.path}", "dim", no_wrap=True, overflow="ignore")]
    return Group(*lines)


def _examples(report: OutlierReport) -> RenderableType:
    table = new_table()
    table.add_column("row", style="bold", overflow="fold")
    has_scores = report.threshold is not None
    if has_scores:
        table.add_column("score", justify="right", no_wrap=True)
    table.add_column("what is odd", overflow="fold")
    for row in report.examples:
        score = [Text(figure_text(row.score), "yellow")] if has_scores else []
        table.add_row(Text(row.where), *score, _oddities(row))
    return table


def _oddities(row: OutlierRow) -> Text:
    """Each column to blame with its value, and the rules that found the row."""
    text = Text()
    for name, value in row.values.items():
        text.append("  " if text else "").append(f"{short_text(name, VALUE_WIDTH)} ", "dim")
        text.append(short_text(value, VALUE_WIDTH))
    rules = [rule for rule in row.rules if rule != "isolation_score"]
    return text.append("  " if text else "").append(", ".join(rules), "cyan") if rules else text

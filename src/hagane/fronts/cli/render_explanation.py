"""`render_explanation`: what matters to a model, for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.table import Table

from hagane.counted import counted
from hagane.fronts.cli.fit_width import FitWidth
from hagane.fronts.cli.new_table import cell, new_table, rest_text, titled
from hagane.number_text import brief_text, figure_text

if TYPE_CHECKING:
    from hagane.workflow.explain import ExplainSummary

MAX_COLUMNS = 20
BAR_WIDTH = 24
SPACES = {"raw": "log odds, or what stands for them before the output", "output": "what is predicted"}


def render_explanation(summary: ExplainSummary) -> RenderableType:
    """The columns that matter most, a line each."""
    shown = list(summary.attributions)[:MAX_COLUMNS]
    table = FitWidth(lambda width: _table(summary, shown, max(width - BAR_WIDTH - 26, 10)))
    rest = rest_text(len(summary.attributions) - len(shown), "columns")
    meaning = f"mean |attribution| over {counted(summary.num_rows, 'row')}, by {summary.method.replace('_', ' ')}, of "
    meaning += SPACES[summary.space]
    error = f"largest approximation error: {brief_text(summary.largest_error)}"
    return titled("what matters", table, rest, meaning, error)


def _table(summary: ExplainSummary, shown: list[str], name_width: int) -> Table:
    table = new_table()
    table.add_column("column", style="bold", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("attribution", justify="right", no_wrap=True)
    told = summary.permutation
    if told is not None:
        table.add_column(f"{told.loss} when shuffled", justify="right", no_wrap=True)
    most = max(summary.attributions.values(), default=0.0) or 1.0
    for name in shown:
        value = summary.attributions[name]
        figures = [figure_text(value), *([figure_text(told.increases[name])] if told is not None else [])]
        table.add_row(cell(name, name_width), "━" * round(BAR_WIDTH * value / most), *figures)
    return table

"""`render_automl`: what an AutoML run tried, why it chose, and what came out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.syntax import Syntax
from rich.text import Text

from hagane.evaluation.metric_info import metric_info
from hagane.fronts.cli.fit_width import FitWidth
from hagane.fronts.cli.new_table import cell, new_table, rest_text, titled
from hagane.fronts.cli.render_training import render_training
from hagane.fronts.cli.stage_text import seconds_text
from hagane.number_text import brief_text, share_text
from hagane.spec.write_brief_yaml import write_brief_yaml
from hagane.tuning.leaderboard import LeaderboardRow, has_serving_costs
from hagane.tuning.report.automl_cards import bytes_text, with_error
from hagane.tuning.states_text import STATES

if TYPE_CHECKING:
    from hagane.workflow.automl_result import AutoMlResult

MOST_ROWS = 20
WIDE, WIDEST = 90, 110
"""From so many columns on there is room for how far a model is behind; for what it takes to serve."""


def render_automl(result: AutoMlResult) -> RenderableType:
    """Leaderboard, reasons, the spec, then the model as `hagane train` shows it."""
    return Group(*_parts(result))


def _parts(result: AutoMlResult) -> Iterator[RenderableType]:
    yield FitWidth(lambda width: _leaderboard(result, width))
    yield Text("")
    yield Text("why this model", "bold")
    yield from (Text(f"· {reason}") for reason in result.because)
    if result.dropped:
        yield Text(f"· left out as leaks: {', '.join(result.dropped)}", "yellow")
    yield Text(f"  {_time_text(result)}", "dim")
    yield Text("")
    yield Text("the spec, as a person would have written it", "bold")
    spec = Syntax("", "yaml", theme="ansi_dark", background_color="default").highlight(write_brief_yaml(result.spec))
    spec.rstrip()
    spec.no_wrap, spec.overflow = True, "ignore"  # lines stay whole, to be copied
    yield spec
    yield Text("")
    yield render_training(result.trained)
    row = f"{brief_text(result.row_milliseconds, 2)} ms a row, " if result.row_milliseconds is not None else ""
    yield Text(f"serves with {row}{bytes_text(result.bundle_bytes)}", "dim")


def _leaderboard(result: AutoMlResult, width: int) -> RenderableType:
    title, rows = metric_info(result.objective.metric).title, result.leaderboard
    serving = has_serving_costs(rows) and width >= WIDEST
    table = new_table()
    table.add_column("model", no_wrap=True, style="bold")
    table.add_column(f"{title} (eval)", justify="right", no_wrap=True)
    if width >= WIDE:
        table.add_column("behind the best", justify="right", no_wrap=True)
    for heading in ("share", "seconds", *(["ms a row", "graph"] if serving else [])):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows[:MOST_ROWS]:
        table.add_row(*_cells(row, width, serving), style=None if row.value is not None else "dim")
    more = rest_text(len(rows) - MOST_ROWS, "models")
    return titled(f"tried: {len(rows)}", table, more, *_reasons(rows))


def _cells(row: LeaderboardRow, width: int, serving: bool) -> list[Text]:
    value = Text(with_error(row.value, row.error) if row.value is not None else STATES[row.state])
    cells = [cell(row.name, max(20, width - (66 if serving else 60 if width >= WIDE else 42))), value]
    if width >= WIDE:
        cells.append(Text(with_error(row.behind, row.behind_error) if row.behind else "–"))
    cells += [Text(share_text(row.share), "green" if row.share else ""), Text(f"{row.seconds:.1f}")]
    if serving:
        cells += [Text(brief_text(row.row_milliseconds, 2)), Text(bytes_text(row.graph_bytes))]
    return cells


def _reasons(rows: Sequence[LeaderboardRow]) -> Iterator[str]:
    """Why what failed did."""
    yield from (f"{row.name}: {row.reason}" for row in rows if row.reason)


def _time_text(result: AutoMlResult) -> str:
    steps = ", ".join(f"{step.step} {seconds_text(step.seconds)}" for step in result.steps)
    return f"{seconds_text(result.duration_seconds)} of {seconds_text(result.budget_seconds)}: {steps}"

"""`render_replay`: what came of asking logged requests again, on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from hagane.fronts.cli.new_table import cell, new_table
from hagane.number_text import brief_text

if TYPE_CHECKING:
    from hagane.monitoring.window_replay import WindowReplay
    from hagane.workflow.replay import ReplayReport


def render_replay(report: ReplayReport) -> RenderableType:
    """A line a deployed model."""
    table = new_table()
    table.add_column("model", style="bold", no_wrap=True)
    for heading in ("rows", "features differ", "answers differ", "largest difference"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    for each in report.models:
        replay = each.replay
        counts = [_count(number) for number in (replay.num_features_differ, replay.num_answers_differ)]
        largest = brief_text(replay.largest_difference)
        table.add_row(cell(each.model, 30), f"{replay.num_rows:,}", *counts, largest, cell(_told(replay), 60))
    return table


def _count(number: int) -> Text:
    return Text(f"{number:,}", "bold red" if number else "")


def _told(replay: WindowReplay) -> str:
    if replay.reason:
        return f"not asked again: {replay.reason}"
    if replay.request_ids:
        return f"requests {', '.join(replay.request_ids)}"
    return "equal to the bit" if replay.is_same_build else "answered by another build of the runtime"

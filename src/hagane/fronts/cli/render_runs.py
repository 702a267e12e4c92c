"""`render_runs`: the trainings that can go on."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from hagane.fronts.cli.new_table import cell, new_table
from hagane.fronts.cli.render_cache import size_text
from hagane.number_text import MISSING
from hagane.workspace.interrupted_runs import InterruptedRun
from hagane.workspace.run_releases import run_releases

ID_LENGTH = 8
"""Of an id as shown: enough to name a run by."""
UNITS = (("days", 86_400), ("h", 3_600), ("min", 60))


def render_runs(runs: Sequence[InterruptedRun]) -> RenderableType:
    """One line a run."""
    if not runs:
        return Text("no interrupted trainings", "dim")
    table = new_table()
    table.add_column("run", style="bold", no_wrap=True)
    for heading in ("model", "type"):
        table.add_column(heading, no_wrap=True)
    for heading in ("step", "size", "saved"):
        table.add_column(heading, justify="right", no_wrap=True)
    shown = _short_ids(runs)
    for run in runs:
        about = run.about
        table.add_row(
            shown[run.id],
            cell(about.name if about else "?", 16),
            cell(about.model_type if about else "?", 22),
            f"{run.step:,}" if run.step else "–",
            size_text(run.num_bytes),
            Text("running", "green") if run.is_running else _saved_text(run),
        )
    return Group(table, *(Text(_release_text(shown[run.id], run), "dim") for run in runs if not run.can_go_on))


def _saved_text(run: InterruptedRun) -> str:
    return MISSING if run.age_seconds is None else f"{age_text(run.age_seconds)} ago"


def _release_text(name: str, run: InterruptedRun) -> str:
    by = run.about.releases if run.about and run.about.releases else "another release"
    return f"{name} was begun by {by}, and cannot go on here ({run_releases()})"


def age_text(seconds: float) -> str:
    """How long ago, in the largest unit of which there are two.

    >>> [age_text(seconds) for seconds in (3.2, 150, 7_300, 400_000)]
    ['3 s', '2 min', '2 h', '4 days']
    """
    unit, size = next((each for each in UNITS if seconds >= 2 * each[1]), ("s", 1))
    return f"{int(seconds // size)} {unit}"


def _short_ids(runs: Sequence[InterruptedRun]) -> dict[str, str]:
    """Each id's beginning where that names it, else the whole."""
    begins = [run.id[:ID_LENGTH] for run in runs]
    return {run.id: begin if begins.count(begin) == 1 else run.id for run, begin in zip(runs, begins, strict=True)}

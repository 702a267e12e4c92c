"""`trial_table`: trials in rows, as many of their columns as the terminal has room for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.text import Text

from hagane.counted import counted
from hagane.fronts.cli.new_table import new_table
from hagane.fronts.cli.short_text import short_text
from hagane.tuning.trial import TrialState

GAP = 2
WIDEST = 18
"""Of a column."""
FIRST_PARAMETERS = 2
"""So many are shown before iterations and columns are."""
LOOKS = {
    TrialState.REQUESTED: "dim",
    TrialState.ACTIVE: "cyan",
    TrialState.SUCCEEDED: "green",
    TrialState.STOPPED: "dim",
    TrialState.INFEASIBLE: "yellow",
    TrialState.FAILED: "red",
}
WORDS = {
    TrialState.REQUESTED: "waiting",
    TrialState.ACTIVE: "running",
    TrialState.SUCCEEDED: "done",
    TrialState.STOPPED: "stopped",
    TrialState.INFEASIBLE: "infeasible",
    TrialState.FAILED: "failed",
}


@dataclass(frozen=True, kw_only=True)
class TrialRow:
    """One trial, its figures as texts."""

    number: int
    state: TrialState
    values: tuple[str, ...]
    """One an objective."""
    parameters: Mapping[str, str]
    iterations: str = ""
    seconds: str = ""
    cached: str = ""
    is_best: bool = False


@dataclass(frozen=True, kw_only=True)
class _Column:
    heading: str
    cells: list[str]
    rank: int
    """The lower, the longer it stays where there is little room."""
    is_figure: bool = True
    width: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "width", min(WIDEST, max(map(cell_len, [self.heading, *self.cells]))))


def trial_table(
    rows: Sequence[TrialRow], *, metrics: Sequence[str], names: Mapping[str, str], width: int
) -> RenderableType:
    """A line a trial, and below how many hyperparameters there was no room for.

    `names` are the hyperparameters in which trials differ, the most important first, with what they are called here.
    """
    columns = _columns(rows, metrics, names)
    shown = _fitting(columns, width)
    table = new_table()
    for column in shown:
        right = "right" if column.is_figure else "left"
        table.add_column(short_text(column.heading, column.width), justify=right, no_wrap=True)  # type: ignore[arg-type]
    for at, row in enumerate(rows):
        look = "bold" if row.is_best else "dim" if row.state is TrialState.STOPPED else ""
        cells = [_cell(column, at, row) for column in shown]
        table.add_row(*cells, style=look)
    left_out = sum(column.heading in names.values() for column in columns if column not in shown)
    note = f"and {counted(left_out, 'hyperparameter')} more: a wider terminal shows them" if left_out else ""
    return Group(table, Text(short_text(note, width), "dim")) if note else table


def _cell(column: _Column, at: int, row: TrialRow) -> Text:
    look = LOOKS[row.state] if column.heading == "state" else ""
    return Text(short_text(column.cells[at], column.width), look)


def _columns(rows: Sequence[TrialRow], metrics: Sequence[str], names: Mapping[str, str]) -> list[_Column]:
    """In the order in which they stand; ranks say which are left out first."""
    columns = [
        _Column(heading="trial", cells=[f"{row.number}{'*' if row.is_best else ' '}" for row in rows], rank=0),
        _Column(heading="state", cells=[WORDS[row.state] for row in rows], rank=1, is_figure=False),
    ]
    columns += [_Column(heading=metric, cells=[row.values[at] for row in rows], rank=0 if at == 0 else 3)
                for at, metric in enumerate(metrics)]  # fmt: skip
    columns += [
        _Column(heading=shown, cells=[row.parameters.get(name, "") for row in rows],
                rank=2 + at if at < FIRST_PARAMETERS else 20 + at)
        for at, (name, shown) in enumerate(names.items())
    ]  # fmt: skip
    kept = (("iterations", [row.iterations for row in rows], 11), ("time", [row.seconds for row in rows], 10),
            ("cached", [row.cached for row in rows], 12))  # fmt: skip
    columns += [_Column(heading=heading, cells=cells, rank=rank) for heading, cells, rank in kept if any(cells)]
    return columns


def _fitting(columns: Sequence[_Column], width: int) -> list[_Column]:
    room, kept = width + GAP, []
    for column in sorted(columns, key=lambda each: each.rank):
        if column.width + GAP > room and column.rank:
            continue
        room -= column.width + GAP
        kept.append(column)
    return [column for column in columns if column in kept]

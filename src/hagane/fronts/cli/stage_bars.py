"""`StageBars`: the running stages of a work, a line each, as wide as the terminal and no wider."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.progress import Progress, SpinnerColumn, Task
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from hagane.fronts.cli.short_text import short_text
from hagane.fronts.cli.stage_text import count_text, left_text, rate_text

if TYPE_CHECKING:
    from hagane.fronts.cli.progress import RichPhase

WIDEST_BAR, NARROWEST_BAR = 24, 6
KEPT_FREE = 6
"""Columns: spinner, three gaps, and the `^C` that a terminal echoes: on the next line it would stay there."""


class StageBars(Progress):
    """Rich's live display; each task's field `stage` is the `RichPhase` that it shows.

    What a line says gives way in an order of its own where the terminal is narrow: first the bar shrinks, then the
    lowest loss, the speed and the bar are left out, at last the line is cut.
    """

    def __init__(self, console: Console) -> None:
        super().__init__(console=console, transient=True, refresh_per_second=10)
        self._spinner = SpinnerColumn()

    def make_tasks_table(self, tasks: Iterable[Task]) -> Table:
        """One line a stage."""
        table = Table.grid()
        table.add_row(Group(*(self._line(task) for task in tasks if task.visible)))
        return table

    def _line(self, task: Task) -> RenderableType:
        stage: RichPhase = task.fields["stage"]
        room = self.console.width - KEPT_FREE
        before, after = _longest_that_fits(_variants(task, stage), room - NARROWEST_BAR)
        width = room - cell_len(before) - cell_len(after)
        row: list[RenderableType] = [self._spinner.render(task), Text(f" {before} ")]
        if width >= NARROWEST_BAR:
            row.append(_bar(task, min(width, WIDEST_BAR)))
            row.append(Text(" "))
        grid = Table.grid()
        for _ in row:
            grid.add_column(no_wrap=True)
        grid.add_column(no_wrap=True, overflow="ellipsis")
        grid.add_row(*row, Text(after, "cyan"))
        return grid


def _bar(task: Task, width: int) -> ProgressBar:
    is_unknown = task.total is None or not task.started
    return ProgressBar(
        total=None if is_unknown else max(0, task.total or 0),
        completed=max(0, task.completed),
        width=width,
        pulse=is_unknown,
        animation_time=task.get_time(),
    )


def _variants(task: Task, stage: RichPhase) -> Iterator[tuple[str, str]]:
    """What stands before and behind the bar, from the fullest to the shortest."""
    share = f"{task.percentage:.0f} %" if task.total else count_text(task.completed)
    speed = rate_text(task.speed, stage.unit) if task.speed else ""
    left = left_text(stage.seconds_left(stage.progress.clock()), at_most=stage.at_most)
    figures, brief = stage.figures_text(), stage.figures_text(brief=True)
    short = left.removesuffix(" left")
    for parts in (
        [share, speed, left, figures],
        [share, speed, left, brief],
        [share, speed, short, brief],
        [share, short, brief],
    ):
        yield stage.title, "  ".join(filter(None, parts))


def _longest_that_fits(variants: Iterator[tuple[str, str]], room: int) -> tuple[str, str]:
    last = ("", "")
    for last in variants:
        if sum(map(cell_len, last)) <= room:
            return last
    whole = max(room + NARROWEST_BAR, 1)
    before = short_text(last[0], whole)
    rest = whole - cell_len(before)
    return before, short_text(last[1], rest) if rest > 0 else ""

"""`RichProgress`: the work's stages on a terminal as bars, elsewhere as one line a stage."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from hagane.counted import counted
from hagane.progress.events import Event, Warned


class RichProgress:
    """Implements `hagane.progress.Progress` on a Rich console.

    On a terminal each running stage is a bar with its speed, the time left and its figures (loss, eval_loss), and
    leaves a line behind when it ends. Elsewhere there are only those lines, without control codes.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self._live: Progress | None = None
        self._running = 0

    def phase(
        self,
        name: str,
        *,
        total: float | None = None,
        unit: str = "rows",
        at_most: bool = False,
        completed: float = 0.0,
    ) -> RichPhase:
        """Begin a stage; see `hagane.progress.Progress`."""
        return RichPhase(self, name, total, unit)

    def note(self, text: str) -> None:
        """Say one line to the user."""
        self.console.print(Text.assemble(("note: ", "yellow"), text), soft_wrap=not self.console.is_terminal)

    def tell(self, event: Event) -> None:
        """Show what is not to be overlooked."""
        if isinstance(event, Warned):
            text = Text.assemble(("warning: ", "bold yellow"), event.text)
            self.console.print(text, soft_wrap=not self.console.is_terminal)

    def stop(self) -> None:
        """Take every bar off the terminal; nothing is left half-drawn."""
        if self._live:
            self._live.stop()
        self._live, self._running = None, 0

    def begin(self, name: str, total: float | None, unit: str) -> TaskID | None:
        """Show a bar, where bars can be shown."""
        if not self.console.is_terminal:
            return None
        if self._live is None:
            self._live = Progress(*COLUMNS, console=self.console, transient=True, refresh_per_second=10)
            self._live.start()
        self._running += 1
        return self._live.add_task(name, total=total, unit=unit, figures="")

    def update(self, task: TaskID | None, completed: float, figures: dict[str, float]) -> None:
        """Move a bar."""
        if self._live and task is not None:
            self._live.update(task, completed=completed, figures=figures_text(figures))

    def end(self, task: TaskID | None, line: Text | None) -> None:
        """Remove a bar, and leave its line."""
        if self._live and task is not None:
            self._live.remove_task(task)
            self._running -= 1
            if not self._running:
                self.stop()
        if line is not None:
            self.console.print(line, soft_wrap=not self.console.is_terminal)


class RichPhase:
    """One stage of a `RichProgress`."""

    def __init__(self, progress: RichProgress, name: str, total: float | None, unit: str) -> None:
        self.progress, self.name, self.total, self.unit = progress, name, total, unit
        self.completed = 0.0
        self.figures: dict[str, float] = {}
        self.began = time.monotonic()
        self.task: TaskID | None = None

    def __enter__(self) -> Self:
        self.began = time.monotonic()
        self.task = self.progress.begin(self.name, self.total, self.unit)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.progress.end(self.task, self.line(time.monotonic() - self.began) if error is None else None)

    def advance(self, amount: float = 1, **figures: float) -> None:
        """`amount` more units are done; `figures` are shown beside the bar."""
        self.completed += amount
        self.figures |= figures
        self.progress.update(self.task, self.completed, self.figures)

    def line(self, seconds: float) -> Text:
        """What the stage did, in one line: its figures where it has any, else its speed."""
        done = f"  {counted(round(self.completed), self.unit.removesuffix('s'))}" if self.completed else ""
        speed = f"  {rate_text(self.completed / seconds, self.unit)}" if self.completed and seconds >= 0.1 else ""
        text = Text.assemble(("✓ ", "green"), f"{self.name:<18}", done, ("  " + seconds_text(seconds), "dim"))
        return text.append(f"  {figures_text(self.figures)}", "cyan") if self.figures else text.append(speed, "dim")


class _Speed(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(rate_text(task.speed, task.fields["unit"]) if task.speed else "", "dim")


class _Done(ProgressColumn):
    """Per cent of a known total, else the count."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.percentage:>3.0f}%" if task.total else count_text(task.completed))


COLUMNS = (
    SpinnerColumn(),
    TextColumn("{task.description}"),
    BarColumn(bar_width=24),
    _Done(),
    _Speed(),
    TimeRemainingColumn(compact=True),
    TextColumn("[cyan]{task.fields[figures]}"),
)


def figures_text(figures: dict[str, float]) -> str:
    """Figures beside a bar.

    >>> figures_text({"loss": 0.41234, "eval_loss": 0.5})
    'loss 0.4123  eval_loss 0.5'
    """
    return "  ".join(f"{name} {value:.4g}" for name, value in figures.items())


def count_text(count: float) -> str:
    """A count in full.

    >>> count_text(336776.0)
    '336,776'
    """
    return f"{count:,.0f}"


def rate_text(rate: float, unit: str) -> str:
    """Units a second, in three digits.

    >>> rate_text(1234567, "rows"), rate_text(12.34, "iterations")
    ('1.23 M rows/s', '12.3 iterations/s')
    """
    for scale, suffix in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if rate >= scale:
            return f"{rate / scale:.3g}{suffix} {unit}/s"
    return f"{rate:.3g} {unit}/s"


def seconds_text(seconds: float) -> str:
    """A duration as people say it.

    >>> seconds_text(0.0421), seconds_text(3.21), seconds_text(75.4), seconds_text(7322)
    ('42 ms', '3.2 s', '1 min 15 s', '2 h 02 min')
    """
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min {seconds % 60:02.0f} s"
    return f"{seconds // 3600:.0f} h {seconds % 3600 // 60:02.0f} min"

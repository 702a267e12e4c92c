"""`RichProgress`: the work's stages on a terminal as bars, elsewhere as lines."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import TaskID
from rich.text import Text

from hagane.counted import counted
from hagane.fronts.cli.stage_bars import StageBars
from hagane.fronts.cli.stage_text import count_text, figures_text, left_text, rate_text, seconds_text
from hagane.number_text import brief_text
from hagane.progress.events import Event, IterationEnded, Resumed, Warned, WorkerDied
from hagane.signal_name import signal_name

ITERATION_SECONDS, MOVE_SECONDS = 10.0, 30.0
"""Where there is no terminal: a line an iteration, not more often than this, and a line this long after the last."""


class RichProgress:
    """Implements `hagane.progress.Progress` on a Rich console.

    On a terminal each running stage is a bar with its speed, the time left and its figures (loss, eval_loss), and
    leaves a line behind when it ends. Elsewhere there are those lines, without control codes, and on the way, where a
    stage takes long, a line an iteration or half a minute.
    """

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self.console, self.clock = console, clock
        self._live: StageBars | None = None
        self._stages: list[RichPhase] = []

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
        return RichPhase(self, name, total, unit, at_most=at_most, completed=completed)

    def note(self, text: str) -> None:
        """Say one line to the user."""
        self.print(Text.assemble(("note: ", "yellow"), text))

    def tell(self, event: Event) -> None:
        """Show how a training stands, and what is not to be overlooked."""
        if isinstance(event, Warned):
            self.print(Text.assemble(("warning: ", "bold yellow"), event.text))
        elif isinstance(event, Resumed):
            self.print(Text(f"going on from step {event.step:,}, behind iteration {event.iteration:,}", "dim"))
        elif isinstance(event, WorkerDied):
            self.note(_death_text(event))
        elif isinstance(event, IterationEnded) and self._stages:
            self._stages[-1].iteration_ended(event)

    def print(self, line: Text) -> None:
        """A line that stays."""
        self.console.print(line, soft_wrap=not self.console.is_terminal)

    def stop(self) -> None:
        """Take every bar off the terminal; nothing is left half-drawn."""
        if self._live:
            self._live.stop()
        self._live = None
        self._stages.clear()

    def begin(self, stage: RichPhase) -> TaskID | None:
        """Show a bar, where bars can be shown."""
        self._stages.append(stage)
        if not self.console.is_terminal:
            return None
        if self._live is None:
            self._live = StageBars(self.console)
            self._live.start()
        return self._live.add_task(stage.name, total=stage.total, completed=int(stage.completed), stage=stage)

    def update(self, stage: RichPhase) -> None:
        """Move a bar."""
        if self._live and stage.task is not None:
            self._live.update(stage.task, completed=stage.completed)

    def end(self, stage: RichPhase, line: Text | None) -> None:
        """Remove a bar, and leave its line."""
        if self._live and stage.task is not None:
            self._live.remove_task(stage.task)
        if stage in self._stages:
            self._stages.remove(stage)
        if not self._stages:
            self.stop()
        if line is not None:
            self.print(line)


class RichPhase:
    """One stage of a `RichProgress`."""

    def __init__(
        self,
        progress: RichProgress,
        name: str,
        total: float | None,
        unit: str,
        *,
        at_most: bool = False,
        completed: float = 0.0,
    ) -> None:
        self.progress, self.name, self.total, self.unit, self.at_most = progress, name, total, unit, at_most
        self.completed, self._earlier = completed, completed
        self.figures: dict[str, float] = {}
        self.began = self._spoke = progress.clock()
        self.task: TaskID | None = None
        self._iteration: IterationEnded | None = None
        self._best: IterationEnded | None = None

    def __enter__(self) -> Self:
        self.began = self._spoke = self.progress.clock()
        self.task = self.progress.begin(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.progress.end(self, self.line(self.progress.clock() - self.began) if error is None else None)

    def advance(self, amount: float = 1, **figures: float) -> None:
        """`amount` more units are done; `figures` are shown beside the bar."""
        self.completed += amount
        self.figures |= figures
        self.progress.update(self)
        self._say_after(MOVE_SECONDS)

    def iteration_ended(self, event: IterationEnded) -> None:
        """How far a training is, and which of its iterations is the best."""
        self._iteration = event
        if event.best_iteration == event.number:
            self._best = event
        self._say_after(ITERATION_SECONDS, f"{self.name}: {_number_text(event)}")

    def seconds_left(self, now: float) -> float | None:
        """Until all units are done, at the speed so far; None where it is not known."""
        done = self.completed - self._earlier
        if self.total is None or done <= 0 or now <= self.began:
            return None
        return max(0.0, self.total - self.completed) * (now - self.began) / done

    @property
    def title(self) -> str:
        """The stage's name, and the number of the iteration that runs."""
        if self._iteration is None:
            return self.name
        most = self._iteration.max_iterations
        running = self._iteration.number + 1
        return f"{self.name} {min(running, most)}/{most}" if most else f"{self.name} {running}"

    def figures_text(self, *, brief: bool = False) -> str:
        """Loss, eval loss, and the lowest one where that was before."""
        if brief:
            return figures_text({name.removesuffix("_loss"): value for name, value in self.figures.items()})
        found = figures_text(self.figures)
        is_last = self._best is None or self._iteration is None or self._best.number == self._iteration.number
        if is_last or self._best is None:
            return found
        lowest = self._best.eval_loss if self._best.metric is None else self._best.metric
        return found if lowest is None else f"{found}, best {brief_text(lowest)} at {self._best.number}"

    def line(self, seconds: float) -> Text:
        """What the stage did, in one line: its figures where it has any, else its speed."""
        number = self.completed - self._earlier
        done = f"  {counted(round(number), self.unit.removesuffix('s'))}" if number else ""
        speed = f"  {rate_text(number / seconds, self.unit)}" if number and seconds >= 0.1 else ""
        text = Text.assemble(("✓ ", "green"), f"{self.name:<18}", done, ("  " + seconds_text(seconds), "dim"))
        return text.append(f"  {self.figures_text()}", "cyan") if self.figures else text.append(speed, "dim")

    def _say_after(self, seconds: float, beginning: str | None = None) -> None:
        """A line where nobody sees bars, unless the last one was just said."""
        now = self.progress.clock()
        if self.progress.console.is_terminal or now - self._spoke < seconds:
            return
        self._spoke = now
        parts = [beginning or f"{self.name}: {self._share_text()}", self.figures_text()]
        speed = (self.completed - self._earlier) / max(now - self.began, 1e-9)
        parts += [rate_text(speed, self.unit), left_text(self.seconds_left(now), at_most=self.at_most)]
        self.progress.print(Text("  " + "  ".join(filter(None, parts))))

    def _share_text(self) -> str:
        done = count_text(self.completed)
        if not self.total or not math.isfinite(self.total):
            return f"{done} {self.unit}"
        return f"{done} of {count_text(self.total)} {self.unit} ({100 * self.completed / self.total:.0f} %)"


def _death_text(event: WorkerDied) -> str:
    code = event.exit_code
    how = f"was ended by {signal_name(-code)}" if code < 0 else f"ended with code {code}"
    died = f"process {event.worker} of {event.num_workers} (from 0) {how}"
    if not event.restarts_left:
        return died
    where = f"step {event.step:,}, which is saved" if event.step else "the beginning"
    return f"{died}; it is started again, and all go on from {where}"


def _number_text(event: IterationEnded) -> str:
    most = event.max_iterations
    return f"iteration {event.number:,} of {most:,}" if most else f"iteration {event.number:,}"

"""`StudyProgress`: a study that runs as a live table of its trials; elsewhere a line a trial."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from hagane.fronts.cli.progress import RichProgress
from hagane.fronts.cli.render_space import render_space
from hagane.fronts.cli.short_text import short_text
from hagane.fronts.cli.stage_text import seconds_text
from hagane.fronts.cli.study_view import SeenTrial, StudyView
from hagane.fronts.cli.trial_table import trial_table
from hagane.number_text import figure_text
from hagane.progress import SILENT, Phase
from hagane.progress.events import Event, StudyEnded, StudyStarted, TrialEnded, TrialMeasured, TrialStarted, Warned
from hagane.tuning.parameter_text import parameter_text
from hagane.tuning.trial import TrialState

REFRESHES_A_SECOND = 4
KEPT_FREE = 6
"""Lines around the rows: headline, headings, what was left out, and room for the prompt."""
MARKS = {
    TrialState.SUCCEEDED: ("✓", "green"),
    TrialState.STOPPED: ("–", "dim"),
    TrialState.INFEASIBLE: ("∅", "yellow"),
    TrialState.FAILED: ("✗", "red"),
}
MEANT = {TrialState.STOPPED: "stopped early", TrialState.INFEASIBLE: "infeasible", TrialState.FAILED: "failed"}
TOLD = StudyStarted | StudyEnded | TrialStarted | TrialMeasured | TrialEnded


class StudyProgress:
    """Implements `hagane.progress.Progress`: what is told of a study by itself, all else by `RichProgress`.

    The space is shown first. On a terminal then stands a table of trials, the best among them, that is gone when the
    study ends. Elsewhere each trial is a line when it ends, without control codes. Stages within trials are not shown.
    Used with `with`, so that whatever ends the work leaves the terminal whole.
    """

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self.console, self.clock = console, clock
        self.stages = RichProgress(console, clock)
        self.view: StudyView | None = None
        self._live: Live | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def phase(
        self,
        name: str,
        *,
        total: float | None = None,
        unit: str = "rows",
        at_most: bool = False,
        completed: float = 0.0,
    ) -> Phase:
        """Begin a stage; nobody sees it while trials run."""
        if self._is_running:
            return SILENT.phase(name, total=total, unit=unit, at_most=at_most, completed=completed)
        return self.stages.phase(name, total=total, unit=unit, at_most=at_most, completed=completed)

    def note(self, text: str) -> None:
        """Say one line to the user."""
        self.stages.note(text)

    def print(self, line: Text) -> None:
        """A line that stays."""
        self.stages.print(line)

    def tell(self, event: Event) -> None:
        """Show what became of the study; of a training within a trial nothing."""
        if isinstance(event, TOLD):
            self._take(event)
        elif not self._is_running or isinstance(event, Warned):
            self.stages.tell(event)

    def stop(self) -> None:
        """Take the table off the terminal; nothing is left half-drawn."""
        live, self._live = self._live, None
        if live is not None:
            live.stop()
        self.stages.stop()

    @property
    def _is_running(self) -> bool:
        return self.view is not None and self.view.ended is None

    def _take(self, event: TOLD) -> None:
        if isinstance(event, StudyStarted):
            self._begin(event)
        elif self.view is not None:
            with self._lock:  # never while something is drawn: who draws holds the lock of the display, and waits here
                self.view.take(event)
            if isinstance(event, TrialEnded) and self._live is None:
                self.print(trial_line(self.view, self.view.trials[event.trial]))
            if isinstance(event, StudyEnded):
                self.stop()

    def _begin(self, event: StudyStarted) -> None:
        self.stages.stop()
        self.view = StudyView(event, self.clock)
        self._show_space(self.view)
        if self.console.is_terminal:
            self._live = Live(
                console=self.console,
                transient=True,
                refresh_per_second=REFRESHES_A_SECOND,
                get_renderable=self._drawn,
                vertical_overflow="crop",
            )
            self._live.start()

    def _show_space(self, view: StudyView) -> None:
        goals = " and ".join(f"{metric} as {'large' if goal == 'MAXIMIZE' else 'small'} as possible"
                             for metric, goal in view.started.objectives.items())  # fmt: skip
        self.print(Text.assemble(("study ", "dim"), (view.started.study, "bold"), (f"  {goals}", "dim")))
        if view.dimensions:
            with self.console.capture() as drawn:
                self.console.print(render_space(view.dimensions, self.console.width))
            for line in drawn.get().splitlines():
                self.print(Text.from_ansi(line.rstrip()))
        if view.started.num_ended:
            self.print(Text(f"going on behind {view.started.num_ended} trials", "dim"))

    def _drawn(self) -> RenderableType:
        with self._lock:
            assert self.view is not None
            return live_table(self.view, self.console.width, self.console.height)


def live_table(view: StudyView, width: int, height: int) -> RenderableType:
    """The headline and as many trials as there is room for: those that run, the best, and the last that ended."""
    headline = view.headline()
    while len(headline) > 1 and len("  ".join(headline)) > width - 2:
        headline.pop()
    room = max(3, height - KEPT_FREE)
    kept = {trial.number for trial in _shown(view, room)}
    rows = [row for row in view.rows() if row.number in kept]
    if not rows:
        return Text(short_text("  ".join(headline), width))
    table = trial_table(rows, metrics=view.metrics, names=view.names(), width=width)
    return Group(Text(short_text("  ".join(headline), width), "bold"), table)


def _shown(view: StudyView, room: int) -> list[SeenTrial]:
    first = [*view.running(), *(view.trials[number] for number in sorted(view.best) if number in view.trials)]
    last = [trial for trial in reversed(view.trials.values()) if trial not in first]
    return [*first, *last][:room]


def trial_line(view: StudyView, trial: SeenTrial) -> Text:
    """What a trial came to, in one line."""
    mark, look = MARKS[trial.state]
    text = Text.assemble((f"{mark} ", look), f"trial {trial.number} of {view.started.num_trials}")
    text.append("".join(_parts(view, trial)))
    names = view.names()
    chosen = ", ".join(f"{names[name]} {parameter_text(name, value)}" for name, value in trial.parameters.items()
                       if name in names)  # fmt: skip
    return text.append(f"  {chosen}" if chosen else "", "dim")


def _parts(view: StudyView, trial: SeenTrial) -> Iterable[str]:
    if trial.state in MEANT:
        yield f"  {MEANT[trial.state]}"
    if trial.reason:
        yield f": {' '.join(trial.reason.split())}"
    else:
        known = [metric for metric in view.metrics if trial.metrics.get(metric) is not None]
        yield "".join(f"  {metric} {figure_text(trial.metrics[metric])}" for metric in known or trial.metrics)
    if trial.number in view.best:
        yield "  best so far"
    if trial.iteration:
        yield f"  iteration {trial.iteration:,}"
    yield f"  {seconds_text(trial.seconds or 0.0)}"
    if trial.num_columns:
        yield f"  {trial.num_cached or 0} of {trial.num_columns} columns cached"

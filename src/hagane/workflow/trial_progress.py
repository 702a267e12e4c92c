"""`TrialProgress`: what a trial in training tells becomes measurements; the study's answer may end it."""

from __future__ import annotations

import threading
import time
from typing import NamedTuple

from hagane.progress import SILENT, Phase, Progress
from hagane.progress.events import Event, IterationEnded
from hagane.training.preemption import Preemption
from hagane.tuning.run_trial import Report
from hagane.tuning.trial import Measurement

EVAL_LOSS = "eval_loss"
"""What every family measures on the way: the loss that it lowers, on the eval rows."""
REPORTS_A_DOUBLING = 8


class TrialEnded(BaseException):
    """The study ends the trial that trains."""


class Newest(NamedTuple):
    """The last iteration that was heard of."""

    iteration: int
    best_iteration: int | None
    metrics: dict[str, float | None]


class TrialProgress:
    """A `Progress` that hands iterations on to `report`, and raises TrialEnded out of `tell` where that says so.

    Told from another thread (of a training in processes of its own, which this one waits for), it asks `notice` to end
    the training instead.

    Of many iterations eight are reported in each doubling of their number, the same ones in every trial, so that
    trials are compared at the same points and a report never costs more than an iteration. The last one that there may
    be is not: how it ended is what a trial comes to.
    """

    def __init__(self, report: Report, progress: Progress = SILENT) -> None:
        self._report, self._progress = report, progress
        self._begun, self._thread = time.monotonic(), threading.get_ident()
        self.newest: Newest | None = None
        self.notice = Preemption()
        """For the fit: to end soon."""
        self.is_ended = False
        """Whether the study ended the trial."""

    def phase(
        self, name: str, *, total: float | None = None, unit: str = "rows", at_most: bool = False,
        completed: float = 0.0,
    ) -> Phase:  # fmt: skip
        """A stage of the work."""
        return self._progress.phase(name, total=total, unit=unit, at_most=at_most, completed=completed)

    def note(self, text: str) -> None:
        """A line for the user."""
        self._progress.note(text)

    def tell(self, event: Event) -> None:
        """Raises TrialEnded."""
        self._progress.tell(event)
        if isinstance(event, IterationEnded) and not self.is_ended:
            self._hear(event)

    def _hear(self, event: IterationEnded) -> None:
        metrics: dict[str, float | None] = {} if event.eval_loss is None else {EVAL_LOSS: event.eval_loss}
        if event.metric_name is not None:
            metrics[event.metric_name] = event.metric
        self.newest = Newest(event.number, event.best_iteration, metrics)
        if event.number == event.max_iterations or not is_reported(event.number):
            return
        seconds = time.monotonic() - self._begun
        self.is_ended = self._report(
            Measurement(iteration=event.number, elapsed_seconds=seconds, metrics=dict(metrics))
        )
        if self.is_ended and threading.get_ident() == self._thread:
            raise TrialEnded
        self.notice.requested = self.is_ended


def is_reported(iteration: int) -> bool:
    """Whether an iteration is one of those of which a study hears.

    >>> [number for number in range(1, 70) if is_reported(number)][-8:]
    [36, 40, 44, 48, 52, 56, 60, 64]
    """
    return iteration % max(1, (1 << iteration.bit_length() - 1) // REPORTS_A_DOUBLING) == 0

"""`Replay`: the events of another process, told to a `Progress` of this one."""

from __future__ import annotations

from hagane.progress.events import (
    Event,
    Failed,
    Finished,
    Noted,
    PhaseAdvanced,
    PhaseEnded,
    PhaseStarted,
    Started,
)
from hagane.progress.progress import Phase, Progress


class PhaseFailedError(Exception):
    """What a stage is told that failed in another process."""


class Replay:
    """Gives each event to `progress` as if it had happened here.

    Stages become stages; what a process says of itself (started, error, done) is for whoever waits for it and is not
    passed on. `close` ends, as failed, the stages that a process which died left open.

    >>> from hagane.progress.progress import SILENT
    >>> replay = Replay(SILENT)
    >>> replay.take(PhaseStarted(phase=1, name="train", total=9, unit="rows"))
    >>> replay.take(PhaseAdvanced(phase=1, completed=9))
    >>> replay.num_open
    1
    >>> replay.close()
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._phases: dict[int, Phase] = {}
        self._completed: dict[int, float] = {}

    @property
    def num_open(self) -> int:
        """Stages that have begun and not ended."""
        return len(self._phases)

    def take(self, event: Event) -> None:
        """Tell `event`."""
        if isinstance(event, PhaseStarted):
            self._begin(event)
        elif isinstance(event, PhaseAdvanced):
            self._advance(event.phase, event.completed, event.figures)
        elif isinstance(event, PhaseEnded):
            self._advance(event.phase, event.completed, event.figures)
            self._end(event.phase, event.succeeded)
        elif isinstance(event, Noted):
            self._progress.note(event.text)
        elif isinstance(event, Started):
            self.close()
        elif not isinstance(event, Failed | Finished):
            self._progress.tell(event)

    def close(self) -> None:
        """The process will tell no more."""
        for number in list(self._phases):
            self._end(number, False)

    def _begin(self, event: PhaseStarted) -> None:
        phase = self._progress.phase(
            event.name, total=event.total, unit=event.unit, at_most=event.at_most, completed=event.completed
        )
        self._phases[event.phase], self._completed[event.phase] = phase.__enter__(), event.completed

    def _advance(self, number: int, completed: float, figures: dict[str, float | None]) -> None:
        if number in self._phases:
            shown = {name: value for name, value in figures.items() if value is not None}
            self._phases[number].advance(completed - self._completed[number], **shown)
            self._completed[number] = completed

    def _end(self, number: int, succeeded: bool) -> None:
        phase = self._phases.pop(number, None)
        if phase is None:
            return
        error = None if succeeded else PhaseFailedError("it failed in another process")
        phase.__exit__(type(error) if error else None, error, None)

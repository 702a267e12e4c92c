"""`EventLog`: what happens, a JSON line each, for programs and for the process that started this one."""

from __future__ import annotations

import datetime
import itertools
import os
import threading
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from msgspec.structs import replace

from hagane.progress.events import (
    Event,
    Noted,
    PhaseAdvanced,
    PhaseEnded,
    PhaseStarted,
    Resumed,
    Started,
    StepEnded,
)
from hagane.progress.step_thinner import StepThinner

ADVANCES_EVERY_SECONDS = 0.5


class EventLog:
    """Implements `hagane.progress.Progress` by appending to a file, a pipe or stdout; safe to share between threads.

    A line is written whole or not at all where the system can (O_APPEND), so that whoever reads along never needs to
    wait for one. A file that another process left amid a line (kill -9) goes on with a new line. Of a stage's moves
    one in `advances_every_seconds` is written, of steps what `StepThinner` leaves.

    The work outlives its log: when nothing can be written any more (a full disk, a reader who went away), `on_loss` is
    called with the reason, once, and the log is silent from then on. Raises OSError only where the file cannot be
    opened.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "events.jsonl"
    >>> with EventLog.at(path) as log, log.phase("encode", total=2) as phase:
    ...     phase.advance(2)
    >>> [msgspec.json.decode(line)["event"] for line in path.read_bytes().splitlines()]
    ['started', 'phase_started', 'phase_advanced', 'phase_ended']
    """

    def __init__(
        self,
        descriptor: int,
        *,
        closes: bool = False,
        advances_every_seconds: float = ADVANCES_EVERY_SECONDS,
        on_loss: Callable[[OSError], None] | None = None,
    ) -> None:
        self.advances_every_seconds = advances_every_seconds
        self._descriptor, self._closes, self._on_loss = descriptor, closes, on_loss
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._steps = StepThinner()
        self._is_lost = False
        self.tell(Started(hagane=version("hagane"), process=os.getpid()))

    @classmethod
    def at(
        cls,
        path: Path,
        *,
        advances_every_seconds: float = ADVANCES_EVERY_SECONDS,
        on_loss: Callable[[OSError], None] | None = None,
    ) -> Self:
        """Append to the file (or pipe) at `path`. Raises OSError where it cannot be opened."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        if _ends_amid_a_line(path):
            os.write(descriptor, b"\n")
        return cls(descriptor, closes=True, advances_every_seconds=advances_every_seconds, on_loss=on_loss)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Write no more."""
        with self._lock:
            if self._closes and not self._is_lost:
                os.close(self._descriptor)
            self._is_lost = True

    def phase(
        self,
        name: str,
        *,
        total: float | None = None,
        unit: str = "rows",
        at_most: bool = False,
        completed: float = 0.0,
    ) -> LoggedPhase:
        """Begin a stage; see `hagane.progress.Progress`."""
        number = next(self._numbers)
        started = PhaseStarted(phase=number, name=name, total=total, unit=unit, at_most=at_most, completed=completed)
        return LoggedPhase(self, started)

    def note(self, text: str) -> None:
        """Write a line for the user."""
        self.tell(Noted(text=text))

    def tell(self, event: Event) -> None:
        """Write `event`; of steps a few."""
        if isinstance(event, StepEnded):
            thinned = self._steps.take(event)
            if thinned is None:
                return
            event = thinned
        elif isinstance(event, Resumed):
            self._steps = StepThinner()
        self._write(msgspec.json.encode(replace(event, time=datetime.datetime.now(datetime.UTC))) + b"\n")

    def _write(self, line: bytes) -> None:
        with self._lock:
            if self._is_lost:
                return
            try:
                while line:
                    line = line[os.write(self._descriptor, line) :]
                return
            except OSError as error:
                self._is_lost, reason = True, error
        if self._on_loss is not None:
            self._on_loss(reason)


class LoggedPhase:
    """One stage of an `EventLog`."""

    def __init__(self, log: EventLog, started: PhaseStarted) -> None:
        self._log, self._started = log, started
        self._completed = started.completed
        self._figures: dict[str, float | None] = {}
        self._began = self._written = time.monotonic()

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        self._written = self._began - self._log.advances_every_seconds
        self._log.tell(self._started)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        ended = PhaseEnded(
            phase=self._started.phase,
            name=self._started.name,
            completed=self._completed,
            duration_seconds=time.monotonic() - self._began,
            succeeded=kind is None,
            figures=self._figures,
        )
        self._log.tell(ended)

    def advance(self, amount: float = 1, **figures: float) -> None:
        """`amount` more units are done."""
        self._completed += amount
        self._figures.update(figures)
        now = time.monotonic()
        if now - self._written >= self._log.advances_every_seconds:
            self._written = now
            self._log.tell(
                PhaseAdvanced(phase=self._started.phase, completed=self._completed, figures=dict(self._figures))
            )


def _ends_amid_a_line(path: Path) -> bool:
    if not path.is_file() or not path.stat().st_size:
        return False
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"

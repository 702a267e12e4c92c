"""`Health`: whether the server lives, and whether it should be sent requests."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Executor, Future

from hagane.errors import Fault
from hagane.serving.exchange import Kind
from hagane.serving.http import HttpError

STUCK_SECONDS = 30.0
"""A thread that takes no work for so long is stuck: a run of the model ends long before."""


class Health:
    """Asked by every path that tells of health, in every protocol: they all agree.

    Live: the event loop turns, or nobody would be answered, and a thread takes work within `STUCK_SECONDS`. Ready:
    live, and nothing that was added with `ready_when` objects.
    """

    def __init__(self, executor: Executor | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._executor = executor
        self._clock = clock
        self._objections: list[Callable[[], str]] = []
        self._probe: Future[None] | None = None
        self._asked = 0.0
        self.is_draining = False
        """Set when the server is about to end: it answers still, and is not ready."""

    def ready_when(self, objection: Callable[[], str]) -> None:
        """Add a condition: `objection` answers why the server is not ready, or an empty text."""
        self._objections.append(objection)

    def drain(self) -> None:
        """The server is about to end: it answers still, and is not ready."""
        self.is_draining = True

    def why_dead(self) -> str:
        """Why the server should be replaced; empty while it lives. Each call leaves a probe for the next."""
        if self._executor is None:
            return ""
        if self._probe is None or self._probe.done():
            try:
                self._probe, self._asked = self._executor.submit(_nothing), self._clock()
            except RuntimeError:  # its threads have been told to end
                return ""
        return "the threads that run the model are stuck" if self._clock() - self._asked > STUCK_SECONDS else ""

    def why_not_ready(self) -> str:
        """Why no requests should be sent; empty when they should."""
        if self.is_draining:
            return "the server is ending"
        told = (objection() for objection in self._objections)
        return self.why_dead() or next((why for why in told if why), "")

    def check(self, kind: Kind) -> None:
        """Raises HttpError 503 where a path of this kind would have to answer no."""
        why = self.why_dead() if kind == "live" else self.why_not_ready() if kind == "ready" else ""
        if why:
            raise HttpError(503, Fault(what=why))


def _nothing() -> None:
    """Work that a thread has done as soon as it takes it."""

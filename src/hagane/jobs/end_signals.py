"""`EndSignals`: Ctrl-C, SIGTERM and SIGHUP, passed on to whatever runs."""

from __future__ import annotations

import signal
import threading
from collections.abc import Sequence
from types import FrameType, TracebackType
from typing import Any, Self

from hagane.jobs.replica_process import ReplicaProcess

CAUGHT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class EndSignals:
    """Catches them from `with` to its end: the first asks every process to end, a second kills them.

    Only the main thread may set handlers: elsewhere nothing is caught.
    """

    def __init__(self, grace_seconds: float) -> None:
        self.number: int | None = None
        """The first signal that came."""
        self.processes: Sequence[ReplicaProcess] = ()
        """What runs now."""
        self._grace_seconds = grace_seconds
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            heeded = [number for number in CAUGHT if signal.getsignal(number) != signal.SIG_IGN]  # nohup's is not
            self._before = {number: signal.signal(number, self._caught) for number in heeded}
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _caught(self, number: int, frame: FrameType | None) -> None:
        """Signals are sent on from here: the loop that watches may be waiting for a terminal that is held."""
        first = self.number is None
        self.number = self.number or number
        for process in tuple(self.processes):
            if first:
                process.end(self._grace_seconds)
            else:
                process.kill()

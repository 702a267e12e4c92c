"""`Liveness`: who of several machines is still at work on a study in one database.

Each process counts up a number of its own in the study, as long as it lives. Another looks whether it moves, by its own
clock: no two machines need to agree on the time. A trial of a process whose number stands still is free.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

BEAT_SECONDS = 5.0
STALE_SECONDS = 60.0


class Liveness:
    """This process's, from `with` to its end. `beat` writes the number, `beats` reads everyone's."""

    def __init__(
        self,
        beat: Callable[[str, int], None],
        beats: Callable[[], Mapping[str, int]],
        *,
        beat_seconds: float | None = None,
        stale_seconds: float | None = None,
    ) -> None:
        self.runner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        """This process, as trials name it."""
        self._beat, self._beats = beat, beats
        self._beat_seconds = BEAT_SECONDS if beat_seconds is None else beat_seconds
        self._stale_seconds = STALE_SECONDS if stale_seconds is None else stale_seconds
        self._seen: dict[str, tuple[int, float]] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="liveness", daemon=True)

    def __enter__(self) -> Self:
        self._beat(self.runner, 0)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def is_gone(self, runner: str) -> bool:
        """Whether a process has not been heard of for so long as this one has listened for it: `stale_seconds`.

        >>> with Liveness(lambda runner, number: None, lambda: {"other": 3}, stale_seconds=0.0) as liveness:
        ...     liveness.is_gone("other"), liveness.is_gone("other"), liveness.is_gone(liveness.runner)
        (False, True, False)
        """
        if runner == self.runner:
            return False
        number = self._beats().get(runner, -1)
        before, since = self._seen.get(runner, (None, 0.0))
        if number != before:
            self._seen[runner] = (number, time.monotonic())
            return False
        return time.monotonic() - since >= self._stale_seconds

    def _go_on(self) -> None:
        number = 0
        while not self._over.wait(self._beat_seconds):
            number += 1
            try:
                self._beat(self.runner, number)
            except Exception:  # the database may be back by the next; if not, the trials tell
                continue

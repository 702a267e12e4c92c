"""`FaultChannel`: processes that train together learn at once why one of them gave up, whatever they wait for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import msgspec
from torch.distributed import Store

from hagane.training.processes import Outcome

KEY, HEARD = "hagane/outcome", "hagane/heard"
POLL_SECONDS = 0.2
GRACE_SECONDS = 1.0
"""In which a process that has heard may end by itself: over gloo the end of another breaks its connections."""
PATIENCE_SECONDS = 10.0
"""For which the process that keeps the store waits for the others to hear: then they are gone."""


class FaultChannel:
    """Through the store at which the processes met, beside whatever they compute with.

    A process that waits for another in NCCL hears nothing of its end for two minutes; over gloo it hears of a broken
    connection, not why. So each looks, in a thread of its own, whether another has given up, and calls `on_heard`
    then, from that thread.
    """

    def __init__(self, store: Store, *, rank: int, size: int, on_heard: Callable[[Outcome], None]) -> None:
        self._store = store
        self._rank, self._size, self._on_heard = rank, size, on_heard
        self._has_heard = False
        self._lock = threading.Lock()
        threading.Thread(target=self._listen, name="faults", daemon=True).start()

    def say(self, outcome: Outcome) -> None:
        """This process gives up. Of several that do the first is heard."""
        with self._lock:
            self._store.compare_set(KEY, "", msgspec.json.encode(outcome).decode())
            self._confirm()

    def heard(self) -> Outcome | None:
        """Why another process gave up; None where none has."""
        with self._lock:
            try:
                if not self._store.check([KEY]):
                    return None
                outcome = msgspec.json.decode(self._store.get(KEY), type=Outcome)
                self._confirm()
            except RuntimeError:  # the process that kept the store is gone, and whoever started it knows why
                return None
        return outcome

    def _listen(self) -> None:
        while (outcome := self.heard()) is None:
            time.sleep(POLL_SECONDS)
        time.sleep(GRACE_SECONDS)
        self._on_heard(outcome)

    def _confirm(self) -> None:
        """The store ends with the first process: it goes last, once all others have heard."""
        if self._has_heard:
            return
        self._has_heard = True
        self._store.add(HEARD, 1)
        until = time.monotonic() + PATIENCE_SECONDS
        while self._rank == 0 and self._store.add(HEARD, 0) < self._size and time.monotonic() < until:
            time.sleep(POLL_SECONDS / 4)

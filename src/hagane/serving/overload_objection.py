"""`OverloadObjection`: a server that has turned most requests away for a while is not ready."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from hagane.serving.adaptive_admission import AdaptiveAdmission

LONG_SECONDS = 15.0
"""Shorter bursts are what the admission is for: another server would have to be found for them first."""
MOST_REFUSED = 0.5


class OverloadObjection:
    """For `Health.ready_when`: looks at the admission whenever readiness is asked for, every few seconds as a rule.

    It objects while in no interval between two such looks, for `LONG_SECONDS` and more, more than half of the
    predictions were let in. A server that nobody asks anything any more is ready again.
    """

    def __init__(self, admission: AdaptiveAdmission, clock: Callable[[], float] = time.monotonic) -> None:
        self._admission, self._clock = admission, clock
        self._looks: deque[tuple[float, int, int]] = deque()

    def __call__(self) -> str:
        """Why the server is not ready, or an empty text."""
        now, refused, entered = self._clock(), self._admission.refused, self._admission.entered
        if self._looks:
            turned_away, let_in = refused - self._looks[-1][1], entered - self._looks[-1][2]
            if turned_away <= MOST_REFUSED * (turned_away + let_in):
                self._looks.clear()
        self._looks.append((now, refused, entered))
        seconds = now - self._looks[0][0]
        while len(self._looks) > 2:  # the first says how long, the last what has been since
            del self._looks[1]
        return f"more than half of the predictions have been refused for {seconds:.0f} s" * (seconds >= LONG_SECONDS)

"""`AutoMlClock`: how long each step of an AutoML run took."""

from __future__ import annotations

import time

from hagane.tuning.leaderboard import StepTime


class AutoMlClock:
    """Begins when it is made."""

    def __init__(self) -> None:
        self.began = self._last = time.monotonic()
        self.steps: list[StepTime] = []

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self.began

    def done(self, step: str, planned: float | None = None) -> None:
        """A step has ended; `planned` are the seconds that it was given."""
        now = time.monotonic()
        self.steps.append(StepTime(step=step, planned_seconds=planned, seconds=now - self._last))
        self._last = now

"""`TimeLimit`: when a fit ends whatever it has come to, asked by families whose first iterations are a model, too."""

from __future__ import annotations

import time


class TimeLimit:
    """Until `at` (`time.monotonic`), but not before `least` iterations.

    What a fit that it ended has come to is the very model of a fit that was given so many iterations as `ended_after`
    says, so that a spec with that number makes the same one.

    >>> limit = TimeLimit(time.monotonic() - 1.0, least=3)
    >>> [limit.is_over(iteration) for iteration in (1, 2, 3)], limit.ended_after
    ([False, False, True], 3)
    """

    def __init__(self, at: float, *, least: int = 1) -> None:
        self._at, self._least = at, least
        self.ended_after: int | None = None
        """The last iteration of the fit that was ended; None: none was."""

    def is_over(self, iteration: int) -> bool:
        """Whether the iteration that was just done is the last."""
        if iteration < self._least or time.monotonic() < self._at:
            return False
        self.ended_after = iteration
        return True

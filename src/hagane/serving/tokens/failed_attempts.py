"""`FailedAttempts`: bounds what requests without a valid token can cost, in answers and in lines of the log."""

from __future__ import annotations

import logging

BURST = 50
PER_SECOND = 10.0
LOG_SECONDS = 1.0

_LOG = logging.getLogger("hagane.serving")


class FailedAttempts:
    """A bucket of `BURST` failures that fills up again at `PER_SECOND`; requests with a valid token never meet it.

    >>> failed = FailedAttempts()
    >>> [failed.add(0.0, "a test") for _ in range(52)][-3:]
    [0, 1, 1]
    >>> failed.add(10.0, "a test")
    0
    """

    def __init__(self) -> None:
        self._left = float(BURST)
        self._last = 0.0
        self._told = float("-inf")
        self._silent = 0

    def add(self, now: float, what: str) -> int:
        """One more failure at `now` (monotonic seconds): after so many seconds to try again, 0 for none."""
        self._tell(now, what)
        self._left = min(float(BURST), self._left + max(0.0, now - self._last) * PER_SECOND)
        self._last = max(self._last, now)
        if self._left < 1:
            return 1
        self._left -= 1
        return 0

    def _tell(self, now: float, what: str) -> None:
        """A line a second at most: how many there were, and the last."""
        self._silent += 1
        if now - self._told >= LOG_SECONDS:
            _LOG.warning("%d refused for want of a valid token; the last: %s", self._silent, what)
            self._told, self._silent = now, 0

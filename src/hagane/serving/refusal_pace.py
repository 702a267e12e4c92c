"""`RefusalPace`: refusals are quick, until there are so many that they keep the server from its work."""

from __future__ import annotations

MOST_A_SECOND = 1_000
"""Refusals answered at once; they cost a few per cent of a core then."""
BURST = 100
"""So many may come together."""
LONGEST_HOLD_SECONDS = 1.0
"""No client waits longer for its refusal than the refusal tells it to wait (`Retry-After` is a second at least)."""


class RefusalPace:
    """A leaky bucket. Clients that send again as soon as they were refused are slowed down by it; others see nothing.

    Without it 64 such clients left a model of 5 ms an eighth of its rate: the rest went into telling them no.

    >>> pace = RefusalPace()
    >>> [pace.hold_seconds(10.0, 60.0) for _ in range(BURST)] == [0.0] * BURST
    True
    >>> round(pace.hold_seconds(10.0, 60.0), 6), round(pace.hold_seconds(10.0, 60.0), 6), pace.hold_seconds(10.0, 0.002)
    (0.001, 0.002, 0.001)
    >>> pace.hold_seconds(20.0, 60.0)
    0.0
    """

    def __init__(self) -> None:
        self._next = 0.0

    def hold_seconds(self, now: float, left: float) -> float:
        """How long to keep a refusal back, at most half of the seconds `left` to the request's deadline."""
        self._next = max(self._next, now - BURST / MOST_A_SECOND) + 1 / MOST_A_SECOND
        self._next = min(self._next, now + LONGEST_HOLD_SECONDS)
        return max(0.0, min(self._next - now, left / 2))

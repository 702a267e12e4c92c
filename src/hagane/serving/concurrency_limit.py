"""`ConcurrencyLimit`: how many requests may be inside at once, learned from how fast they come out.

Little's law (Little, "A Proof for the Queuing Formula L = λW", Operations Research 9(3), 1961) turned round: whoever
enters when L are inside waits L / λ, where λ is the rate at which they are answered. So a wait of at most W means a
limit of λ·W. λ is measured. What a server answers while it is not busy says nothing of what it can, so that such a
measurement may raise the estimate and never lower it, as BBR treats samples "limited by the application" (Cardwell et
al., "BBR: Congestion-Based Congestion Control", ACM Queue 14(5), 2016).

`benchmarks/overload_simulation.py` holds it against Netflix's Gradient2 and AIMD, CoDel, a fixed limit and none.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

WINDOW_SECONDS = 0.1
"""The rate is measured over windows of this length, or longer ones where fewer than `WINDOW_ANSWERS` came."""
WINDOW_ANSWERS = 10
"""Fewer answers say too little of a rate."""
LONGEST_WINDOW_SECONDS = 2.0
"""A window ends after so long, however few came."""
SMOOTHING = 0.5
"""The weight of the newest window."""
BUSY_SHARE = 0.5
"""A window in which this share of the limit was in use measures what the server can, not what it was asked."""


class ConcurrencyLimit:
    """Counts who is inside, and says whether one more may enter. For one thread (the event loop's).

    `wait_seconds` is the longest wait that the limit aims at, `least` and `most` are the limit's bounds: `least` should
    keep the machine busy (two requests a thread), `most` bounds memory whatever was measured. `first` is the limit
    while no rate is known (`least` by default).

    >>> now = 0.0
    >>> limit = ConcurrencyLimit(wait_seconds=0.1, least=2, most=1_000, clock=lambda: now)
    >>> [limit.enter() for _ in range(3)]
    [True, True, False]
    >>> for _ in range(200):  # one answer a millisecond, and always two inside
    ...     now += 0.001
    ...     limit.leave()
    ...     _ = limit.enter()
    >>> limit.limit, round(limit.rate)
    (100, 1000)
    """

    def __init__(
        self,
        *,
        wait_seconds: float,
        least: int,
        most: int,
        first: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wait, self._least, self._most, self._clock = wait_seconds, least, most, clock
        self.limit = first or least
        """How many may be inside now."""
        self.inside = 0
        """How many are."""
        self.rate = 0.0
        """Answers a second while there is work; 0 before the first were counted."""
        self._begin = self._since = clock()
        self._busy = 0.0
        self._answers = self._peak = 0

    def enter(self, share: float = 1.0, within_seconds: float = math.inf) -> bool:
        """Take a place, if one of the first `share` of them is free; whoever got one must `leave`.

        Nor is there one where it would take longer than `within_seconds` to be answered, unless it can begin at once.
        """
        if self.inside >= (self.limit if share == 1 else max(1, int(self.limit * share))):
            return False
        if self.rate and self.inside >= self._least // 2 and (self.inside + 1) / self.rate > within_seconds:
            return False
        if not self.inside:
            self._since = self._clock()
        self.inside += 1
        self._peak = max(self._peak, self.inside)
        return True

    def leave(self, *, answered: bool = True, begin: float = -math.inf) -> None:
        """Give the place back. What was not `answered` (cut off, or too late to be begun) is no work done.

        `begin` is when it was begun, where requests are run one after the other: the time before, in which others may
        have been turned away, is not counted as work then, or else refusals would make the server seem slow.
        """
        now = self._clock()
        self._busy += now - (self._since if self._since > begin else begin)
        self._since = now
        self.inside -= 1
        self._answers += answered
        elapsed = now - self._begin
        if elapsed >= WINDOW_SECONDS and (self._answers >= WINDOW_ANSWERS or elapsed >= LONGEST_WINDOW_SECONDS):
            self._end_window(now)

    @property
    def queue_seconds(self) -> float:
        """How long it takes to answer all who are inside, at the measured rate; 0 while none is known."""
        return self.inside / self.rate if self.rate else 0.0

    @property
    def retry_after_seconds(self) -> int:
        """When those inside will have been answered: whole seconds, as HTTP wants them, 1 to 60."""
        return min(60, max(1, math.ceil(self.queue_seconds)))

    def _end_window(self, now: float) -> None:
        measured = self._answers / max(self._busy, 1e-6)
        if not self.rate:
            self.rate = measured
        elif measured > self.rate or self._peak >= BUSY_SHARE * self.limit:
            self.rate += SMOOTHING * (measured - self.rate)
        self.limit = min(self._most, max(self._least, round(self.rate * self._wait)))
        self._begin, self._busy, self._answers, self._peak = now, 0.0, 0, self.inside

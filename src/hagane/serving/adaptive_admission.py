"""`AdaptiveAdmission`: lets in what can be answered in time, and turns the rest away at once."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable

from hagane.errors import Fault
from hagane.serving.concurrency_limit import ConcurrencyLimit
from hagane.serving.deadline import timeout_seconds, too_late
from hagane.serving.exchange import Exchange
from hagane.serving.http import HttpError
from hagane.serving.overload_options import OverloadOptions
from hagane.serving.refusal_pace import RefusalPace

LEAST_INLINE = 128
"""What is run on the event loop is run in batches: two of them may always be inside."""
FIRST_TIMES = 8
"""So many times as much is let in while nothing was measured: the first clients of a new server are not turned away."""
PRIORITY_HEADER = b"priority"
USUAL_URGENCY = 3
"""RFC 9218's: 0 is the most urgent, 7 the least."""
REFUSAL_SECONDS = 0.02
"""How long one refusal is given to all: to write it anew for each would cost as much as an answer."""
MOST_HELD_BYTES = 65_536
"""Of a request whose refusal is kept back."""
LESS_URGENT_SHARE = 0.5
"""The part of the places that is open to requests less urgent than usual."""
_URGENCY = re.compile(rb"(?:^|,)\s*u=([0-7])\s*(?:,|;|$)")


class AdaptiveAdmission:
    """An `Admission` with a limit of concurrency for each of two kinds of requests, which do not wait for each other.

    The short ones are run on the event loop; bodies that are too large for it, and models that are too slow, on
    `num_threads` threads. Each limit follows the rate at which its kind is answered (`ConcurrencyLimit`). Asked on the
    event loop alone.
    """

    def __init__(
        self, options: OverloadOptions, num_threads: int = 1, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._options, self._clock = options, clock
        self._inline = self._limit(LEAST_INLINE)
        self._threads = self._limit(2 * num_threads)
        self._bytes = 0
        self._pace = RefusalPace()
        self._refusals: dict[ConcurrencyLimit, tuple[float, HttpError]] = {}
        """The newest of each limit, and when it was written."""
        self.refused = 0
        """How many were turned away since the start."""
        self.entered = 0
        """How many were let in."""

    @property
    def waiting(self) -> int:
        """Requests in work or waiting."""
        return self._inline.inside + self._threads.inside

    @property
    def limits(self) -> dict[str, ConcurrencyLimit]:
        """By the kind of what they limit."""
        return {"inline": self._inline, "threads": self._threads}

    def enter(self, exchange: Exchange) -> None:
        """Let it in, and set its deadline. Raises HttpError: 429 with Retry-After, 504, 400 for a bad timeout."""
        request, now = exchange.request, self._clock()
        exchange.deadline = request.received + timeout_seconds(request.headers, self._options.timeout_seconds)
        left = exchange.deadline - now
        if left <= 0:
            raise too_late(exchange)
        limit = self._limit_of(exchange)
        size = len(request.body)
        too_much = self._bytes and self._bytes + size > self._options.most_bytes
        if too_much or not limit.enter(_share(request.headers.get(PRIORITY_HEADER)), left):
            self.refused += 1
            raise self._refusal(limit, now).with_traceback(None)
        self._bytes += size
        self.entered += 1

    def leave(self, exchange: Exchange) -> None:
        """Its place is free again; what was too late to be run tells nothing of how fast requests are answered."""
        self._bytes -= len(exchange.request.body)
        run = exchange.model_seconds > 0 or self._clock() <= exchange.deadline
        limit = self._limit_of(exchange)
        one_by_one = limit is self._inline
        begin = exchange.request.received + exchange.waited_seconds if one_by_one else -math.inf
        limit.leave(answered=run, begin=begin)

    def hold_seconds(self, exchange: Exchange) -> float:
        """How long to keep the refusal of this one back; large bodies are not kept."""
        if len(exchange.request.body) > MOST_HELD_BYTES:
            return 0.0
        now = self._clock()
        return self._pace.hold_seconds(now, exchange.deadline - now)

    def _refusal(self, limit: ConcurrencyLimit, now: float) -> HttpError:
        written, error = self._refusals.get(limit, (-math.inf, None))
        if error is None or now - written > REFUSAL_SECONDS:
            error = _too_busy(limit)
            self._refusals[limit] = now, error
        return error

    def _limit(self, least: int) -> ConcurrencyLimit:
        options = self._options
        return ConcurrencyLimit(
            wait_seconds=options.queue_seconds,
            least=min(least, options.most_waiting),
            most=options.most_waiting,
            first=min(FIRST_TIMES * least, options.most_waiting),
            clock=self._clock,
        )

    def _limit_of(self, exchange: Exchange) -> ConcurrencyLimit:
        inline = len(exchange.request.body) <= exchange.deployment.inline_bytes and exchange.kind != "explain"
        return self._inline if inline else self._threads


def _share(priority: bytes | None) -> float:
    """The part of the places that a request may take, by its `Priority` header (RFC 9218).

    >>> _share(None), _share(b"u=3"), _share(b"u=5, i"), _share(b"what is this")
    (1.0, 1.0, 0.5, 1.0)
    """
    found = _URGENCY.search(priority) if priority else None
    return LESS_URGENT_SHARE if found is not None and int(found[1]) > USUAL_URGENCY else 1.0


def _too_busy(limit: ConcurrencyLimit) -> HttpError:
    """The refusal: how many are inside, and when they will have been answered at the rate that was measured."""
    seconds = limit.retry_after_seconds
    work = f", {limit.queue_seconds:.2g} s of work" if limit.rate else ""
    fault = Fault(
        what="the server has too much to do to answer this in time",
        received=f"{limit.inside} requests in work and waiting{work}",
        next_step=f"send it again in {seconds} s",
    )
    return HttpError(429, fault, headers=((b"retry-after", str(seconds).encode()),), is_shared=True)

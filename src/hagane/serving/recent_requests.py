"""`RecentRequests`: the last requests that were answered, to warm a new version up with."""

from __future__ import annotations

from hagane.serving.exchange import Exchange
from hagane.serving.http import Request

NUM_REQUESTS = 32
KEPT_SECONDS = 600.0
"""Older requests are forgotten: a server that few ask keeps nobody's rows for long."""
MOST_BYTES = 32_768
"""Larger requests are not kept: all together take a megabyte at most."""


class RecentRequests:
    """An observer that keeps the newest requests in memory, each in place of the oldest.

    What is kept named no version: another one may answer it.
    """

    def __init__(self, num_requests: int = NUM_REQUESTS) -> None:
        self._ring: list[Request | None] = [None] * num_requests
        self._next = 0

    def observe(self, exchange: Exchange) -> None:
        """Keep a prediction that was answered."""
        request = exchange.request
        if exchange.kind != "predict" or exchange.response is None or exchange.response.status != 200:
            return
        if 0 < len(request.body) <= MOST_BYTES and not (
            "version" in request.parameters or "label" in request.parameters
        ):
            self._ring[self._next] = request
            self._next = (self._next + 1) % len(self._ring)

    @property
    def requests(self) -> list[Request]:
        """What is kept now."""
        return [each for each in self._ring if each is not None]

    def forget_old(self, now: float) -> None:
        """Let go of what began to come more than `KEPT_SECONDS` before `now`, by `time.monotonic`."""
        for place, request in enumerate(self._ring):
            if request is not None and now - request.received > KEPT_SECONDS:
                self._ring[place] = None

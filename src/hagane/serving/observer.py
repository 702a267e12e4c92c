"""`Observer`: who is shown what happened to each request."""

from __future__ import annotations

from typing import Protocol

from hagane.serving.exchange import Exchange


class Observer(Protocol):
    """Metrics, logs, mirrors: they see a request when its answer has been handed to the connection."""

    def observe(self, exchange: Exchange) -> None:
        """Take note of `exchange`, within microseconds: it is called on the event loop. Nothing may be raised."""

"""`OverloadOptions`: how much a server takes upon itself before it turns requests away."""

from __future__ import annotations

import msgspec


class OverloadOptions(msgspec.Struct, frozen=True):
    """The limits of waiting, of one worker."""

    queue_seconds: float = 0.25
    """The longest that a request should wait for those before it."""
    timeout_seconds: float = 60.0
    """The deadline of requests that name none, and the latest that one may name."""
    most_waiting: int = 10_000
    """The most requests in work or waiting, whatever was measured."""
    most_bytes: int = 268_435_456
    """The most bytes of their bodies."""

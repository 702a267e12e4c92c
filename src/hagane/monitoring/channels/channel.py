"""`Channel`: one place that is told."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import msgspec

from hagane.monitoring.notification import Notification


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """What was told is kept for each channel: what one could not take is kept for it, and holds no other back."""

    name: str
    """Stays the same from run to run, and holds no secret."""
    send: Callable[[Notification], None]
    """Raises StorageError where the message could not be handed over."""
    is_limited: bool = True
    """Whether people read it: then `--at-most-every` counts."""

    @staticmethod
    def of(kind: str, address: str, send: Callable[[Notification], None]) -> Channel:
        """For an address that may be a secret, as those of webhooks are: of it the name has a digest.

        >>> Channel.of("webhook", "https://hooks.example/T0/secret", print).name
        'webhook a882be3ca499'
        """
        return Channel(name=f"{kind} {hashlib.sha256(address.encode()).hexdigest()[:12]}", send=send)

"""`Admission`: how many predictions are worked on at once, and which are turned away."""

from __future__ import annotations

from typing import Protocol

from hagane.serving.exchange import Exchange


class Admission(Protocol):
    """Asked for every prediction and explanation; what only reads is always answered."""

    def enter(self, exchange: Exchange) -> None:
        """Let it in. Raises HttpError: 429 where too much waits, 503 while the server drains, 504 where it is late."""

    def leave(self, exchange: Exchange) -> None:
        """One that was let in has been answered, or was given up."""

    def hold_seconds(self, exchange: Exchange) -> float:
        """How long the refusal of one that was just turned away is to be kept back."""


class Unlimited:
    """Lets everything in."""

    def enter(self, exchange: Exchange) -> None:
        """It is let in."""

    def leave(self, exchange: Exchange) -> None:
        """Nothing to count."""

    def hold_seconds(self, exchange: Exchange) -> float:
        """Nothing is refused."""
        return 0.0

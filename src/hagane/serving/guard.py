"""`Guard`: who may refuse a request before it is read."""

from __future__ import annotations

from typing import Protocol

from hagane.serving.exchange import Exchange


class Guard(Protocol):
    """Asked for every request, once its route is known and before its body is looked at."""

    def check(self, exchange: Exchange) -> None:
        """Raises HttpError (401, 403, …) where the request may not be answered."""

"""`Arrivals`: what came to the server, answered or refused, counted on the event loop."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from typing import NamedTuple

from hagane.serving.deployment import Deployment
from hagane.serving.exchange import Exchange
from hagane.serving.request_log.log_folder import HOUR_MICROSECONDS

MOST_WAITING = 256
"""Refused requests that wait to be looked at; of more it is only known that they were refused."""
MOST_WAITING_BYTES = 4 * 2**20
"""Of their bodies."""

_LOG = logging.getLogger("hagane.serving")
_NANOSECONDS = HOUR_MICROSECONDS * 1_000
_PREDICTING = ("predict", "explain")
_UNREAD = (413, 415)
_OVERLOAD = (429, 503, 504)


class Place(NamedTuple):
    """Whose traffic it is."""

    deployment: Deployment
    hour: int
    """Counted from 1970."""


class Arrived(NamedTuple):
    """What came since the last time."""

    answered: dict[Place, tuple[int, int]]
    """Requests, and their rows."""
    refused: dict[tuple[Place, str], int]
    """Requests that nobody needs to look at, by why."""
    waiting: list[tuple[Place, Exchange]]
    """Refused requests, to be looked at."""


class Arrivals:
    """Counts every request for a prediction. On the event loop one costs a lock, a look-up and two additions.

    Requests that came to another path, or from somebody who is not known, are no traffic of the model's.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answered: dict[Place, tuple[int, int]] = {}
        self._refused: dict[tuple[Place, str], int] = {}
        self._waiting: deque[tuple[Place, Exchange]] = deque()
        self._waiting_bytes = 0

    def observe(self, exchange: Exchange) -> bool:
        """Count a request; whether it was one to count. Nothing is raised."""
        try:
            if exchange.kind not in _PREDICTING or exchange.response is None:
                return False
            place = Place(exchange.deployment, (time.time_ns() - int(exchange.seconds * 1e9)) // _NANOSECONDS)
            status = exchange.response.status
            if status < 300 and exchange.predictions is not None:
                num_rows = len(exchange.predictions)
                with self._lock:
                    requests, rows = self._answered.get(place, (0, 0))
                    self._answered[place] = (requests + 1, rows + num_rows)
                return True
            return self._refuse(place, status, exchange)
        except Exception:
            _LOG.exception("the request log failed to count request %s", exchange.request.id)
            return False

    def _refuse(self, place: Place, status: int, exchange: Exchange) -> bool:
        if status == 400 and self._wait(place, exchange):
            return True
        reason = _reason(status)
        if reason:
            with self._lock:
                self._refused[place, reason] = self._refused.get((place, reason), 0) + 1
        return bool(reason)

    def _wait(self, place: Place, exchange: Exchange) -> bool:
        """Whether there is room for it."""
        size = len(exchange.request.body)
        with self._lock:
            if len(self._waiting) >= MOST_WAITING or self._waiting_bytes + size > MOST_WAITING_BYTES:
                return False
            self._waiting.append((place, exchange))
            self._waiting_bytes += size
        return True

    def take(self) -> Arrived:
        """All that is here, and begin anew."""
        with self._lock:
            arrived = Arrived(self._answered, self._refused, list(self._waiting))
            self._answered, self._refused, self._waiting_bytes = {}, {}, 0
            self._waiting.clear()
        return arrived


def _reason(status: int) -> str:
    """Why a request of this status was refused; empty where it was no traffic of the model's.

    >>> _reason(400), _reason(413), _reason(429), _reason(500), _reason(404)
    ('unlooked', 'body', 'overload', 'failure', '')
    """
    if status == 400:
        return "unlooked"
    if status in _UNREAD:
        return "body"
    if status in _OVERLOAD:
        return "overload"
    return "failure" if status == 500 else ""

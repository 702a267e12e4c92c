"""`Record`: one answered request on its way into the log."""

from __future__ import annotations

from typing import Any, NamedTuple

from hagane.bundle.predictions import Predictions
from hagane.bundle.typed_rows import TypedInstances
from hagane.serving.exchange import Exchange
from hagane.serving.protocol import Predict
from hagane.serving.request_log.log_folder import HOUR_MICROSECONDS

_REQUEST_BYTES = 2_000
_ROW_BYTES = 232
_VALUE_BYTES = 104
_BODY_FACTOR = 16


class Record(NamedTuple):
    """What was seen of a request, and when it came."""

    exchange: Exchange
    time: int
    """Of the first byte, in µs since 1970 UTC."""
    mirror: bool
    num_rows: int
    num_bytes: int
    """About what it holds in memory, rather more than less."""

    @property
    def hour(self) -> int:
        """The hour of its time, counted from 1970."""
        return self.time // HOUR_MICROSECONDS

    @property
    def predictions(self) -> Predictions:
        """What was answered."""
        assert self.exchange.predictions is not None
        return self.exchange.predictions

    @property
    def instances(self) -> list[Any]:
        """The rows as JSON has them; read again where the exchange did not keep them."""
        exchange = self.exchange
        if isinstance(exchange.instances, list):
            return exchange.instances
        if isinstance(exchange.instances, TypedInstances):
            return list(exchange.instances)
        _, route = exchange.deployment.route(exchange.request)
        assert isinstance(route, Predict)
        rows: Any = route.decode(exchange.request).instances
        return list(rows)


def held_bytes(exchange: Exchange, num_rows: int, num_columns: int) -> int:
    """About what an exchange holds: Python's objects of each value, or of each two characters of an array's text."""
    rows = num_rows * (_ROW_BYTES + _VALUE_BYTES * num_columns)
    return _REQUEST_BYTES + rows + _BODY_FACTOR * len(exchange.request.body)

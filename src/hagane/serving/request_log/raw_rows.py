"""`RawRows`: the rows of a request as they were sent, with the fields that were not."""

from __future__ import annotations

import dataclasses
from typing import Any

from hagane.bundle.typed_rows import TypedInstances
from hagane.serving.deployment import Deployment
from hagane.serving.exchange import Exchange
from hagane.serving.http import HttpError
from hagane.serving.protocol import Explain, Predict


class RawRows:
    """Reads requests of one deployment again, the long way: the short one makes NULL of a field that is not there."""

    def __init__(self, deployment: Deployment) -> None:
        model = deployment.model
        decoder = model.decoder or model.bundle.decoder()
        self._model = dataclasses.replace(model, decoder=decoder)  # with a decoder of its own nothing is read typed
        self._deployment: Deployment | None = None

    def of(self, exchange: Exchange) -> list[Any] | None:
        """The rows; None where the request cannot be read so far."""
        if isinstance(exchange.instances, list):
            return exchange.instances
        if self._deployment is None:
            self._deployment = Deployment(self._model)
        try:
            _, route = self._deployment.route(exchange.request)
            assert isinstance(route, Predict | Explain)
            rows = route.decode(exchange.request)
        except HttpError:
            return None
        found: Any = rows.instances
        if isinstance(found, TypedInstances):
            return list(found)
        return found if isinstance(found, list) and not rows.faults else None

"""The paths that are no protocol's: what there is, whether the server is up, what the model takes and answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from hagane.serving.http import Request, Response
from hagane.serving.protocol import Protocol, Read
from hagane.serving.served_model import ServedModel


def own_paths(model: ServedModel, protocols: Sequence[Protocol]) -> Protocol:
    """They are there whichever protocols are; errors have the shape of the first protocol."""
    own = _OwnPaths(model, protocols)
    routes = (
        Read("/", own.index),
        Read("/healthz", own.health),
        Read("/readyz", own.health),
        Read("/metadata", own.metadata),
    )
    return Protocol("hagane", routes, protocols[0].error)


class _OwnPaths:
    def __init__(self, model: ServedModel, protocols: Sequence[Protocol]) -> None:
        self._model = model
        self._protocols = protocols

    def index(self, request: Request) -> Response:
        """Where to go from here."""
        model = self._model
        spoken = {
            each.name: [f"{route.method} {model.path(route.template)}" for route in each.routes]
            for each in self._protocols
        }
        paths = {"metadata": "/metadata", "health": "/healthz"}
        answer = {"name": "hagane", "model": model.name, "version": model.version, "paths": paths, "protocols": spoken}
        return Response(200, msgspec.json.encode(answer))

    def health(self, request: Request) -> Response:
        """200: the graph is loaded before the server takes its first connection."""
        return Response(200, b'{"status":"ok"}')

    def metadata(self, request: Request) -> Response:
        """What the model takes and answers, with an example that works."""
        return Response(200, msgspec.json.encode(facts_of(self._model)))


def facts_of(model: ServedModel) -> dict[str, Any]:
    """The signature as a client reads it."""
    signature = model.bundle.signature
    return {
        "deployedModelId": model.bundle.bundle_id,
        "model": f"models/{model.name}",
        "modelDisplayName": model.name,
        "modelVersionId": model.version,
        "modelType": signature.model_type,
        "task": signature.task,
        "label": signature.label,
        "labelType": signature.label_type,
        **({"labels": signature.labels} if signature.labels else {}),
        "classes": signature.classes,
        "threshold": signature.threshold,
        "calibration": signature.calibration,
        "intervalLevel": signature.interval_level,
        "onError": signature.on_error,
        "inputs": [msgspec.to_builtins(column) for column in signature.inputs],
        "example": {"instances": [model.example]},
    }

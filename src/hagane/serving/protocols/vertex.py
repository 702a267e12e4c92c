"""Vertex AI's online prediction, as its endpoints and its serving containers speak it.

`POST /v1/projects/P/locations/L/endpoints/E:predict` with `{"instances": [...]}` answers `{"predictions": [...],
"deployedModelId", "model", "modelDisplayName", "modelVersionId"}`; an error is `{"error": {"code", "message", "status",
"details"}}` with a google.rpc.BadRequest of one violation a fault. Short forms for people and containers:
`/v1/models/NAME:predict`, `/predict`. Reference: Vertex AI's REST documentation (PredictResponse, Status) and the
requirements of its custom containers (the AIP_ variables).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import msgspec

from hagane.bundle.faults import describe
from hagane.bundle.predictions import Predictions
from hagane.errors import Fault, nearest
from hagane.serving.http import HttpError, Request, Response, Rows, one_line
from hagane.serving.json_body import read_json
from hagane.serving.protocol import Predict, Protocol, Read, Route, route_pattern
from hagane.serving.served_model import ServedModel

PREDICT_PATHS = (
    "/v1/projects/{project}/locations/{location}/endpoints/{endpoint}:predict",
    "/v1beta1/projects/{project}/locations/{location}/endpoints/{endpoint}:predict",
    "/v1/endpoints/{endpoint}/deployedModels/{deployed_model}:predict",
    "/v1/models/{model}:predict",
    "/predict",
)
HEALTH_PATHS = ("/v1/endpoints/{endpoint}/deployedModels/{deployed_model}", "/healthz", "/readyz", "/health")
METADATA_PATHS = ("/v1/models/{model}", "/metadata")

_STATUS = {
    400: "INVALID_ARGUMENT",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    413: "INVALID_ARGUMENT",
    415: "INVALID_ARGUMENT",
    500: "INTERNAL",
}
_FIELDS = ("instances", "parameters")
_TOLD_IN_MESSAGE = 5


def protocol(model: ServedModel, environment: Mapping[str, str] = os.environ) -> Protocol:
    """Vertex AI's protocol for `model`; AIP_PREDICT_ROUTE and AIP_HEALTH_ROUTE of `environment` are further paths."""
    vertex = _Vertex(model)
    predict_paths = (*PREDICT_PATHS, *_further(environment, "AIP_PREDICT_ROUTE"))
    health_paths = (*HEALTH_PATHS, *_further(environment, "AIP_HEALTH_ROUTE"))
    routes: list[Route] = [Predict(route_pattern(path), vertex.decode, vertex.encode) for path in predict_paths]
    routes += [Read(route_pattern(path), vertex.health) for path in health_paths]
    routes += [Read(route_pattern(path), vertex.metadata) for path in METADATA_PATHS]
    routes += [Read(route_pattern("/v1/models"), vertex.models), Read(route_pattern("/"), vertex.index)]
    return Protocol("vertex", tuple(routes), error_response)


def _further(environment: Mapping[str, str], variable: str) -> tuple[str, ...]:
    path = environment.get(variable, "")
    return (path if path.startswith("/") else f"/{path}",) if path else ()


class _Vertex:
    """The handlers, with what never changes encoded beforehand."""

    def __init__(self, model: ServedModel) -> None:
        self._model = model
        self._fixed = {
            "deployedModelId": model.bundle.bundle_id,
            "model": f"models/{model.name}",
            "modelDisplayName": model.name,
            "modelVersionId": model.version,
        }

    def decode(self, request: Request) -> Rows:
        """The instances, and every fault of the fields beside them."""
        self._check_model(request)
        body = read_json(request.body)
        if not isinstance(body, dict):
            raise HttpError(
                400, Fault(what="the body is not an object", expected='{"instances": [...]}', received=describe(body))
            )
        faults = [_unknown_field(name) for name in body if name not in _FIELDS]
        parameters = body.get("parameters")
        if parameters:
            faults.append(
                Fault(what="the model takes no parameters", where="parameters", received=describe(parameters))
            )
        if "instances" not in body:
            raise HttpError(400, Fault(what="no instances", where="instances", expected="a list of rows"), *faults)
        return Rows(body["instances"], tuple(faults))

    def encode(self, request: Request, predictions: Predictions) -> Response:
        """The predictions and whose they are."""
        answer: dict[str, Any] = {"predictions": predictions.rows(), **self._fixed}
        if "project" in request.parameters:
            answer["model"] = (
                "projects/{project}/locations/{location}/models/".format(**request.parameters) + self._model.name
            )
        return Response(200, msgspec.json.encode(answer))

    def health(self, request: Request) -> Response:
        """200: the graph is loaded before the server takes its first connection."""
        return Response(200, b'{"status":"ok"}')

    def models(self, request: Request) -> Response:
        """The list of models: one."""
        return Response(
            200, msgspec.json.encode({"models": [{**self._fixed, "metadata": f"/v1/models/{self._model.name}"}]})
        )

    def metadata(self, request: Request) -> Response:
        """What the model takes and answers, with an example that works."""
        self._check_model(request)
        signature = self._model.bundle.signature
        inputs = [msgspec.to_builtins(column) for column in signature.inputs]
        facts = {
            **self._fixed,
            "modelType": signature.model_type,
            "task": signature.task,
            "label": signature.label,
            "labelType": signature.label_type,
            "classes": signature.classes,
            "threshold": signature.threshold,
            "calibration": signature.calibration,
            "intervalLevel": signature.interval_level,
            "onError": signature.on_error,
            "inputs": inputs,
            "example": {"instances": [self._model.example]},
        }
        return Response(200, msgspec.json.encode(facts))

    def index(self, request: Request) -> Response:
        """Where to go from here."""
        paths = {
            "predict": f"/v1/models/{self._model.name}:predict",
            "metadata": f"/v1/models/{self._model.name}",
            "health": "/healthz",
        }
        return Response(200, msgspec.json.encode({"name": "hagane", "model": self._model.name, "paths": paths}))

    def _check_model(self, request: Request) -> None:
        asked = request.parameters.get("model", self._model.name)
        if asked != self._model.name:
            raise HttpError(
                404,
                Fault(
                    what=f"no model {asked[:100]!r} here",
                    where="model",
                    expected=f"/v1/models/{self._model.name}",
                    nearest=nearest(asked[:100], [self._model.name]),
                ),
            )


def error_response(error: HttpError) -> Response:
    """google.rpc.Status in JSON: a line for people, and details for programs."""
    details: list[dict[str, Any]] = []
    if error.status in (400, 413):
        violations = [{"field": fault.where, "description": one_line(fault)} for fault in error.faults]
        details.append({"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": violations})
    if error.request_id:
        details.append({"@type": "type.googleapis.com/google.rpc.RequestInfo", "requestId": error.request_id})
    told = [f"{fault.where}: {one_line(fault)}" if fault.where else one_line(fault) for fault in error.faults]
    message = "\n".join(told[:_TOLD_IN_MESSAGE])
    if len(told) > _TOLD_IN_MESSAGE:
        message += f"\n(and {len(told) - _TOLD_IN_MESSAGE} more: see details)"
    status = _STATUS.get(error.status, "UNKNOWN")
    body = {"error": {"code": error.status, "message": message, "status": status, "details": details}}
    return Response(error.status, msgspec.json.encode(body), headers=error.headers)


def _unknown_field(name: str) -> Fault:
    near = nearest(name[:100], _FIELDS)
    return Fault(
        what=f"{name[:60]!a} is no field of a request",
        where="",
        nearest=near,
        expected="" if near else "instances",
    )

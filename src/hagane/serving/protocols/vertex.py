"""Vertex AI's online prediction, as its endpoints and its serving containers speak it.

`POST /v1/projects/P/locations/L/endpoints/E:predict` with `{"instances": [...]}` answers `{"predictions": [...],
"deployedModelId", "model", "modelDisplayName", "modelVersionId"}`; `:rawPredict` answers what the container itself
answers, the predictions alone, with endpoint and model named in headers; `:explain` answers what each column added to
the predicted probability or number; an error is `{"error": {"code", "message",
"status", "details"}}` with a google.rpc.BadRequest of one violation a fault. The short form for people is `/predict`.
Reference: Vertex AI's REST documentation (PredictResponse, Status) and the requirements of its custom containers (the
AIP_ variables).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import msgspec

from hagane.bundle.faults import describe
from hagane.bundle.predictions import Predictions
from hagane.errors import Fault
from hagane.explanation.explanations import Explanations
from hagane.serving.explain_rows import ExplainRows
from hagane.serving.http import HttpError, Request, Response, Rows, one_line, placed
from hagane.serving.json_fields import JsonFields
from hagane.serving.protocol import Body, Explain, Predict, Protocol, Read, Route
from hagane.serving.row_schema import NOTHING, ROWS, object_of
from hagane.serving.served_model import ServedModel
from hagane.serving.typed_body import TypedBody
from hagane.serving.vertex_explanations import read_override, vertex_explanations

ENDPOINTS = (
    "/v1/projects/{project}/locations/{location}/endpoints/{endpoint}",
    "/v1beta1/projects/{project}/locations/{location}/endpoints/{endpoint}",
)
CONTAINER = "/v1/endpoints/{endpoint}/deployedModels/{deployed_model}"
"""The default routes of a serving container are this path: with `:predict`, and alone for its health."""

_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    408: "DEADLINE_EXCEEDED",
    **dict.fromkeys((413, 414, 415, 417, 431), "INVALID_ARGUMENT"),
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    **dict.fromkeys((501, 505), "UNIMPLEMENTED"),
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_FIELDS = ("instances", "parameters")
_EXPLAIN_FIELDS = (*_FIELDS, "explanationSpecOverride", "deployedModelId")
_TOLD_IN_MESSAGE = 5


def protocol(model: ServedModel, environment: Mapping[str, str] = os.environ) -> Protocol:
    """Vertex AI's protocol for `model`; AIP_PREDICT_ROUTE and AIP_HEALTH_ROUTE of `environment` are further paths."""
    vertex = _Vertex(model, environment)
    predict_paths = [f"{path}:predict" for path in (*ENDPOINTS, CONTAINER)]
    predict_paths += ["/predict", *_further(environment, "AIP_PREDICT_ROUTE")]
    health_paths = [CONTAINER, "/health", *_further(environment, "AIP_HEALTH_ROUTE")]
    bodies = (Body(object_of(["instances"], instances=ROWS, parameters=NOTHING), {"instances": [model.example]}),)
    routes: list[Route] = [Predict(path, vertex.decode, bodies=bodies) for path in predict_paths]
    routes += [Predict(f"{path}:rawPredict", vertex.decode_raw, bodies=bodies) for path in ENDPOINTS]
    routes += [Explain(f"{path}:explain", vertex.decode_explain, bodies=bodies) for path in (*ENDPOINTS, CONTAINER)]
    routes += [Read(path, vertex.health, kind="ready") for path in health_paths]
    return Protocol("vertex", tuple(routes), error_response, roots=("/v1/projects/", "/v1beta1/", "/v1/endpoints/"))


def _further(environment: Mapping[str, str], variable: str) -> tuple[str, ...]:
    path = environment.get(variable, "")
    return (path if path.startswith("/") else f"/{path}",) if path else ()


class _Vertex:
    """The handlers, with what never changes encoded beforehand."""

    def __init__(self, model: ServedModel, environment: Mapping[str, str]) -> None:
        self._model = model
        self._deployed_model = model.deployed_model_id or environment.get("AIP_DEPLOYED_MODEL_ID") or model.id
        self._typed = TypedBody(model)
        self._end = self._end_of_answer(f"models/{model.bundle.name}")

    def decode(self, request: Request) -> Rows:
        """The instances, and every fault of the fields beside them."""

        def encode(predictions: Predictions) -> Response:
            return self._answer(request, predictions)

        typed = self._typed.read(request.body)
        if typed is not None:
            return Rows(typed, encode)
        fields = JsonFields(request.body, _FIELDS)
        fields.refuse("parameters", "the model takes no parameters")
        fields.one_of("instances")
        return Rows(fields["instances"], encode, tuple(fields.faults))

    def _answer(self, request: Request, predictions: Predictions) -> Response:
        """The predictions and whose they are."""
        end = self._end
        if "project" in request.parameters:
            owner = "projects/{project}/locations/{location}".format(**request.parameters)
            end = self._end_of_answer(f"{owner}/models/{self._model.bundle.name}")
        return Response(200, b'{"predictions":' + msgspec.json.encode(predictions.rows()) + end)

    def _end_of_answer(self, model: str) -> bytes:
        """What stands behind the predictions, as JSON."""
        fixed = {
            "deployedModelId": self._deployed_model,
            "model": model,
            "modelDisplayName": self._model.bundle.name,
            "modelVersionId": self._model.version,
        }
        return b"," + msgspec.json.encode(fixed)[1:]

    def decode_raw(self, request: Request) -> Rows:
        """What the container itself takes and answers, with the endpoint and the model named in headers."""
        headers = (
            (b"x-vertex-ai-endpoint-id", request.parameters["endpoint"].encode("ascii", "replace")),
            (b"x-vertex-ai-deployed-model-id", self._deployed_model.encode("ascii", "replace")),
        )

        def encode(predictions: Predictions) -> Response:
            return Response(200, msgspec.json.encode({"predictions": predictions.rows()}), headers=headers)

        return self.decode(request)._replace(encode=encode)

    def decode_explain(self, request: Request) -> ExplainRows:
        """The instances, and what `explanationSpecOverride` says of their explanations."""
        fields = JsonFields(request.body, _EXPLAIN_FIELDS)
        fields.refuse("parameters", "the model takes no parameters")
        fields.one_of("instances")
        asked = fields.get("deployedModelId")
        if asked not in (None, "", self._deployed_model):
            what = "no such model is deployed here"
            fault = Fault(what=what, where="deployedModelId", expected=self._deployed_model, received=describe(asked))
            raise HttpError(404, fault)
        override = read_override(fields.get("explanationSpecOverride"), fields.faults)
        return ExplainRows(
            fields["instances"], self._explained, override.wanted, override.baseline, tuple(fields.faults)
        )

    def _explained(self, found: Explanations) -> Response:
        answer = {
            "explanations": vertex_explanations(found),
            "deployedModelId": self._deployed_model,
            "predictions": found.predictions.rows(),
        }
        return Response(200, msgspec.json.encode(answer))

    def health(self, request: Request) -> Response:
        """200, unless the server's health says otherwise before this is asked."""
        return Response(200, b'{"status":"ok"}')


def error_response(error: HttpError) -> Response:
    """google.rpc.Status in JSON: a line for people, and details for programs."""
    details: list[dict[str, Any]] = []
    if error.status in (400, 413):
        violations = [{"field": fault.where, "description": one_line(fault)} for fault in error.faults]
        details.append({"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": violations})
    if error.request_id:
        details.append({"@type": "type.googleapis.com/google.rpc.RequestInfo", "requestId": error.request_id})
    told = [placed(fault) for fault in error.faults]
    message = "\n".join(told[:_TOLD_IN_MESSAGE])
    if len(told) > _TOLD_IN_MESSAGE:
        message += f"\n(and {len(told) - _TOLD_IN_MESSAGE} more: see details)"
    status = _STATUS.get(error.status, "UNKNOWN")
    body = {"error": {"code": error.status, "message": message, "status": status, "details": details}}
    return Response(error.status, msgspec.json.encode(body), headers=error.headers)

"""KServe's protocol version 1.

`POST /v1/models/N:predict` with `{"instances": [...]}` (or `inputs`) answers `{"predictions": [...]}`, a row each as an
object; `:explain` answers `{"predictions": [...], "explanations": [...]}`; `GET /v1/models/N` answers
`{"name", "ready"}`, `GET /v1/models` the names. An error is `{"error": "text"}`.
Reference: KServe's "V1 Protocol". It shares its paths with TensorFlow Serving's protocol, whose descendant it is.
"""

from __future__ import annotations

from typing import Any

import msgspec

from hagane.bundle.predictions import Predictions
from hagane.explanation.explanations import Explanations
from hagane.serving.explain_rows import ExplainRows
from hagane.serving.http import HttpError, Request, Response, Rows
from hagane.serving.json_fields import JsonFields
from hagane.serving.model_status import model_status
from hagane.serving.protocol import Body, Explain, Predict, Protocol, Read
from hagane.serving.row_schema import ROWS, object_of
from hagane.serving.served_model import ServedModel
from hagane.serving.tensor_rows import place_in_rows
from hagane.serving.typed_body import TypedBody

_FIELDS = ("instances", "inputs")


def protocol(model: ServedModel) -> Protocol:
    """KServe's protocol version 1 for `model`."""
    kserve = _KServe(model)
    schema = {"oneOf": [object_of([name], **{name: ROWS}) for name in _FIELDS]}
    bodies = (Body(schema, {"instances": [model.example]}),)
    routes = (
        Predict("/v1/models/{model}:predict", kserve.decode, bodies=bodies),
        Explain("/v1/models/{model}:explain", kserve.decode_explain, bodies=bodies),
        Read("/v1/models/{model}", kserve.status, kind="ready"),
        Read("/v1/models", kserve.models),
    )
    return Protocol("kserve", routes, error_response, roots=("/v1/models",))


class _KServe:
    def __init__(self, model: ServedModel) -> None:
        self._model = model
        self._typed = TypedBody(model)

    def decode(self, request: Request) -> Rows:
        """The rows, under either name."""
        self._model.check_name(request.parameters["model"])
        typed = self._typed.read(request.body)
        if typed is not None:
            return Rows(typed, _encode)
        fields = JsonFields(request.body, _FIELDS)
        name = fields.one_of(*_FIELDS)
        return Rows(fields[name], _encode, tuple(fields.faults), lambda where: place_in_rows(where, name))

    def decode_explain(self, request: Request) -> ExplainRows:
        """The rows, under either name, to be explained."""
        rows = self.decode(request)
        return ExplainRows(rows.instances, _encode_explained, faults=rows.faults, place=rows.place)

    def status(self, request: Request) -> Response:
        """Ready: a server whose model is not loaded does not listen."""
        self._model.check_name(request.parameters["model"])
        return Response(200, msgspec.json.encode(model_status(self._model)))

    def models(self, request: Request) -> Response:
        """The one model."""
        return Response(200, msgspec.json.encode({"models": [self._model.name]}))


def error_response(error: HttpError) -> Response:
    """`{"error": "every fault, a line each"}`."""
    body: dict[str, Any] = {"error": error.text}
    return Response(error.status, msgspec.json.encode(body), headers=error.headers)


def _encode(predictions: Predictions) -> Response:
    return Response(200, msgspec.json.encode({"predictions": predictions.rows()}))


def _encode_explained(found: Explanations) -> Response:
    predictions = found.predictions.rows()
    explanations = [{name: row[name] for name in row if name not in answer}
                    for row, answer in zip(found.rows(), predictions, strict=True)]  # fmt: skip
    return Response(200, msgspec.json.encode({"predictions": predictions, "explanations": explanations}))

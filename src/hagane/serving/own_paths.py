"""The paths that are no protocol's: what there is, whether the server is up, what the model takes and answers."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

import msgspec

from hagane.bundle.predictions import Predictions
from hagane.explanation.explanations import Explanations
from hagane.serving.explain_rows import ExplainRows
from hagane.serving.http import HttpError, Request, Response, Rows, one_line
from hagane.serving.json_fields import JsonFields
from hagane.serving.protocol import Explain, Predict, Protocol, Read
from hagane.serving.served_model import ServedModel


def own_paths(model: ServedModel, protocols: Sequence[Protocol]) -> Protocol:
    """They are there whichever protocols are; errors have the shape of the first protocol."""
    own = _OwnPaths(model, protocols)
    routes = (
        Read("/", own.index),
        Read("/healthz", own.health, kind="live"),
        Read("/readyz", own.health, kind="ready"),
        Read("/metadata", own.metadata),
        Read("/openapi.json", own.openapi),
    )
    return own.of(routes)


def page_paths(model: ServedModel) -> Protocol:
    """What the page at `/` asks: rows in, and faults apart, so that each is shown at its field."""
    routes: tuple[Predict | Explain, ...] = (Predict("/page/predict", _decode_page),)
    if model.can_explain:
        routes += (Explain("/page/explain", _decode_page_explain),)
    return Protocol("page", routes, _page_error, roots=("/page/",))


_VARY = ((b"vary", b"Accept"),)


class _OwnPaths:
    def __init__(self, model: ServedModel, protocols: Sequence[Protocol]) -> None:
        self._model = model
        self._protocols = protocols
        self._own: weakref.ref[Protocol] | None = None
        """These paths as a protocol. It holds this: a version that left is freed at once where there are no cycles."""
        self._html = self._document = b""

    def of(self, routes: tuple[Read, ...]) -> Protocol:
        """These paths as a protocol, with the errors of the first that is spoken."""
        own = Protocol("hagane", routes, self._protocols[0].error)
        self._own = weakref.ref(own)
        return own

    def _spoken(self) -> tuple[Protocol, ...]:
        own = self._own() if self._own is not None else None
        assert own is not None
        return (own, *self._protocols)

    def index(self, request: Request) -> Response:
        """Every path that is there; for a browser, a page where a row is filled in and its prediction shown."""
        model = self._model
        if b"text/html" in request.headers.get(b"accept", b""):
            return self._page()
        spoken = {
            each.name: [f"{route.method} {model.path(route.template)}" for route in each.routes]
            for each in self._protocols
        }
        paths = {"metadata": "/metadata", "openapi": "/openapi.json", "health": "/healthz"}
        answer = {"name": "hagane", "model": model.name, "version": model.version, "paths": paths, "protocols": spoken}
        return Response(200, msgspec.json.encode(answer), headers=_VARY)

    def _page(self) -> Response:
        from hagane.serving.try_page import POLICY, try_page

        if not self._html:
            self._html = try_page(self._model).encode()
        headers = (*_VARY, (b"content-security-policy", POLICY), (b"x-content-type-options", b"nosniff"))
        return Response(200, self._html, b"text/html; charset=utf-8", headers)

    def openapi(self, request: Request) -> Response:
        """This document."""
        from hagane.serving.openapi import openapi

        if not self._document:
            self._document = msgspec.json.encode(openapi(self._model, self._spoken()))
        return Response(200, self._document)

    def health(self, request: Request) -> Response:
        """200, unless the server's health says otherwise before this is asked."""
        return Response(200, b'{"status":"ok"}')

    def metadata(self, request: Request) -> Response:
        """What the model takes and answers, with an example that works."""
        return Response(200, msgspec.json.encode(facts_of(self._model)))


def _decode_page(request: Request) -> Rows:
    fields = JsonFields(request.body, ("instances",))
    fields.one_of("instances")
    return Rows(fields["instances"], _encode_page, tuple(fields.faults))


def _encode_page(predictions: Predictions) -> Response:
    return Response(200, msgspec.json.encode({"predictions": predictions.rows()}))


def _decode_page_explain(request: Request) -> ExplainRows:
    rows = _decode_page(request)
    return ExplainRows(rows.instances, _encode_page_explained, faults=rows.faults)


def _encode_page_explained(found: Explanations) -> Response:
    """Of each row a list of its outputs: the columns that matter most, and what they lead from and to."""
    told = [
        [
            {
                "output": found.output_name(int(found.outputs[row, place])),
                "baseline": float(found.baselines[row, place]),
                "value": float(found.values[row, place]),
                "columns": [
                    {"name": found.columns[column], "attribution": float(found.attributions[row, place, column])}
                    for column in found.order(row, place)
                ],
            }
            for place in range(found.outputs.shape[1])
        ]
        for row in range(len(found))
    ]
    return Response(200, msgspec.json.encode({"explanations": told}))


def _page_error(error: HttpError) -> Response:
    faults = [{"where": fault.where, "text": one_line(fault)} for fault in error.faults]
    return Response(error.status, msgspec.json.encode({"faults": faults}), headers=error.headers)


def facts_of(model: ServedModel) -> dict[str, Any]:
    """The signature as a client reads it."""
    signature = model.bundle.signature
    return {
        "deployedModelId": model.id,
        "model": f"models/{model.bundle.name}",
        "modelDisplayName": model.bundle.name,
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
        **({"endpoint": model.status.as_json()} if model.status is not None else {}),
    }

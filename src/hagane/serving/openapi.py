"""The OpenAPI document of one model: every path with bodies that work, and the answers that they really get."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from hagane.errors import Fault
from hagane.serving.http import JSON, HttpError, Request, Response
from hagane.serving.protocol import Body, Explain, Predict, Protocol, Read, Route
from hagane.serving.row_schema import row_schemas
from hagane.serving.served_model import ServedModel
from hagane.serving.server_version import server_version

_EXAMPLE_FAULT = Fault(what="age is not an INT64", where="instances[0].age", expected="INT64: a whole number or null")


def openapi(model: ServedModel, protocols: Sequence[Protocol]) -> dict[str, Any]:
    """An OpenAPI 3.1 document. Of two protocols that share a path it tells of the one that answers."""
    signature = model.bundle.signature
    paths: dict[str, dict[str, Any]] = {}
    for protocol in protocols:
        for route in protocol.routes:
            operation = _operation(model, protocol, route)
            if operation is not None:
                paths.setdefault(_path(model, route.template), {}).setdefault(route.method.lower(), operation)
    for number, operation in enumerate(each for operations in paths.values() for each in operations.values()):
        operation["operationId"] = f"{operation['tags'][0]}_{number}"
    about = f"{signature.about}, served by Hagane {server_version()}"
    return {
        "openapi": "3.1.0",
        "info": {"title": model.name, "version": model.version, "description": about},
        "paths": paths,
        "components": {"schemas": row_schemas(signature, extra_fields=model.decoder is not None)},
    }


def _path(model: ServedModel, template: str) -> str:
    """The path with this model's name and version; what else it names stays a parameter."""
    return re.sub(r"\{(model|version|label)\}", lambda found: model.path(found[0]), template)


def _operation(model: ServedModel, protocol: Protocol, route: Route) -> dict[str, Any] | None:
    """None for a path that this model refuses its own example at: `:regress` of a classifier."""
    handler = route.answer if isinstance(route, Read) else route.decode
    names = [name for name in re.findall(r"\{(\w+)\}", route.template) if name not in ("model", "version", "label")]
    operation: dict[str, Any] = {"tags": [protocol.name], "summary": (handler.__doc__ or "").strip().partition("\n")[0]}
    if names:
        string = {"type": "string"}
        operation["parameters"] = [{"name": name, "in": "path", "required": True, "schema": string} for name in names]
    responses = {
        "default": _response("an error, in the protocol's shape", protocol.error(HttpError(400, _EXAMPLE_FAULT)))
    }
    if route.bodies:
        content = {each.content_type: {"schema": each.schema, "example": each.example} for each in route.bodies}
        operation["requestBody"] = {"required": True, "content": content}
    if not isinstance(route, Read) and route.bodies:
        answer = _answer(model, protocol, route, route.bodies[0])
        if answer.status != 200:
            return None
        responses[str(answer.status)] = _response("the answer to the example", answer)
    elif isinstance(route, Read):
        responses[str(route.status)] = {"description": operation["summary"]}
    operation["responses"] = responses
    return operation


def _answer(model: ServedModel, protocol: Protocol, route: Predict | Explain, body: Body) -> Response:
    """What the example is answered."""
    own = {"model": model.name, "version": model.version}
    parameters = {name: own.get(name, model.path(f"{{{name}}}")) for name in re.findall(r"\{(\w+)\}", route.template)}
    headers = {b"content-type": body.content_type.encode()}
    try:
        request = Request("POST", route.template, parameters, headers, msgspec.json.encode(body.example))
        if isinstance(route, Explain):
            explained = route.decode(request)
            return explained.encode(model.explain(explained))
        rows = route.decode(request)
        return rows.encode(model.answer(rows))
    except HttpError as error:
        return protocol.error(error)


def _response(description: str, response: Response) -> dict[str, Any]:
    told: dict[str, Any] = {"description": description}
    if response.content_type == JSON:
        told["content"] = {
            "application/json": {"schema": {"type": "object"}, "example": msgspec.json.decode(response.body)}
        }
    return told

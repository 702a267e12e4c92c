"""MLflow's scoring server.

`POST /invocations` takes JSON with exactly one of `dataframe_split`, `dataframe_records`, `instances` and `inputs`, and
perhaps `params`, or `text/csv`. It answers `{"predictions": [...]}` with an object a row, as a model whose answer is a
DataFrame does; other content types are refused with 415. An error is `{"error_code", "message"}`. `GET /ping`,
`/health`, `/version`. Reference: MLflow's "Local Inference Server Spec", and `mlflow.pyfunc.scoring_server`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from hagane.bundle.faults import describe
from hagane.bundle.predictions import Predictions
from hagane.errors import Fault
from hagane.serving.csv_rows import csv_rows
from hagane.serving.http import HttpError, Request, Response, Rows
from hagane.serving.json_fields import JsonFields
from hagane.serving.protocol import Body, Predict, Protocol, Read
from hagane.serving.row_schema import COLUMNS, NOTHING, ROWS, object_of
from hagane.serving.served_model import ServedModel
from hagane.serving.server_version import server_version
from hagane.serving.tensor_rows import place_in_column, place_in_rows, rows_of_columns
from hagane.serving.typed_body import TypedBody

FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")
_CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "RESOURCE_DOES_NOT_EXIST",
    405: "BAD_REQUEST",
    413: "REQUEST_LIMIT_EXCEEDED",
    415: "BAD_REQUEST",
    429: "REQUEST_LIMIT_EXCEEDED",
    501: "NOT_IMPLEMENTED",
    503: "TEMPORARILY_UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
"""MLflow's names of errors; INTERNAL_ERROR for the rest."""
_MOST_FAULTS = 100
"""How many rows that are none are told."""


def protocol(model: ServedModel) -> Protocol:
    """MLflow's protocol for `model`."""
    mlflow = _MLflow(model)
    routes = (
        Predict("/invocations", mlflow.decode, bodies=_bodies(model)),
        Read("/ping", mlflow.ping, kind="ready"),
        Read("/health", mlflow.ping, kind="ready"),
        Read("/version", mlflow.version),
    )
    return Protocol("mlflow", routes, error_response, roots=("/invocations",))


def _bodies(model: ServedModel) -> tuple[Body, ...]:
    split = {
        "type": "object",
        "required": ["data"],
        "properties": {"columns": {"type": "array", "items": {"type": "string"}}, "data": {"type": "array"}},
    }
    either = {"anyOf": [ROWS, COLUMNS]}
    forms = {"dataframe_split": split, "dataframe_records": ROWS, "instances": either, "inputs": either}
    schema = {"oneOf": [object_of([name], **{name: form}, params=NOTHING) for name, form in forms.items()]}
    first = model.bundle.signature.names[0]
    return (
        Body(schema, {"dataframe_records": [model.example]}),
        Body({"type": "string"}, f'"{first}"\n\n', "text/csv"),
    )


class _MLflow:
    def __init__(self, model: ServedModel) -> None:
        self._model = model
        self._typed = TypedBody(model, "dataframe_records")

    def decode(self, request: Request) -> Rows:
        """The rows of any of the five forms."""
        kind = request.headers.get(b"content-type", b"application/json").partition(b";")[0].strip().lower()
        if kind == b"text/csv":
            return self._decode_csv(request.body)
        if kind != b"application/json":
            raise HttpError(
                415,
                Fault(
                    what="the content type is neither JSON nor CSV",
                    where="Content-Type",
                    expected="application/json or text/csv",
                    received=ascii(kind.decode("latin-1")[:100]),
                ),
            )
        typed = self._typed.read(request.body)
        if typed is not None:
            return Rows(typed, _encode, place=lambda where: place_in_rows(where, "dataframe_records"))
        fields = JsonFields(request.body, (*FORMS, "params"))
        fields.refuse("params", "the model takes no params")
        form = fields.one_of(*FORMS, expected="rows in one of them")
        faults = list(fields.faults)
        value = fields[form]
        if form == "dataframe_split":
            return self._decode_split(value, faults)
        if isinstance(value, dict) and form != "dataframe_records":
            longest = max((len(each) for each in value.values() if isinstance(each, list)), default=0)
            self._model.check_count(longest, form)
            rows = rows_of_columns(value, form, faults)
            return Rows(rows, _encode, tuple(faults), lambda where: place_in_column(where, form))
        return Rows(value, _encode, tuple(faults), lambda where: place_in_rows(where, form))

    def _decode_csv(self, body: bytes) -> Rows:
        faults: list[Fault] = []
        rows = csv_rows(body, self._model.bundle.signature, faults)
        return Rows(rows, _encode, tuple(faults), lambda where: place_in_rows(where, "csv"))

    def _decode_split(self, value: object, faults: list[Fault]) -> Rows:
        """A DataFrame as pandas writes it with `orient="split"`; its index is left alone."""
        place = "dataframe_split.data"
        if not isinstance(value, dict) or not isinstance(value.get("data"), list):
            expected = '{"columns": [...], "data": [[...]]}'
            faults.append(Fault(what="no data", where="dataframe_split", expected=expected, received=describe(value)))
            return Rows([], _encode, tuple(faults))
        data: list[Any] = value["data"]
        names = value.get("columns")
        self._model.check_count(len(data), place)
        if names is not None:
            data = _named(data, names, faults)
        return Rows(data, _encode, tuple(faults), lambda where: place_in_rows(where, place))

    def ping(self, request: Request) -> Response:
        """An empty line, as MLflow's: the model is loaded."""
        return Response(200, b"\n")

    def version(self, request: Request) -> Response:
        """The version of the server: Hagane's."""
        return Response(200, server_version().encode(), b"text/plain; charset=utf-8")


def error_response(error: HttpError) -> Response:
    """MLflow's RestException in JSON: a code, and every fault on a line of its own."""
    body = {"error_code": _CODES.get(error.status, "INTERNAL_ERROR"), "message": error.text}
    return Response(error.status, msgspec.json.encode(body), headers=error.headers)


def _named(data: list[Any], names: object, faults: list[Fault]) -> list[Any]:
    """The rows as objects; a row that is none, or of another length, is left for the decoder of rows to refuse."""
    where = "dataframe_split.columns"
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        expected = "a list of names"
        faults.append(
            Fault(what="columns is not a list of names", where=where, expected=expected, received=describe(names))
        )
        return []
    if len(set(names)) < len(names):
        faults.append(Fault(what="a column is there twice", where=where, expected="each name once"))
    named: list[Any] = []
    for index, row in enumerate(data):
        if isinstance(row, list) and len(row) == len(names):
            named.append(dict(zip(names, row, strict=True)))
            continue
        named.append({})
        if len(faults) < _MOST_FAULTS:
            place, expected = f"dataframe_split.data[{index}]", f"a list of {len(names)} values, one a column"
            faults.append(Fault(what="not a row", where=place, expected=expected, received=describe(row)))
    return named


def _encode(predictions: Predictions) -> Response:
    return Response(200, msgspec.json.encode({"predictions": predictions.rows()}))

"""TensorFlow Serving's REST API.

`POST /v1/models/N[/versions/V|/labels/L]:predict` takes rows (`instances` → `predictions`) or columns (`inputs` →
`outputs`), where a model of one output answers values without its name; `:classify` and `:regress` take `examples` and
answer `results`. `GET` of the path is the version's status, with `/metadata` its signature. An error is `{"error":
"text"}`. Reference: TensorFlow Serving's "RESTful API", and its source where the page leaves something open: it is
`results` there, though the page's own syntax says `result`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import msgspec

from hagane.bundle.faults import describe, path_to
from hagane.bundle.predictions import Predictions
from hagane.errors import Fault
from hagane.serving.http import HttpError, Request, Response, Rows
from hagane.serving.json_fields import JsonFields
from hagane.serving.model_status import model_status
from hagane.serving.protocol import Body, Predict, Protocol, Read, Route
from hagane.serving.row_schema import COLUMNS, ROW_BY_NAME, ROWS, object_of
from hagane.serving.served_model import ServedModel
from hagane.serving.tensor_rows import place_in_column, place_in_rows, rows_of_columns
from hagane.serving.typed_body import TypedBody
from hagane.types import SqlType

PATHS = ("/v1/models/{model}", "/v1/models/{model}/versions/{version}", "/v1/models/{model}/labels/{label}")
SIGNATURE = "serving_default"
"""The name of the one signature."""
_DTYPES = {SqlType.BOOL: "DT_BOOL", SqlType.INT64: "DT_INT64", SqlType.FLOAT64: "DT_DOUBLE"}
"""Texts, dates and times are DT_STRING."""


def protocol(model: ServedModel) -> Protocol:
    """TensorFlow Serving's protocol for `model`."""
    serving = _TensorFlowServing(model)
    name = {"enum": ["", SIGNATURE, None]}
    rows = {
        "oneOf": [
            object_of(["instances"], instances=ROWS, signature_name=name),
            object_of(["inputs"], inputs=COLUMNS, signature_name=name),
        ]
    }
    schema = object_of(
        ["examples"], examples=ROWS, context={"anyOf": [ROW_BY_NAME, {"type": "null"}]}, signature_name=name
    )
    examples = (Body(schema, {"examples": [model.example]}),)
    routes: list[Route] = []
    for path in PATHS:
        routes += [
            Predict(f"{path}:predict", serving.decode, bodies=(Body(rows, {"instances": [model.example]}),)),
            Predict(f"{path}:classify", serving.decode_classify, bodies=examples),
            Predict(f"{path}:regress", serving.decode_regress, bodies=examples),
            Read(path, serving.status, kind="ready"),
            Read(f"{path}/metadata", serving.metadata),
        ]
    return Protocol("tensorflow", tuple(routes), error_response, roots=("/v1/models/",))


def error_response(error: HttpError) -> Response:
    """`{"error": "every fault, a line each"}`."""
    return Response(error.status, msgspec.json.encode({"error": error.text}), headers=error.headers)


class _TensorFlowServing:
    def __init__(self, model: ServedModel) -> None:
        self._model = model
        self._scalars = frozenset(column.name for column in model.bundle.signature.inputs if not column.type.is_array)
        has_b64 = "b64" in model.bundle.signature.names
        self._typed = None if has_b64 else (TypedBody(model), TypedBody(model, "inputs", by_column=True))
        self._only = model.bundle.signature.names[0] if len(model.bundle.signature.names) == 1 else None

    def decode(self, request: Request) -> Rows:
        """Rows or columns."""
        typed = self._decode_typed(request)
        if typed is not None:
            return typed
        fields = self._fields(request, ("instances", "inputs", "signature_name"))
        form = fields.one_of("instances", "inputs", expected="rows in instances, or columns in inputs")
        faults = list(fields.faults)
        if form == "inputs":
            rows = self._columns(fields["inputs"], faults)
            return Rows(rows, self._encode_columns, tuple(faults), lambda where: place_in_column(where, "inputs"))
        return Rows(self._rows(fields["instances"], "instances", faults), self._encode_rows, tuple(faults))

    def _decode_typed(self, request: Request) -> Rows | None:
        """The short way, where the body has one."""
        if self._typed is None:
            return None
        by_row, by_column = self._typed
        if (instances := by_row.read(request.body)) is not None:
            rows = Rows(instances, self._encode_rows)
        elif (instances := by_column.read(request.body)) is not None:
            rows = Rows(instances, self._encode_columns, place=lambda where: place_in_column(where, "inputs"))
        else:
            return None
        self._check(request)
        return rows

    def decode_classify(self, request: Request) -> Rows:
        """Examples to be classified."""
        return self._examples(request, "classify")

    def decode_regress(self, request: Request) -> Rows:
        """Examples whose number is asked."""
        return self._examples(request, "regress")

    def status(self, request: Request) -> Response:
        """The version that is served is available: a server whose model is not loaded does not listen."""
        self._check(request)
        alone = "version" in request.parameters or "label" in request.parameters
        return Response(200, msgspec.json.encode(model_status(self._model, alone=alone)))

    def metadata(self, request: Request) -> Response:
        """The signature, as GetModelMetadata has it."""
        self._check(request)
        inputs = {
            column.name: _tensor_info(column.name, column.type.element, (-1, -1))
            if column.type.is_array
            else _tensor_info(column.name, column.type, (-1,))
            for column in self._model.bundle.signature.inputs
        }
        outputs = {
            each.name: _tensor_info(each.name, each.type, (-1,) if each.width is None else (-1, each.width))
            for each in self._model.outputs.tensors
        }
        signature = {"inputs": inputs, "outputs": outputs, "method_name": "tensorflow/serving/predict"}
        answer = {
            "model_spec": {"name": self._model.name, "signature_name": "", "version": self._model.version},
            "metadata": {"signature_def": {"signature_def": {SIGNATURE: signature}}},
        }
        return Response(200, msgspec.json.encode(answer))

    def _check(self, request: Request) -> None:
        self._model.check_name(request.parameters["model"])
        self._model.check_version(request.parameters.get("version"), request.parameters.get("label"))

    def _fields(self, request: Request, known: tuple[str, ...]) -> JsonFields:
        self._check(request)
        fields = JsonFields(request.body, known)
        name = fields.get("signature_name")
        if name not in (None, "", SIGNATURE):
            received = describe(name)
            fault = Fault(what="no such signature", where="signature_name", expected=SIGNATURE, received=received)
            fields.faults.append(fault)
        return fields

    def _rows(self, value: object, where: str, faults: list[Fault]) -> object:
        """The rows with their values plain; a bare value is the row of a model of one column."""
        if not isinstance(value, list):
            return value
        return [self._row(row, f"{where}[{index}]", faults) for index, row in enumerate(value)]

    def _row(self, row: object, where: str, faults: list[Fault]) -> object:
        if isinstance(row, dict) and not (self._only and row.keys() == {"b64"}):
            return {name: self._plain(each, name, path_to(where, name), faults) for name, each in row.items()}
        if self._only is not None and not isinstance(row, list):
            return {self._only: self._plain(row, self._only, where, faults)}
        return row

    def _columns(self, value: object, faults: list[Fault]) -> list[dict[str, Any]]:
        """The rows of columns; a bare list is the column of a model of one."""
        if self._only is not None and isinstance(value, list):
            value = {self._only: value}
        if not isinstance(value, dict):
            faults.append(_no_object("inputs", '{"column": [...]}', value))
            return []
        longest = max((len(each) for each in value.values() if isinstance(each, list)), default=0)
        self._model.check_count(longest, "inputs")
        plain = {
            name: [
                self._plain(each, name, f"{path_to('inputs', name)}[{index}]", faults)
                for index, each in enumerate(column)
            ]
            if isinstance(column, list)
            else column
            for name, column in value.items()
        }
        return rows_of_columns(plain, "inputs", faults)

    def _plain(self, value: object, name: str, where: str, faults: list[Fault]) -> object:
        """A value out of a list of one, as tensors [n, 1] and tf.Example have it, and out of base64."""
        while name in self._scalars and isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, list):
            return [_decoded(each, where, faults) for each in value]
        return _decoded(value, where, faults)

    def _examples(self, request: Request, method: str) -> Rows:
        fields = self._fields(request, ("examples", "context", "signature_name"))
        fields.one_of("examples")
        faults = list(fields.faults)
        context = self._context(fields.get("context"), faults)
        examples = fields["examples"]
        if isinstance(examples, list):
            examples = [{**context, **row} if isinstance(row, dict) else row for row in examples]
        rows = self._rows(examples, "examples", faults)
        encode = self._encode_classes if method == "classify" else self._encode_numbers
        self._check_method(method)
        return Rows(rows, encode, tuple(faults), lambda where: place_in_rows(where, "examples"))

    def _context(self, value: object, faults: list[Fault]) -> dict[str, Any]:
        """What all examples share; nothing where any of it is no value of its column, which is told once."""
        if value is None:
            return {}
        if not isinstance(value, dict):
            faults.append(_no_object("context", "columns that all examples share", value))
            return {}
        found = self._model.row_faults(self._row(value, "context", faults), "context")
        faults += found
        return {} if found else value

    def _check_method(self, method: str) -> None:
        """Raises HttpError 400 where the model does not do that."""
        outputs = self._model.outputs.tensors
        probs = [each.name for each in outputs if each.width is not None and each.name.endswith("_probs")]
        numbers = [each.name for each in outputs if each.width is None and each.name.startswith("predicted_")]
        if method == "classify" and len(probs) != 1:
            what = "the model is no classifier of one label" if probs else "the model is no classifier"
            raise HttpError(400, Fault(what=what, next_step="ask with :predict"))
        if method == "regress" and (probs or len(numbers) != 1):
            what = "the model is no regression" if probs else "the model is no regression of one label"
            raise HttpError(400, Fault(what=what, next_step="ask with :predict"))

    def _encode_rows(self, predictions: Predictions) -> Response:
        columns = self._model.outputs.columns(predictions)
        values = list(columns.values())
        rows: list[Any] = (
            [dict(zip(columns, row, strict=True)) for row in zip(*values, strict=True)]
            if len(values) > 1
            else values[0]
        )
        return Response(200, msgspec.json.encode({"predictions": rows}))

    def _encode_columns(self, predictions: Predictions) -> Response:
        columns = self._model.outputs.columns(predictions)
        outputs = columns if len(columns) > 1 else next(iter(columns.values()))
        return Response(200, msgspec.json.encode({"outputs": outputs}))

    def _encode_classes(self, predictions: Predictions) -> Response:
        results = []
        for row in predictions.rows():
            ranked = next(value for value in row.values() if isinstance(value, list))
            results.append([[_label(each["label"]), each["prob"]] for each in ranked])
        return Response(200, msgspec.json.encode({"results": results}))

    def _encode_numbers(self, predictions: Predictions) -> Response:
        results = [next(iter(row.values())) for row in predictions.rows()]
        return Response(200, msgspec.json.encode({"results": results}))


def _no_object(name: str, expected: str, value: object) -> Fault:
    return Fault(what=f"{name} is not an object", where=name, expected=expected, received=describe(value))


def _label(value: object) -> str:
    """A class as text, which it always is in a Classification."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _decoded(value: object, where: str, faults: list[Fault]) -> object:
    """A value, out of base64 where it is in it."""
    is_encoded = isinstance(value, dict) and value.keys() == {"b64"}
    return _text(value["b64"], where, faults) if is_encoded else value  # type: ignore[index]


def _text(value: object, where: str, faults: list[Fault]) -> object:
    """The text in base64; what is none is a fault, and NULL."""
    try:
        if isinstance(value, str):
            return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, ValueError):
        pass
    expected = "base64 of UTF-8 text"
    faults.append(Fault(what="b64 is no text in base64", where=where, expected=expected, received=describe(value)))
    return None


def _tensor_info(name: str, type_: SqlType, shape: tuple[int, ...]) -> Mapping[str, Any]:
    """A TensorInfo as protobuf writes it in JSON: sizes are texts."""
    dims = [{"size": str(size), "name": ""} for size in shape]
    return {
        "dtype": _DTYPES.get(type_, "DT_STRING"),
        "tensor_shape": {"dim": dims, "unknown_rank": False},
        "name": f"{name}:0",
    }

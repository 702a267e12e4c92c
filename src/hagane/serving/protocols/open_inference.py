"""The Open Inference Protocol (version 2) over REST, with the binary tensor extension.

`POST /v2/models/N[/versions/V]/infer` takes `{"id", "parameters", "inputs": [{"name", "shape", "datatype", "data"}],
"outputs": [{"name"}]}` and answers tensors likewise. With `Inference-Header-Content-Length` the body is that much JSON
and then the bytes of the tensors that say `binary_data_size`; outputs come so where `binary_data` or
`binary_data_output` ask for it. An error is `{"error": "text"}`. Reference: the protocol's specification, and Triton's
descriptions of its binary data and classification extensions. Its gRPC half is `hagane.serving.grpc_server`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from hagane.bundle.faults import describe, path_to
from hagane.bundle.predictions import Predictions
from hagane.bundle.values import is_unicode
from hagane.errors import Fault
from hagane.serving.http import JSON, HttpError, Request, Response, Rows
from hagane.serving.inference import (
    RequestedOutput,
    answer_tensors,
    check_requested,
    check_tensor,
    datatype_of,
    input_facts,
    output_facts,
    rows_of_tensors,
)
from hagane.serving.json_fields import JsonFields
from hagane.serving.protocol import Body, Predict, Protocol, Read, Route
from hagane.serving.row_schema import PARAMETERS, object_of
from hagane.serving.served_model import ServedModel
from hagane.serving.server_version import server_version
from hagane.serving.tensor import BYTES, DTYPES, Tensor
from hagane.serving.tensor_rows import place_in_column

PATHS = ("/v2/models/{model}", "/v2/models/{model}/versions/{version}")
EXTENSIONS = ("binary_tensor_data", "classification")
PLATFORM = "onnx_onnxv1"
HEADER = b"inference-header-content-length"
_HEADER_NAME = "Inference-Header-Content-Length"
BINARY = b"application/octet-stream"


def protocol(model: ServedModel) -> Protocol:
    """The Open Inference Protocol for `model`."""
    inference = _OpenInference(model)
    routes: list[Route] = [
        Read("/v2", inference.server),
        Read("/v2/health/live", inference.live, kind="live"),
        Read("/v2/health/ready", inference.ready, kind="ready"),
    ]
    for path in PATHS:
        routes += [
            Predict(f"{path}/infer", inference.decode, bodies=(_body(model),)),
            Read(path, inference.metadata),
            Read(f"{path}/ready", inference.model_ready, kind="ready"),
        ]
    return Protocol("open_inference", tuple(routes), error_response, roots=("/v2",))


def error_response(error: HttpError) -> Response:
    """`{"error": "every fault, a line each"}`."""
    return Response(error.status, msgspec.json.encode({"error": error.text}), headers=error.headers)


def _body(model: ServedModel) -> Body:
    tensor = {
        "type": "object",
        "required": ["name", "shape", "datatype"],
        "properties": {
            "name": {"enum": list(model.bundle.signature.names)},
            "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1, "maxItems": 2},
            "datatype": {"enum": [BYTES, *DTYPES]},
            "data": {"type": "array"},
            "parameters": PARAMETERS,
        },
    }
    output = {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"enum": list(model.outputs.names)}, "parameters": PARAMETERS},
    }
    schema = object_of(
        ["inputs"],
        inputs={"type": "array", "items": tensor},
        outputs={"type": ["array", "null"], "items": output},
        id={"type": ["string", "null"]},
        parameters=PARAMETERS,
    )
    inputs = []
    for facts in input_facts(model):
        value = model.example.get(facts.name)
        shape, data = ([1], [value]) if len(facts.shape) == 1 else ([1, len(value or [])], list(value or []))
        inputs.append({"name": facts.name, "shape": shape, "datatype": facts.datatype, "data": data})
    return Body(schema, {"inputs": inputs})


class _OpenInference:
    def __init__(self, model: ServedModel) -> None:
        self._model = model

    def server(self, request: Request) -> Response:
        """Name, version and extensions."""
        return _json({"name": "hagane", "version": server_version(), "extensions": EXTENSIONS})

    def live(self, request: Request) -> Response:
        """It answers."""
        return _json({"live": True})

    def ready(self, request: Request) -> Response:
        """Unless the server's health says otherwise before this is asked."""
        return _json({"ready": True})

    def model_ready(self, request: Request) -> Response:
        """The model is loaded."""
        self._check(request)
        return _json({"name": self._model.name, "ready": True})

    def metadata(self, request: Request) -> Response:
        """What goes in and what comes out."""
        self._check(request)
        answer = {
            "name": self._model.name,
            "versions": self._model.versions,
            "platform": PLATFORM,
            "inputs": [each._asdict() for each in input_facts(self._model)],
            "outputs": [each._asdict() for each in output_facts(self._model)],
        }
        return _json(answer)

    def decode(self, request: Request) -> Rows:
        """The rows of the tensors."""
        self._check(request)
        head, blob = self._parts(request)
        if head is None:
            return self._decode_raw(blob)
        fields = JsonFields(head, ("inputs", "outputs", "id", "parameters"))
        fields.one_of("inputs", expected="a list of tensors")
        faults = list(fields.faults)
        id_ = fields.get("id")
        if id_ is not None and not (isinstance(id_, str) and is_unicode(id_)):
            faults.append(Fault(what="id is not a string", where="id", expected="a string", received=describe(id_)))
        tensors = self._tensors(_objects(fields["inputs"], "inputs", faults), blob, faults)
        if not isinstance(fields.get("parameters"), dict | None):
            faults.append(_no_parameters("parameters", fields.get("parameters")))
        binary = _parameters(fields.get("parameters")).get("binary_data_output") is True
        outputs = fields.get("outputs")
        asked = [] if outputs is None else _objects(outputs, "outputs", faults)
        requested = [_requested(each, binary) for each in asked]
        check_requested(self._model, requested, faults)
        return self._rows(tensors, requested, binary, id_ if isinstance(id_, str) else "", faults)

    def _decode_raw(self, raw: bytes) -> Rows:
        """A header of length 0: the body is the one column of a model of one, and nothing else."""
        columns = self._model.bundle.signature.inputs
        if len(columns) != 1 or columns[0].type.is_array:
            what = "a body without JSON is for models of one column that is no array"
            raise HttpError(400, Fault(what=what, where=_HEADER_NAME, expected="the JSON's length"))
        name, datatype, faults = columns[0].name, datatype_of(columns[0].type), list[Fault]()
        if datatype == BYTES:
            tensor = Tensor.from_texts(name, (1,), [raw], faults)
        else:
            num_rows = len(raw) // (8 if datatype != "BOOL" else 1)
            check_tensor(self._model, name, datatype, (num_rows,), faults)
            tensor = Tensor.from_raw(name, datatype, (num_rows,), raw, faults)
        return self._rows([tensor] if tensor is not None else [], [], False, "", faults)

    def _rows(
        self, tensors: list[Tensor], requested: list[RequestedOutput], binary: bool, id_: str, faults: list[Fault]
    ) -> Rows:
        rows = rows_of_tensors(self._model, tensors, faults)
        asked = requested or [RequestedOutput(name, binary) for name in self._model.outputs.names]

        def encode(predictions: Predictions) -> Response:
            return self._encode(answer_tensors(self._model, predictions, asked), asked, id_)

        return Rows(rows, encode, tuple(faults), lambda where: place_in_column(where, "inputs"))

    def _parts(self, request: Request) -> tuple[bytes | None, bytes]:
        """The JSON and what is behind it; None for a body without JSON."""
        told = request.headers.get(HEADER)
        if told is None:
            return request.body, b""
        if not told.isdigit() or len(told) > 18 or int(told) > len(request.body):
            expected, received = (
                f"a number up to {len(request.body)}, the body's size",
                ascii(told[:40].decode("latin-1")),
            )
            fault = Fault(what="no length of the JSON", where=_HEADER_NAME, expected=expected, received=received)
            raise HttpError(400, fault)
        length = int(told)
        return request.body[:length] if length else None, request.body[length:]

    def _tensors(self, inputs: list[dict[str, Any]], blob: bytes, faults: list[Fault]) -> list[Tensor]:
        tensors, at = [], 0
        for each in inputs:
            size = _parameters(each.get("parameters")).get("binary_data_size")
            raw = None
            if isinstance(size, int) and not isinstance(size, bool) and size >= 0:
                raw, at = blob[at : at + size], at + size
            tensor = self._tensor(each, raw, faults)
            tensors += [tensor] if tensor is not None else []
        if at != len(blob):
            what = "the bytes behind the JSON are not those of its tensors"
            faults.append(
                Fault(what=what, expected=f"{at} bytes, the sum of binary_data_size", received=f"{len(blob)}")
            )
        return tensors

    def _tensor(self, each: dict[str, Any], raw: bytes | None, faults: list[Fault]) -> Tensor | None:
        """The tensor; None where it cannot be read, with the reason in `faults`."""
        name, datatype, shape = each["name"], each.get("datatype"), each.get("shape")
        if not isinstance(datatype, str):
            known = ", ".join((BYTES, *DTYPES))
            where = f"{path_to('inputs', name)}.datatype"
            faults.append(Fault(what=f"{name} has no datatype", where=where, expected=known))
        if not isinstance(shape, list) or not all(type(size) is int for size in shape):
            where, received = f"{path_to('inputs', name)}.shape", describe(shape)
            faults.append(Fault(what=f"{name} has no shape", where=where, expected="[rows]", received=received))
        elif isinstance(datatype, str) and check_tensor(self._model, name, datatype, shape, faults):
            if raw is not None:
                return Tensor.from_raw(name, datatype, tuple(shape), raw, faults)
            return Tensor.from_json(name, datatype, tuple(shape), each.get("data"), faults)
        return None

    def _encode(self, tensors: list[Tensor], asked: list[RequestedOutput], id_: str) -> Response:
        outputs: list[dict[str, Any]] = []
        blobs: list[bytes] = []
        for tensor, output in zip(tensors, asked, strict=True):
            told: dict[str, Any] = {"name": tensor.name, "datatype": tensor.datatype, "shape": tensor.shape}
            if output.binary:
                blobs.append(tensor.raw())
                told["parameters"] = {"binary_data_size": len(blobs[-1])}
            else:
                told["data"] = tensor.values
            outputs.append(told)
        answer = {"model_name": self._model.name, "model_version": self._model.version}
        head = msgspec.json.encode({**answer, **({"id": id_} if id_ else {}), "outputs": outputs})
        if not any(output.binary for output in asked):
            return Response(200, head)
        return Response(200, head + b"".join(blobs), BINARY, ((HEADER, str(len(head)).encode()),))

    def _check(self, request: Request) -> None:
        self._model.check_name(request.parameters["model"])
        self._model.check_version(request.parameters.get("version"))


def _objects(value: object, where: str, faults: list[Fault]) -> list[dict[str, Any]]:
    """The objects with a name in a list; whatever is none is a fault."""
    if not isinstance(value, list):
        faults.append(Fault(what=f"{where} is not a list", where=where, expected="a list", received=describe(value)))
        return []
    objects = []
    for index, each in enumerate(value):
        if isinstance(each, dict) and isinstance(each.get("name"), str):
            objects.append(each)
            if not isinstance(each.get("parameters"), dict | None):
                faults.append(_no_parameters(f"{where}[{index}].parameters", each["parameters"]))
        else:
            expected = '{"name": "…"}'
            faults.append(Fault(what="no name", where=f"{where}[{index}]", expected=expected, received=describe(each)))
    return objects


def _requested(each: dict[str, Any], binary: bool) -> RequestedOutput:
    parameters = _parameters(each.get("parameters"))
    wanted, classes = parameters.get("binary_data", binary), parameters.get("classification", 0)
    return RequestedOutput(each["name"], wanted is True, classes if type(classes) is int and classes > 0 else 0)


def _no_parameters(where: str, value: object) -> Fault:
    return Fault(what="parameters is not an object", where=where, expected="an object", received=describe(value))


def _parameters(value: object) -> dict[str, Any]:
    """Parameters are what servers and clients make of them: those that mean nothing here are passed over."""
    return value if isinstance(value, dict) else {}


def _json(value: object) -> Response:
    return Response(200, msgspec.json.encode(value), JSON)

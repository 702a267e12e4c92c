"""The Open Inference Protocol over gRPC: messages become tensors and back; the rest is `hagane.serving.inference`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from google.protobuf.message import DecodeError

from hagane.bundle.faults import path_to
from hagane.bundle.predictions import Predictions
from hagane.errors import Fault
from hagane.serving.deployment import CALLS
from hagane.serving.exchange import Kind
from hagane.serving.grpc_error import error_response
from hagane.serving.grpc_messages import SERVICE, message_class
from hagane.serving.http import HttpError, Request, Response, Rows
from hagane.serving.inference import (
    RequestedOutput,
    TensorFacts,
    answer_tensors,
    check_requested,
    check_tensor,
    input_facts,
    output_facts,
    rows_of_tensors,
)
from hagane.serving.protocol import Predict, Protocol, Read, Route
from hagane.serving.protocols.open_inference import EXTENSIONS, PLATFORM
from hagane.serving.served_model import ServedModel
from hagane.serving.server_version import server_version
from hagane.serving.tensor import BYTES, Tensor
from hagane.serving.tensor_rows import place_in_column

GRPC = b"application/grpc"
_CONTENTS = {
    "BOOL": "bool_contents",
    **dict.fromkeys(("INT8", "INT16", "INT32"), "int_contents"),
    "INT64": "int64_contents",
    **dict.fromkeys(("UINT8", "UINT16", "UINT32"), "uint_contents"),
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    BYTES: "bytes_contents",
}
"""Where a tensor's values are when they are not raw; FP16 has no such place."""


def grpc_protocol(model: ServedModel) -> Protocol:
    """The service's calls for `model`: a route each, whose path is gRPC's; bodies are messages, in both directions."""
    inference = _GrpcInference(model)
    reads: dict[str, tuple[Callable[[Request], Response], Kind]] = {
        "ServerLive": (lambda request: _message("ServerLiveResponse", live=True), "live"),
        "ServerReady": (lambda request: _message("ServerReadyResponse", ready=True), "ready"),
        "ModelReady": (inference.model_ready, "ready"),
        "ServerMetadata": (inference.server_metadata, "read"),
        "ModelMetadata": (inference.model_metadata, "read"),
    }
    routes: list[Route] = [Predict(call_path("ModelInfer"), inference.decode, named=_named)]
    for name, (answer, kind) in reads.items():
        named = _named if name.startswith("Model") else None
        routes.append(Read(call_path(name), answer, method="POST", kind=kind, named=named))
    return Protocol(CALLS, tuple(routes), error_response)


def call_path(name: str) -> str:
    """Where gRPC has a call of the service.

    >>> call_path("ModelInfer")
    '/inference.GRPCInferenceService/ModelInfer'
    """
    return f"/{SERVICE}/{name}"


class _GrpcInference:
    """The handlers. They raise HttpError, as those of the other protocols do."""

    def __init__(self, model: ServedModel) -> None:
        self._model = model

    def model_ready(self, request: Request) -> Response:
        """Unless the server's health says otherwise before this is asked."""
        self._check(request)
        return _message("ModelReadyResponse", ready=True)

    def server_metadata(self, request: Request) -> Response:
        """Name, version and extensions."""
        return _message("ServerMetadataResponse", name="hagane", version=server_version(), extensions=EXTENSIONS[1:])

    def model_metadata(self, request: Request) -> Response:
        """What goes in and what comes out."""
        self._check(request)
        return _message(
            "ModelMetadataResponse",
            name=self._model.name,
            versions=self._model.versions,
            platform=PLATFORM,
            inputs=[_facts(each) for each in input_facts(self._model)],
            outputs=[_facts(each) for each in output_facts(self._model)],
        )

    def decode(self, request: Request) -> Rows:
        """The rows of the tensors."""
        self._check(request)
        message = _read("ModelInferRequest", request.body)
        faults: list[Fault] = []
        tensors = _tensors(self._model, message, faults)
        requested = [
            RequestedOutput(each.name, num_classes=max(0, each.parameters["classification"].int64_param))
            if "classification" in each.parameters
            else RequestedOutput(each.name)
            for each in message.outputs
        ]
        check_requested(self._model, requested, faults)
        rows = rows_of_tensors(self._model, tensors, faults)
        encode = functools.partial(self._encode, requested, message.id, bool(message.raw_input_contents))
        return Rows(rows, encode, tuple(faults), lambda where: place_in_column(where, "inputs"))

    def _encode(self, requested: list[RequestedOutput], id_: str, is_raw: bool, predictions: Predictions) -> Response:
        """Tensors, raw where they came raw."""
        model = self._model
        answer = message_class("ModelInferResponse")(model_name=model.name, model_version=model.version, id=id_)
        for tensor in answer_tensors(model, predictions, requested):
            output = answer.outputs.add(name=tensor.name, datatype=tensor.datatype, shape=tensor.shape)
            if is_raw:
                answer.raw_output_contents.append(tensor.raw())
            else:
                getattr(output.contents, _CONTENTS[tensor.datatype]).extend(_typed(tensor))
        return Response(200, answer.SerializeToString(), GRPC)

    def _check(self, request: Request) -> None:
        self._model.check_name(request.parameters["model"])
        self._model.check_version(request.parameters.get("version"))


def _named(request: Request) -> dict[str, str]:
    """The model and version of a message: its first two fields, whichever of the calls it is. The rest is not read."""
    named = _read("ModelNamed", request.body)
    return {"model": named.name, **({"version": named.version} if named.version else {})}


def _read(name: str, body: bytes) -> Any:
    try:
        return message_class(name).FromString(body)
    except DecodeError:
        raise HttpError(400, Fault(what="the message cannot be read", expected="protobuf of the service")) from None


def _message(name: str, /, **fields: Any) -> Response:
    return Response(200, message_class(name)(**fields).SerializeToString(), GRPC)


def _tensors(model: ServedModel, request: Any, faults: list[Fault]) -> list[Tensor]:
    raws = request.raw_input_contents
    if not request.inputs:
        raise HttpError(400, Fault(what="no inputs", where="inputs", expected="a tensor or several"))
    if raws and len(raws) != len(request.inputs):
        what, expected = "raw_input_contents are not those of the tensors", f"{len(request.inputs)}, one for each"
        raise HttpError(400, Fault(what=what, expected=expected, received=str(len(raws))))
    tensors = []
    for index, each in enumerate(request.inputs):
        if check_tensor(model, each.name, each.datatype, each.shape, faults):
            tensor = _tensor(each, raws[index] if raws else None, faults)
            tensors += [tensor] if tensor is not None else []
    return tensors


def _tensor(each: Any, raw: bytes | None, faults: list[Fault]) -> Tensor | None:
    """The tensor; None where it cannot be read, with the reason in `faults`."""
    shape = tuple(each.shape)
    if raw is not None:
        if each.HasField("contents"):
            where = path_to("inputs", each.name)
            faults.append(Fault(what=f"{each.name} has contents besides raw_input_contents", where=where))
        return Tensor.from_raw(each.name, each.datatype, shape, raw, faults)
    if each.datatype not in _CONTENTS:
        what, expected = f"{each.datatype} has no contents", "raw_input_contents"
        faults.append(Fault(what=what, where=path_to("inputs", each.name), expected=expected))
        return None
    values = getattr(each.contents, _CONTENTS[each.datatype])
    if each.datatype == BYTES:
        return Tensor.from_texts(each.name, shape, list(values), faults)
    return Tensor.from_json(each.name, each.datatype, shape, list(values), faults)


def _typed(tensor: Tensor) -> list[Any]:
    if tensor.datatype == BYTES:
        return [text.encode() for text in tensor.values]
    return [float("nan") if value is None else value for value in tensor.values]


def _facts(facts: TensorFacts) -> Any:
    return message_class("ModelMetadataResponse.TensorMetadata")(**facts._asdict())

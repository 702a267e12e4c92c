"""The Open Inference Protocol over gRPC: messages become tensors and back; the rest is `hagane.serving.inference`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hagane.bundle.faults import path_to
from hagane.errors import Fault
from hagane.serving.exchange import Exchange
from hagane.serving.grpc_messages import message_class
from hagane.serving.http import HttpError
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
from hagane.serving.protocols.open_inference import EXTENSIONS, PLATFORM
from hagane.serving.served_model import ServedModel
from hagane.serving.server_version import server_version
from hagane.serving.tensor import BYTES, Tensor
from hagane.serving.tensor_rows import place_in_column

if TYPE_CHECKING:
    from hagane.serving.app import App
    from hagane.serving.deployment import Deployment

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


class GrpcInference:
    """Answers the service's calls with what `app` serves. Every method takes a request and answers a message.

    Raises HttpError, as the other protocols do.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    @property
    def calls(self) -> dict[str, Callable[[Any, Exchange], Any]]:
        """By the names of the service's methods: a message and what is to be told of it; the answer."""
        return {
            "ServerLive": lambda *_: message_class("ServerLiveResponse")(live=True),
            "ServerReady": lambda *_: message_class("ServerReadyResponse")(ready=self._is_ready()),
            "ModelReady": self.model_ready,
            "ServerMetadata": self.server_metadata,
            "ModelMetadata": self.model_metadata,
            "ModelInfer": self.infer,
        }

    def model_ready(self, request: Any, exchange: Exchange) -> Any:
        """Whether that model is served: of one that is not, clients want to hear no, not an error."""
        try:
            self._deployment(exchange, request.name, request.version)
        except HttpError:
            ready = False
        else:
            ready = self._is_ready()
        return message_class("ModelReadyResponse")(ready=ready)

    def _is_ready(self) -> bool:
        return not self._app.health.why_not_ready()

    def server_metadata(self, request: Any, exchange: Exchange) -> Any:
        """Name, version and extensions."""
        answer = message_class("ServerMetadataResponse")
        return answer(name="hagane", version=server_version(), extensions=EXTENSIONS[1:])

    def model_metadata(self, request: Any, exchange: Exchange) -> Any:
        """What goes in and what comes out."""
        model = self._deployment(exchange, request.name, request.version).model
        return message_class("ModelMetadataResponse")(
            name=model.name,
            versions=model.versions,
            platform=PLATFORM,
            inputs=[_facts(each) for each in input_facts(model)],
            outputs=[_facts(each) for each in output_facts(model)],
        )

    def infer(self, request: Any, exchange: Exchange) -> Any:
        """Tensors in, tensors out: raw where they came raw."""
        model = self._deployment(exchange, request.model_name, request.model_version).model
        faults: list[Fault] = []
        tensors = _tensors(model, request, faults)
        requested = [
            RequestedOutput(each.name, num_classes=max(0, each.parameters["classification"].int64_param))
            if "classification" in each.parameters
            else RequestedOutput(each.name)
            for each in request.outputs
        ]
        check_requested(model, requested, faults)
        rows = rows_of_tensors(model, tensors, faults)
        exchange.instances, begin = rows, time.monotonic()
        exchange.waited_seconds = begin - exchange.request.received
        predictions = model.predict(rows, tuple(faults), lambda where: place_in_column(where, "inputs"))
        exchange.predictions, exchange.model_seconds = predictions, time.monotonic() - begin
        answer = message_class("ModelInferResponse")(model_name=model.name, model_version=model.version, id=request.id)
        for tensor in answer_tensors(model, predictions, requested):
            output = answer.outputs.add(name=tensor.name, datatype=tensor.datatype, shape=tensor.shape)
            if request.raw_input_contents:
                answer.raw_output_contents.append(tensor.raw())
            else:
                getattr(output.contents, _CONTENTS[tensor.datatype]).extend(_typed(tensor))
        return answer

    def _deployment(self, exchange: Exchange, name: str, version: str) -> Deployment:
        """Who answers. Raises HttpError 404 for a model or version that is not served."""
        exchange.request.parameters = {"model": name, **({"version": version} if version else {})}
        endpoint, request = self._app.endpoint, exchange.request
        exchange.deployment = found = (
            endpoint.choose(request) if exchange.kind == "predict" else endpoint.named(request)
        )
        found.model.check_name(name)
        found.model.check_version(version or None)
        return found


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
    shape, where = tuple(each.shape), path_to("inputs", each.name)
    if raw is not None:
        if each.HasField("contents"):
            faults.append(Fault(what=f"{each.name} has contents besides raw_input_contents", where=where))
        return Tensor.from_raw(each.name, each.datatype, shape, raw, faults)
    if each.datatype not in _CONTENTS:
        what, expected = f"{each.datatype} has no contents", "raw_input_contents"
        faults.append(Fault(what=what, where=where, expected=expected))
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

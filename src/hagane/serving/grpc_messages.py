"""The messages of the Open Inference Protocol's gRPC service, made from a table while the program runs.

There is no generated code: that is bound to the release of protobuf that generated it, and has to be made again and
compared for ever. The table below is the protocol's own text in another notation, and a test holds its numbers and
types to the messages that Triton's client was built with. They live in a pool of their own: a program may hold other
messages of the same names.
"""

from __future__ import annotations

import functools
import re
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PACKAGE = "inference"
SERVICE = "inference.GRPCInferenceService"
METHODS = ("ServerLive", "ServerReady", "ModelReady", "ServerMetadata", "ModelMetadata", "ModelInfer")

_MESSAGES: dict[str, str] = {
    "ServerLiveRequest": "",
    "ServerLiveResponse": "bool live",
    "ServerReadyRequest": "",
    "ServerReadyResponse": "bool ready",
    "ModelReadyRequest": "string name, string version",
    "ModelReadyResponse": "bool ready",
    "ServerMetadataRequest": "",
    "ServerMetadataResponse": "string name, string version, repeated string extensions",
    "ModelMetadataRequest": "string name, string version",
    "ModelMetadataResponse.TensorMetadata": "string name, string datatype, repeated int64 shape",
    "ModelMetadataResponse": "string name, repeated string versions, string platform,"
    " repeated .ModelMetadataResponse.TensorMetadata inputs, repeated .ModelMetadataResponse.TensorMetadata outputs",
    "InferParameter": "oneof bool bool_param, oneof int64 int64_param, oneof string string_param,"
    " oneof double double_param, oneof uint64 uint64_param",
    "InferTensorContents": "repeated bool bool_contents, repeated int32 int_contents, repeated int64 int64_contents,"
    " repeated uint32 uint_contents, repeated uint64 uint64_contents, repeated float fp32_contents,"
    " repeated double fp64_contents, repeated bytes bytes_contents",
    "ModelInferRequest.InferInputTensor": "string name, string datatype, repeated int64 shape, map parameters,"
    " .InferTensorContents contents",
    "ModelInferRequest.InferRequestedOutputTensor": "string name, map parameters",
    "ModelInferRequest": "string model_name, string model_version, string id, map parameters,"
    " repeated .ModelInferRequest.InferInputTensor inputs,"
    " repeated .ModelInferRequest.InferRequestedOutputTensor outputs, repeated bytes raw_input_contents",
    "ModelInferResponse.InferOutputTensor": "string name, string datatype, repeated int64 shape, map parameters,"
    " .InferTensorContents contents",
    "ModelInferResponse": "string model_name, string model_version, string id, map parameters,"
    " repeated .ModelInferResponse.InferOutputTensor outputs, repeated bytes raw_output_contents",
}
"""Message → its fields, numbered from 1 in this order. `map` is from texts to InferParameter."""
_MORE: dict[str, str] = {
    "ModelNamed": "string name, string version",
    "Any": "string type_url, bytes value",
    "Duration": "int64 seconds, int32 nanos",
    "Status": "int32 code, string message, repeated .Any details",
    "RetryInfo": ".Duration retry_delay",
    "BadRequest.FieldViolation": "string field, string description",
    "BadRequest": "repeated .BadRequest.FieldViolation field_violations",
    "RequestInfo": "string request_id, string serving_data",
}
"""What all requests about a model begin with, and google.rpc's and google.protobuf's messages that tell of errors."""


@functools.cache
def message_class(name: str) -> Any:
    """The class of one message.

    >>> request = message_class("ModelInferRequest")(model_name="late", raw_input_contents=[b"abc"])
    >>> request.parameters["priority"].int64_param = 3
    >>> message_class("ModelInferRequest").FromString(request.SerializeToString()) == request
    True
    """
    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(f"{PACKAGE}.{name}"))


@functools.cache
def _pool() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="hagane/open_inference.proto", package=PACKAGE, syntax="proto3")
    made: dict[str, Any] = {}
    messages = _MESSAGES | _MORE
    for name in sorted(messages, key=lambda name: name.count(".")):  # a message before those within it
        outer, _, inner = name.rpartition(".")
        made[name] = made[outer].nested_type.add(name=inner) if outer else file.message_type.add(name=inner)
        for number, text in enumerate(filter(None, re.split(r",\s*", messages[name])), 1):
            _add_field(made[name], f".{PACKAGE}.{name}", number, text.split())
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return pool


def _add_field(message: Any, path: str, number: int, words: list[str]) -> None:
    kinds = descriptor_pb2.FieldDescriptorProto
    name, type_ = words[-1], words[-2]
    field = message.field.add(name=name, number=number, label=kinds.LABEL_OPTIONAL)
    if words[0] in ("repeated", "map"):
        field.label = kinds.LABEL_REPEATED
    if words[0] == "oneof":
        if not message.oneof_decl:
            message.oneof_decl.add(name="parameter_choice")
        field.oneof_index = 0
    if words[0] == "map":
        field.type, field.type_name = kinds.TYPE_MESSAGE, f"{path}.ParametersEntry"
        entry = message.nested_type.add(name="ParametersEntry")
        entry.options.map_entry = True
        _add_field(entry, "", 1, ["string", "key"])
        _add_field(entry, "", 2, [".InferParameter", "value"])
    elif type_.startswith("."):
        field.type, field.type_name = kinds.TYPE_MESSAGE, f".{PACKAGE}{type_}"
    else:
        field.type = getattr(kinds, f"TYPE_{type_.upper()}")

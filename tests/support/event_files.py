"""TensorBoard's event files, read by protobuf's own parser; every checksum held against the definition."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, struct_pb2

from hagane.training.tensorboard.crc32c import masked_crc32c

Field = descriptor_pb2.FieldDescriptorProto
TYPES = {"double": Field.TYPE_DOUBLE, "float": Field.TYPE_FLOAT, "int64": Field.TYPE_INT64, "string": Field.TYPE_STRING,
         "bytes": Field.TYPE_BYTES, "int32": Field.TYPE_INT32}  # fmt: skip
MESSAGES: dict[str, list[tuple[str, int, str]]] = {
    "Event": [("wall_time", 1, "double"), ("step", 2, "int64"), ("file_version", 3, "string"),
              ("summary", 5, ".t.Summary"), ("session_log", 7, ".t.SessionLog")],
    "Summary": [("value", 1, "*.t.Value")],
    "Value": [("tag", 1, "string"), ("simple_value", 2, "float"), ("metadata", 9, ".t.Metadata")],
    "Metadata": [("plugin_data", 1, ".t.PluginData")],
    "PluginData": [("plugin_name", 1, "string"), ("content", 2, "bytes")],
    "SessionLog": [("status", 1, "int32")],
    "HParams": [("start", 3, ".t.Start"), ("end", 4, ".t.End")],
    "Start": [("hparams", 1, "*.t.Entry"), ("start_time_secs", 5, "double")],
    "Entry": [("key", 1, "string"), ("value", 2, ".google.protobuf.Value")],
    "End": [("status", 1, "int32"), ("end_time_secs", 2, "double")],
}  # fmt: skip
"""Of TensorFlow's and the hparams plugin's .proto files, what a reader of scalars needs; `*` is repeated."""


def _messages() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="t.proto", package="t", syntax="proto3")
    file.dependency.append("google/protobuf/struct.proto")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, written in fields:
            label = Field.LABEL_REPEATED if written.startswith("*") else Field.LABEL_OPTIONAL
            kind = written.removeprefix("*")
            added = message.field.add(name=field, number=number, label=label, type=TYPES.get(kind, Field.TYPE_MESSAGE))
            if kind not in TYPES:
                added.type_name = kind
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(struct_pb2.DESCRIPTOR.serialized_pb)
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"t.{name}")) for name in MESSAGES}


PROTO = _messages()


def long_division(data: bytes) -> int:
    """CRC32C by its definition, a bit at a time."""
    register = 0xFFFFFFFF
    for byte in data:
        for bit in range(8):
            carry = (register ^ (byte >> bit)) & 1
            register = (register >> 1) ^ (0x82F63B78 * carry)
    return register ^ 0xFFFFFFFF


def events(path: Path) -> Iterator[Any]:
    """The events of a file, every checksum held against the definition."""
    data, at = path.read_bytes(), 0
    while at < len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        record = data[at + 12 : at + 12 + length]
        for part, place in ((data[at : at + 8], at + 8), (record, at + 12 + length)):
            turned = long_division(part)
            masked = ((turned >> 15 | turned << 17 & 0xFFFFFFFF) + 0xA282EAD8) & 0xFFFFFFFF
            assert struct.unpack_from("<I", data, place) == (masked,) == (masked_crc32c(part),)
        yield PROTO["Event"].FromString(record)
        at += length + 16


def scalars(path: Path) -> dict[str, list[tuple[int, float]]]:
    found: dict[str, list[tuple[int, float]]] = {}
    for event in events(path):
        for value in event.summary.value:
            if not value.HasField("metadata"):
                found.setdefault(value.tag, []).append((event.step, value.simple_value))
    return found

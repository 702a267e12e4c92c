"""Large tensors of a graph: laid out so that they can be used where they lie in the file, and told to ONNX Runtime so.

`align_tensors` is for who writes `model.onnx`, `outline_of` for who loads it. The outline is the graph without its
large tensors, which it says lie in the file `model.onnx` at such an offset ("external data" in onnx.proto): ONNX
Runtime maps them into memory and copies nothing. All processes that serve the bundle then share the pages, and loading
takes no time.

Field numbers are those of onnx.proto.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hagane.bundle.wire import WireField, field_bytes, field_head, wire_fields
from hagane.varint import varint

LARGE_BYTES = 1_048_576
"""Smaller tensors are not worth it: pages are 4 KB, and each tensor is a mapping of its own."""
ALIGNMENT = 64
"""Where tensors begin, so that vector instructions may read them: a cache line."""
_GRAPH, _INITIALIZER = 7, 5
_RAW_DATA, _DOC_STRING, _EXTERNAL_DATA, _DATA_LOCATION = 9, 12, 13, 14
_EXTERNAL = 1


class _Tensor(NamedTuple):
    """A large tensor of the graph; positions in the whole model."""

    start: int
    end: int
    others: tuple[tuple[int, int], ...]
    """Its fields but the data and a comment."""
    data: int
    data_end: int


def align_tensors(model: bytes) -> bytes:
    """The same graph, with every large tensor's data at a multiple of `ALIGNMENT`.

    `model` itself where there is none, or where it is no ONNX model.
    """
    view = memoryview(model)
    try:
        graph, tensors = _large_tensors(view)
    except (IndexError, ValueError):
        return model
    if graph is None or all(tensor.data % ALIGNMENT == 0 for tensor in tensors):
        return model
    length = graph.end - graph.value
    while True:  # how long the graph's own length is written decides where all else begins
        begin = graph.start + len(field_head(_GRAPH, length))
        pieces = list(_aligned(view, graph, tensors, begin))
        found = sum(map(len, pieces))
        if len(varint(found)) == len(varint(length)):
            return b"".join((view[: graph.start], field_head(_GRAPH, found), *pieces, view[graph.end :]))
        length = found


def outline_of(model: memoryview, location: str) -> bytes | None:
    """The graph, whose large tensors lie in the file `location`; None where there are none that are aligned.

    Raises ValueError or IndexError where `model` is no ONNX model.
    """
    graph, tensors = _large_tensors(model)
    tensors = [tensor for tensor in tensors if tensor.data % ALIGNMENT == 0]
    if graph is None or not tensors:
        return None
    pieces: list[bytes | memoryview] = []
    position = graph.value
    for tensor in tensors:
        told = b"".join(
            (
                *(model[start:end] for start, end in tensor.others),
                _entry("location", location),
                _entry("offset", str(tensor.data)),
                _entry("length", str(tensor.data_end - tensor.data)),
                varint(_DATA_LOCATION << 3) + varint(_EXTERNAL),
            )
        )
        pieces += (model[position : tensor.start], field_bytes(_INITIALIZER, told))
        position = tensor.end
    pieces.append(model[position : graph.end])
    head = field_head(_GRAPH, sum(map(len, pieces)))
    return b"".join((model[: graph.start], head, *pieces, model[graph.end :]))


def _large_tensors(model: memoryview) -> tuple[WireField | None, list[_Tensor]]:
    graph = next((field for field in wire_fields(model) if field.number == _GRAPH), None)
    if graph is None:
        return None, []
    tensors = []
    for field in wire_fields(model[graph.value : graph.end]):
        if field.number == _INITIALIZER and field.end - field.value >= LARGE_BYTES:
            tensor = _tensor(model, graph.value + field.start, graph.value + field.value, graph.value + field.end)
            tensors += [tensor] if tensor is not None else []
    return graph, tensors


def _tensor(model: memoryview, start: int, value: int, end: int) -> _Tensor | None:
    """The tensor, if it is large and its data are raw bytes in one piece."""
    fields = list(wire_fields(model[value:end]))
    data = [field for field in fields if field.number == _RAW_DATA]
    if len(data) != 1 or data[0].end - data[0].value < LARGE_BYTES:
        return None
    kept = [field for field in fields if field.number not in (_RAW_DATA, _DOC_STRING)]
    if any(field.number in (_EXTERNAL_DATA, _DATA_LOCATION) for field in kept):
        return None
    others = tuple((value + field.start, value + field.end) for field in kept)
    return _Tensor(start, end, others, value + data[0].value, value + data[0].end)


def _aligned(model: memoryview, graph: WireField, tensors: list[_Tensor], begin: int) -> Iterator[bytes | memoryview]:
    """The graph's bytes where it begins at `begin`: a comment of spaces before each tensor's data moves them."""
    position, written = graph.value, begin
    for tensor in tensors:
        between = model[position : tensor.start]
        others = b"".join(model[start:end] for start, end in tensor.others)
        head = _head_of(others, tensor.data_end - tensor.data, written + len(between))
        yield between
        yield head
        yield model[tensor.data : tensor.data_end]
        written += len(between) + len(head) + tensor.data_end - tensor.data
        position = tensor.end
    yield model[position : graph.end]


def _head_of(others: bytes, num_bytes: int, start: int) -> bytes:
    """All of a tensor but its data, for one that starts at `start`: as long as it takes for the data to be aligned."""
    data_head = field_head(_RAW_DATA, num_bytes)
    for spaces in range(2 * ALIGNMENT):
        comment = field_bytes(_DOC_STRING, b" " * spaces) if spaces else b""
        inner = others + comment + data_head
        head = field_head(_INITIALIZER, len(inner) + num_bytes) + inner
        if (start + len(head)) % ALIGNMENT == 0:
            return head
    raise AssertionError("a comment of some length fits")


def _entry(key: str, value: str) -> bytes:
    return field_bytes(_EXTERNAL_DATA, field_bytes(1, key.encode()) + field_bytes(2, value.encode()))

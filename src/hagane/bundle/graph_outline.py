"""`graph_outline`: what a graph consists of, read from its bytes alone: ONNX Runtime is not asked, nothing is run."""

from __future__ import annotations

from collections import Counter

import msgspec

from hagane.bundle.wire_values import wire_values
from hagane.errors import BundleError, Fault

_NODE, _TENSOR, _SPARSE = 1, 5, 15
_MODEL_GRAPH, _MODEL_OPSET, _MODEL_FUNCTION = 7, 8, 25
_FUNCTION_NODE = 7
_OP_TYPE, _DOMAIN, _ATTRIBUTE = 4, 7, 5
_ATTRIBUTE_GRAPHS = (6, 11)
_TENSOR_NAME = 8
_MAX_DEPTH = 64
REPEATING = ("Loop", "Scan", "SequenceMap")
"""How long they run is in the data: nobody can tell it from the graph."""


class GraphOutline(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of what is in it, those of inner graphs (of `Loop`, `If`) and functions too."""

    opsets: dict[str, int]
    """The version of each operator set; ONNX's own is `ai.onnx`."""
    operators: dict[str, int]
    """How often each is there, the most frequent first; those that are not ONNX's with their domain."""
    num_tensors: int
    tensor_bytes: int
    largest_tensor: str
    largest_tensor_bytes: int

    @property
    def repeating(self) -> dict[str, int]:
        """The operators among them that run parts of the graph until the data say stop."""
        return {name: count for name, count in self.operators.items() if name in REPEATING}


def graph_outline(model: bytes | memoryview) -> GraphOutline:
    """Raises BundleError where it is no ONNX model."""
    walk = _Walk()
    try:
        walk.model(memoryview(model))
    except (IndexError, ValueError, UnicodeDecodeError):
        raise BundleError(Fault(what="model.onnx is not an ONNX model")) from None
    largest, name = max(walk.tensors, default=(0, ""))
    return GraphOutline(
        opsets=walk.opsets,
        operators=dict(walk.operators.most_common()),
        num_tensors=len(walk.tensors),
        tensor_bytes=sum(size for size, _ in walk.tensors),
        largest_tensor=name,
        largest_tensor_bytes=largest,
    )


class _Walk:
    def __init__(self) -> None:
        self.opsets: dict[str, int] = {}
        self.operators: Counter[str] = Counter()
        self.tensors: list[tuple[int, str]] = []

    def model(self, message: memoryview) -> None:
        for field, value in wire_values(message):
            if not isinstance(value, memoryview):
                continue
            if field == _MODEL_GRAPH:
                self.graph(value, 0)
            elif field == _MODEL_OPSET:
                opset = dict(wire_values(value))
                self.opsets[_text(opset.get(1)) or "ai.onnx"] = _number(opset.get(2))
            elif field == _MODEL_FUNCTION:
                self._nodes(value, _FUNCTION_NODE, 0)

    def graph(self, message: memoryview, depth: int) -> None:
        if depth > _MAX_DEPTH:
            raise ValueError
        self._nodes(message, _NODE, depth)
        for field, value in wire_values(message):
            if field in (_TENSOR, _SPARSE) and isinstance(value, memoryview):
                self.tensors.append((len(value), _name_of(value) if field == _TENSOR else ""))

    def _nodes(self, message: memoryview, node: int, depth: int) -> None:
        for field, value in wire_values(message):
            if field == node and isinstance(value, memoryview):
                self._node(value, depth)

    def _node(self, message: memoryview, depth: int) -> None:
        op_type = domain = ""
        for field, value in wire_values(message):
            if field == _OP_TYPE:
                op_type = _text(value)
            elif field == _DOMAIN:
                domain = _text(value)
            elif field == _ATTRIBUTE and isinstance(value, memoryview):
                for inner, graph in wire_values(value):
                    if inner in _ATTRIBUTE_GRAPHS and isinstance(graph, memoryview):
                        self.graph(graph, depth + 1)
        self.operators[op_type if domain in ("", "ai.onnx") else f"{domain}:{op_type}"] += 1


def _name_of(tensor: memoryview) -> str:
    return next((_text(value) for field, value in wire_values(tensor) if field == _TENSOR_NAME), "")


def _text(value: int | memoryview | None) -> str:
    return bytes(value).decode() if isinstance(value, memoryview) else ""


def _number(value: int | memoryview | None) -> int:
    return value if isinstance(value, int) else 0

"""Refuse a graph that would reach outside itself: tensors kept in other files, operators from other libraries.

ONNX files are protocol buffers. Only their outline is walked here (the onnx package is not needed to serve), by the
field numbers of onnx.proto: lengths are skipped over, so that the walk costs by nodes, not by bytes. Trees are lists of
millions of numbers in attributes, a field each: runs of them are matched as one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from hagane.bundle.wire_values import wire_values
from hagane.errors import BundleError, Fault

DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})
"""Operator sets that ONNX Runtime itself has."""

_MODEL = {7: "graph", 8: "opset", 25: "function"}
_GRAPH = {1: "node", 5: "tensor", 15: "sparse"}
_FUNCTION = {7: "node", 9: "opset"}
_NODE = {5: "attribute", 7: "domain"}
_ATTRIBUTE = {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"}
_SPARSE = {1: "tensor", 2: "tensor"}
_OPSET = {1: "domain"}
_CHILDREN = {"model": _MODEL, "graph": _GRAPH, "function": _FUNCTION, "node": _NODE, "attribute": _ATTRIBUTE,
             "sparse": _SPARSE, "opset": _OPSET}  # fmt: skip
_NUMBERS = re.compile(
    rb"(?: \x3d .{4} | \x40 [\x80-\xff]{0,9} [\x00-\x7f] | \x4a (?: \x04 .{4} | \x09 .{9} | \x0a .{10} ) )++",
    re.DOTALL | re.VERBOSE,
)
"""An attribute's floats, ints, and strings of the lengths of a tree node's modes (LEAF, BRANCH_EQ, BRANCH_LEQ)."""
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14
_MAX_DEPTH = 64


def check_graph(model: bytes | memoryview) -> None:
    """Raises BundleError when `model` is not a protocol buffer, keeps tensors elsewhere, or needs foreign operators."""
    try:
        faults = sorted(set(_walk(memoryview(model), "model", 0)))
    except (IndexError, ValueError, UnicodeDecodeError):
        raise BundleError(Fault(what="model.onnx is not an ONNX model", next_step="train again")) from None
    if faults:
        raise BundleError(*(Fault(what=fault, where="model.onnx", expected=_EXPECTED) for fault in faults))


_EXPECTED = "a graph that is whole in one file and needs ONNX Runtime's own operators alone"


def _walk(message: memoryview, kind: str, depth: int) -> Iterator[str]:
    if depth > _MAX_DEPTH:
        raise ValueError
    if kind == "domain":
        domain = bytes(message).decode()
        if domain not in DOMAINS:
            yield f"operators of {domain[:60]!r} are not ONNX Runtime's own"
    elif kind == "tensor":
        if any(
            field == _EXTERNAL_DATA or (field == _DATA_LOCATION and value == 1) for field, value in wire_values(message)
        ):
            yield "a tensor is kept in another file"
    else:
        children = _CHILDREN[kind]
        for field, value in wire_values(message, _NUMBERS if kind == "attribute" else None):
            child = children.get(field)
            if child is not None and isinstance(value, memoryview):
                yield from _walk(value, child, depth + 1)

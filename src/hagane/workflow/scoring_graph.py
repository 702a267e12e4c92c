"""`scoring_graph`: a bundle's graph from its features on, for whoever has the features already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import onnx
from onnx import TensorProto, helper

from hagane.bundle.signature import PREDICTED_LABEL, ROW_ERROR, Signature
from hagane.features.graph_ports import DENSE, IDS
from hagane.runtime.layout import SPARSE_INPUT_PREFIX

LABEL_NUMBER = "predicted_label_number"
"""[n] int64: the place of the predicted class, where that is a text."""


@dataclass(frozen=True, slots=True)
class ScoringGraph:
    """A graph from `dense`, `ids`, `sparse.*` and `row_error` to what the signature promises."""

    model: bytes
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def scoring_graph(model: bytes, signature: Signature) -> ScoringGraph | None:
    """The nodes behind the features of `model`, as they are; None where they read raw columns besides.

    Texts that the graph would answer are answered by their place among the signature's classes.
    """
    graph = onnx.load_model_from_string(model).graph
    told = {output.name: output for output in graph.output}
    ports = [name for name in told if name in (DENSE, IDS, ROW_ERROR) or name.startswith(SPARSE_INPUT_PREFIX)]
    made_by = {name: node for node in graph.node for name in node.output}
    places = {made_by[port].input[0]: port for port in ports}
    outputs = [name for name in signature.outputs if name != ROW_ERROR]
    raw = {value.name for value in graph.input}
    for node in graph.node:
        _read_ports(node, places, raw)
    numbers = _label_numbers(made_by, signature, {tensor.name for tensor in graph.initializer})
    if numbers:
        outputs[outputs.index(PREDICTED_LABEL)] = LABEL_NUMBER
        told[LABEL_NUMBER] = helper.make_tensor_value_info(LABEL_NUMBER, TensorProto.INT64, ["n"])
        for node in graph.node:
            _rename(node, numbers, LABEL_NUMBER)
    nodes, needed = _needed(graph.node, outputs, ports)
    if needed & raw:
        return None
    inputs = [port for port in ports if port in needed]
    kept = [tensor for tensor in graph.initializer if tensor.name in needed]
    values = [[told[name] for name in names] for names in (inputs, outputs)]
    cut = helper.make_graph(nodes, "hagane", *values, kept)
    whole = onnx.load_model_from_string(model)
    made = helper.make_model(cut, opset_imports=whole.opset_import, ir_version=whole.ir_version)
    return ScoringGraph(made.SerializeToString(deterministic=True), tuple(inputs), tuple(outputs))


def _read_ports(node: onnx.NodeProto, places: dict[str, str], raw: set[str]) -> None:
    """Let the node read the ports instead of what they hold; the number of rows is that of `row_error`."""
    counts_rows = node.op_type == "Shape" and _attributes(node) == {"start": 0, "end": 1} and node.input[0] in raw
    if counts_rows:
        node.input[0] = ROW_ERROR
        return
    if node.output[0] in places.values():
        return
    for place, name in enumerate(node.input):
        node.input[place] = places.get(name, name)
    for inner in _inner(node):
        _read_ports(inner, places, raw)


def _rename(node: onnx.NodeProto, before: str, after: str) -> None:
    """Let a tensor have another name wherever the node makes or reads it."""
    for names in (node.input, node.output):
        names[:] = [after if name == before else name for name in names]
    for attribute in node.attribute:
        for output in attribute.g.output:
            output.name = after if output.name == before else output.name
    for inner in _inner(node):
        _rename(inner, before, after)


def _attributes(node: onnx.NodeProto) -> dict[str, int]:
    return {attribute.name: attribute.i for attribute in node.attribute}


def _inner(node: onnx.NodeProto) -> Iterator[onnx.NodeProto]:
    for attribute in node.attribute:
        yield from attribute.g.node


def _read_by(node: onnx.NodeProto) -> Iterator[str]:
    """Every tensor that a node reads, graphs in its attributes included; of theirs also their own."""
    yield from node.input
    for inner in _inner(node):
        yield from _read_by(inner)
    for attribute in node.attribute:
        yield from (output.name for output in attribute.g.output)


def _label_numbers(made_by: dict[str, onnx.NodeProto], signature: Signature, constants: set[str]) -> str:
    """The tensor of the classes' places from which the graph takes its texts; '' where it answers none."""
    if not signature.classes or not isinstance(signature.classes[0], str) or PREDICTED_LABEL not in made_by:
        return ""
    gather = made_by[made_by[PREDICTED_LABEL].input[0]]
    takes = gather.op_type == "Gather" and gather.input[0] in constants and _attributes(gather).get("axis", 0) == 0
    return gather.input[1] if takes else ""


def _needed(
    nodes: Iterable[onnx.NodeProto], outputs: Sequence[str], ports: Sequence[str]
) -> tuple[list[onnx.NodeProto], set[str]]:
    """The nodes from which the outputs follow, in order, and the tensors that they read; none makes a port."""
    needed, kept = set(outputs), []
    for node in reversed(list(nodes)):
        if not needed.isdisjoint(node.output) and set(ports).isdisjoint(node.output):
            needed.update(_read_by(node))
            kept.append(node)
    return kept[::-1], needed

"""`emit_graph`: a graph that someone else made, inside ours."""

from __future__ import annotations

from collections.abc import Mapping

import onnx
from onnx import numpy_helper

from hagane.features.emit import Emitter

WITHIN = "within."
"""Begins the names in graphs within graphs: no name of an emitter does."""


def emit_graph(emitter: Emitter, graph: onnx.GraphProto, inputs: Mapping[str, str]) -> tuple[str, ...]:
    """Add the nodes and constants of `graph`, whose inputs are our tensors `inputs`; its outputs' names here.

    Names become the emitter's, so that nothing clashes; equal constants are held once. The graph must be written in the
    operators that `emit.OPSETS` pins, without functions of its own and without random numbers.

    >>> from onnx import helper, TensorProto
    >>> x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 2]) for name in "xy")
    >>> graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "theirs", [x], [y])
    >>> emitter = Emitter()
    >>> ours = emitter.input("dense", "float32", ("n", 2))
    >>> emit_graph(emitter, graph, {"x": ours}) == (emitter.node("Relu", ours),)
    True
    """
    names = {"": "", **inputs}
    for tensor in graph.initializer:
        names[tensor.name] = emitter.constant(numpy_helper.to_array(tensor))
    for node in graph.node:
        captured: set[str] = set()
        attributes = {each.name: _renamed(each, names, captured) for each in node.attribute}
        outputs = emitter.nodes(
            node.op_type,
            *(names[each] for each in node.input),
            num_outputs=len(node.output),
            domain=node.domain,
            captured=tuple(sorted(captured)),
            **attributes,
        )
        names |= {name: output for name, output in zip(node.output, outputs, strict=True) if name}
    return tuple(names[output.name] for output in graph.output)


def _renamed(attribute: onnx.AttributeProto, names: Mapping[str, str], captured: set[str]) -> onnx.AttributeProto:
    """The attribute; in a graph within, every name is new, and what is read from outside is `captured`."""
    if attribute.type != onnx.AttributeProto.GRAPH:
        return attribute
    made = onnx.AttributeProto()
    made.CopyFrom(attribute)
    _rename_within(made.g, names, captured)
    return made


def _rename_within(graph: onnx.GraphProto, names: Mapping[str, str], captured: set[str]) -> None:
    own = {each.name for each in (*graph.input, *graph.initializer)} | {name for n in graph.node for name in n.output}
    own.discard("")
    inside = {**names, **{name: WITHIN + name for name in own}}
    for declared in (*graph.input, *graph.initializer, *graph.output, *graph.value_info):
        declared.name = inside[declared.name]
    for node in graph.node:
        captured.update(names[name] for name in node.input if name and name not in own)
        node.input[:] = [inside[name] for name in node.input]
        node.output[:] = [inside[name] for name in node.output]
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                _rename_within(attribute.g, inside, captured)

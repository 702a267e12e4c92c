"""`emit_gradient`: the gradient of a graph, by reverse accumulation over the emitter's own nodes.

ONNX Runtime has no gradients, so they are nodes like any others: what computed an output is walked backwards, and each
node adds its vector-Jacobian product. Tensors are [n, k], or [n, 1] and constants that broadcast against them. Where a
function has a kink (Relu, Min, a comparison) the gradient is that of one side; a comparison has none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import onnx

from hagane.features.emit import EmittedNode, Emitter, element_type

Parts = list[tuple[str, str]]
"""Inputs of a node, each with what is added to its gradient."""


class _Node(NamedTuple):
    """A node on the way back, with what its rule may ask for."""

    emitter: Emitter
    asked: EmittedNode
    gradients: tuple[str, ...]
    """Of each of its outputs; '' for one that nothing follows from."""
    active: frozenset[str]
    widths: Mapping[str, int]

    @property
    def gradient(self) -> str:
        return self.gradients[0]

    def like(self, tensor: str, gradient: str) -> str:
        """`gradient` summed over the columns that `tensor`, which has one, was broadcast to."""
        if self.widths[tensor] == 1 and self.widths[self.asked.outputs[0]] != 1:
            return self.emitter.node("ReduceSum", gradient, self.emitter.constant([1], np.int64), keepdims=1)
        return gradient

    def parts(self, *found: tuple[str, Callable[[], str]]) -> Parts:
        """Of the inputs that the source has a part in."""
        return [(name, self.like(name, make())) for name, make in found if name in self.active]


class NoGradientError(Exception):
    """There is no rule for an operator: the graph cannot be walked back."""


def emit_gradient(emitter: Emitter, output: str, source: str, seed: str) -> str:
    """Add the nodes of ∂ Σ(seed · output) / ∂ source, [n, k] as `source`; the name of their result.

    `output` must be declared as an output of the graph, `seed` is a tensor [n, c] as `output`. Raises NoGradientError
    for an operator that has no rule here.

    >>> from hagane.runtime.session import Session
    >>> emitter = Emitter()
    >>> x = emitter.input("x", np.float64, ("n", 2))
    >>> y = emitter.node("Mul", emitter.node("Tanh", x), x)
    >>> emitter.output("y", y, np.float64, ("n", 2))
    >>> seed = emitter.input("seed", np.float64, ("n", 2))
    >>> emitter.output("gradient", emit_gradient(emitter, y, x, seed), np.float64, ("n", 2))
    >>> x = np.array([[0.5, -2.0]])
    >>> found = Session(emitter.model().SerializeToString()).run({"x": x, "seed": np.ones((1, 2))}, ["gradient"])
    >>> np.allclose(found["gradient"], np.tanh(x) + x / np.cosh(x) ** 2)
    True
    """
    widths = _widths(emitter)
    nodes = emitter.nodes_so_far
    active = {source}
    for node in nodes:
        if not active.isdisjoint(node.inputs) and node.op_type not in _FLAT:
            active.update(node.outputs)
    gradients = {output: seed}
    for node in reversed(nodes):
        known = tuple(gradients.get(name, "") for name in node.outputs)
        if not any(known) or active.isdisjoint(node.inputs) or node.op_type in _FLAT:
            continue
        if node.op_type not in _RULES:
            raise NoGradientError(node.op_type)
        asked = _Node(emitter, node, known, frozenset(active), widths)
        for name, part in _RULES[node.op_type](asked):
            gradients[name] = emitter.node("Add", gradients[name], part) if name in gradients else part
    if source not in gradients:
        return emitter.node("Mul", source, emitter.constant(np.float64(0)))
    return gradients[source]


def _widths(emitter: Emitter) -> dict[str, int]:
    """The columns of every tensor, as ONNX infers them."""
    inferred = onnx.shape_inference.infer_shapes(emitter.model(), data_prop=True).graph
    widths = {each.name: each.dims[-1] if each.dims else 1 for each in inferred.initializer}
    for value in (*inferred.value_info, *inferred.input, *inferred.output):
        shape = value.type.tensor_type.shape.dim
        widths[value.name] = shape[-1].dim_value if len(shape) > 1 else 1
    return widths


_FLAT = frozenset({"Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Equal", "Not", "Shape", "ArgMax"})
"""Operators whose answers do not change where their inputs change a little."""


def _add(node: _Node) -> Parts:
    left, right = node.asked.inputs
    return node.parts((left, lambda: node.gradient), (right, lambda: node.gradient))


def _sub(node: _Node) -> Parts:
    left, right = node.asked.inputs
    return node.parts((left, lambda: node.gradient), (right, lambda: node.emitter.node("Neg", node.gradient)))


def _mul(node: _Node) -> Parts:
    (left, right), e = node.asked.inputs, node.emitter
    return node.parts(
        (left, lambda: e.node("Mul", node.gradient, right)), (right, lambda: e.node("Mul", node.gradient, left))
    )


def _div(node: _Node) -> Parts:
    left, right = node.asked.inputs
    e, (quotient,) = node.emitter, node.asked.outputs

    def falling() -> str:
        return e.node("Neg", e.node("Div", e.node("Mul", node.gradient, quotient), right))

    return node.parts((left, lambda: e.node("Div", node.gradient, right)), (right, falling))


def _matmul(node: _Node) -> Parts:
    left, right = node.asked.inputs
    if right in node.active:
        raise NoGradientError("MatMul by what is no constant")
    turned = node.emitter.node("Transpose", right, perm=[1, 0])
    return [(left, node.emitter.node("MatMul", node.gradient, turned))]


def _relu(node: _Node) -> Parts:
    (source,), e, zero = node.asked.inputs, node.emitter, node.emitter.constant(np.float64(0))
    return [(source, e.node("Where", e.node("Greater", source, zero), node.gradient, zero))]


def _min(node: _Node) -> Parts:
    left, right = node.asked.inputs
    if right in node.active:
        raise NoGradientError("Min of two tensors")
    kept = node.emitter.node("Less", left, right)
    return [(left, node.emitter.node("Where", kept, node.gradient, node.emitter.constant(np.float64(0))))]


def _sigmoid(node: _Node) -> Parts:
    e, (s,) = node.emitter, node.asked.outputs
    slope = e.node("Mul", s, e.node("Sub", e.constant(np.float64(1)), s))
    return [(node.asked.inputs[0], e.node("Mul", node.gradient, slope))]


def _tanh(node: _Node) -> Parts:
    e, (t,) = node.emitter, node.asked.outputs
    slope = e.node("Sub", e.constant(np.float64(1)), e.node("Mul", t, t))
    return [(node.asked.inputs[0], e.node("Mul", node.gradient, slope))]


def _exp(node: _Node) -> Parts:
    return [(node.asked.inputs[0], node.emitter.node("Mul", node.gradient, node.asked.outputs[0]))]


def _concat(node: _Node) -> Parts:
    """Columns side by side are taken apart again."""
    widths = [node.widths[name] for name in node.asked.inputs]
    ends = np.cumsum(widths)
    return [
        (name, _columns(node.emitter, node.gradient, int(end - width), int(end)))
        for name, width, end in zip(node.asked.inputs, widths, ends, strict=True)
        if name in node.active
    ]


def _columns(emitter: Emitter, tensor: str, first: int, end: int) -> str:
    bounds = [emitter.constant([value], np.int64) for value in (first, end, 1)]
    return emitter.node("Slice", tensor, *bounds)


def _split(node: _Node) -> Parts:
    """Halves are put side by side again; one that nothing follows from is 0."""
    e, zero = node.emitter, node.emitter.constant(np.float64(0))
    found = [
        gradient or e.node("Mul", name, zero) for name, gradient in zip(node.asked.outputs, node.gradients, strict=True)
    ]
    return [(node.asked.inputs[0], e.node("Concat", *found, axis=1))]


def _gather(node: _Node) -> Parts:
    """Columns chosen by a constant: what each was chosen for adds up, by a product with zeros and ones."""
    source, chosen = node.asked.inputs
    places = node.emitter.value_of(chosen)
    if places is None or node.asked.attributes.get("axis") != 1:
        raise NoGradientError("Gather by what is no constant")
    table = np.zeros((places.size, node.widths[source]))
    table[np.arange(places.size), places.ravel()] = 1.0
    return [(source, node.emitter.node("MatMul", node.gradient, node.emitter.constant(table)))]


def _reduce_sum(node: _Node) -> Parts:
    """[n, k] → [n, 1]: every column has the sum's gradient."""
    if not node.asked.attributes.get("keepdims", 1):
        raise NoGradientError("ReduceSum without keepdims")
    (source, *_), e = node.asked.inputs, node.emitter
    ones = e.constant(np.ones((1, node.widths[source])))
    return [(source, e.node("Mul", node.gradient, ones))]


def _reduce_max(node: _Node) -> Parts:
    """The gradient of the largest column; of equal ones all of them, in equal parts."""
    (source, *_), (largest,), e = node.asked.inputs, node.asked.outputs, node.emitter
    axis = e.constant([1], np.int64)
    is_largest = e.node("Cast", e.node("Equal", source, largest), to=element_type(np.float64))
    share = e.node("Div", is_largest, e.node("ReduceSum", is_largest, axis, keepdims=1))
    return [(source, e.node("Mul", share, node.gradient))]


def _top_k(node: _Node) -> Parts:
    """What was sorted goes back to where it came from."""
    (source, *_), (_, places), e = node.asked.inputs, node.asked.outputs, node.emitter
    zeros = e.node("Mul", node.gradient, e.constant(np.float64(0)))
    return [(source, e.node("ScatterElements", zeros, places, node.gradient, axis=1))]


def _cast(node: _Node) -> Parts:
    (source,) = node.asked.inputs
    return [(source, node.gradient)] if source in node.active else []


_RULES: dict[str, Callable[[_Node], Parts]] = {
    "Add": _add,
    "Sub": _sub,
    "Mul": _mul,
    "Div": _div,
    "Neg": lambda node: [(node.asked.inputs[0], node.emitter.node("Neg", node.gradient))],
    "MatMul": _matmul,
    "Relu": _relu,
    "Min": _min,
    "Sigmoid": _sigmoid,
    "Tanh": _tanh,
    "Exp": _exp,
    "Concat": _concat,
    "Split": _split,
    "Gather": _gather,
    "ReduceSum": _reduce_sum,
    "ReduceMax": _reduce_max,
    "TopK": _top_k,
    "Cast": _cast,
    "Identity": lambda node: [(node.asked.inputs[0], node.gradient)],
}

"""The one module that makes ONNX nodes; `emit_*.py` beside it say which nodes compute what.

Everything that Hagane puts into a graph goes through an `Emitter`, so that what ONNX Runtime gets wrong is worked
around in one place: `emit_logic`, `emit_integer`, `emit_float`, `emit_date`, `emit_text` and `emit_table` hold the safe
forms, `tests/canaries` the defects. Versions are pinned here: opset 21, ai.onnx.ml 5, com.microsoft 1, IR 10.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSETS = {"": 21, "ai.onnx.ml": 5, "com.microsoft": 1}
IR_VERSION = 10

Shape = tuple[int | str, ...]


class Extent(NamedTuple):
    """How far a tensor reaches: whether it has the batch's rows (else it is one constant row), and its columns."""

    has_rows: bool
    width: int


class EmittedNode(NamedTuple):
    """A node as it was asked for; made a protocol buffer when the model is finished and something needs it."""

    op_type: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    domain: str
    attributes: dict[str, Any]
    captured: tuple[str, ...] = ()
    """Tensors that a graph in an attribute reads from outside."""

    def proto(self) -> onnx.NodeProto:
        """As it stands in a file."""
        made = helper.make_node(self.op_type, list(self.inputs), list(self.outputs), domain=self.domain)
        made.attribute.extend(
            _attribute(name, value) for name, value in sorted(self.attributes.items()) if value is not None
        )
        return made


def _attribute(name: str, value: Any) -> onnx.AttributeProto:
    """As onnx's helper makes it, which takes seconds for a vocabulary of a million texts; one that is made already."""
    if isinstance(value, onnx.AttributeProto):
        return value
    if isinstance(value, list) and set(map(type, value)) == {str}:
        texts = [text.encode() for text in value]
        return onnx.AttributeProto(name=name, type=onnx.AttributeProto.STRINGS, strings=texts)
    return helper.make_attribute(name, value)


class Emitter:
    """Collects the inputs, constants, nodes and outputs of one graph.

    Tensors are named by strings. Asking twice for the same node or constant gives the same tensor, so shared
    subexpressions cost once; nodes that no output needs are left out of the model. `prefix` begins the names within a
    graph that is to stand inside another.

    >>> emitter = Emitter()
    >>> x = emitter.input("x", np.float32, ("n", 2))
    >>> y = emitter.node("Add", x, emitter.constant(np.float32([1, 2])))
    >>> y == emitter.node("Add", x, emitter.constant(np.float32([1, 2])))
    True
    >>> emitter.output("y", y, np.float32, ("n", 2))
    >>> model = emitter.model()
    """

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix
        self._nodes: list[EmittedNode] = []
        self._known: dict[tuple[Any, ...], tuple[str, ...]] = {}
        self._initializers: list[onnx.TensorProto] = []
        self._inputs: dict[str, onnx.ValueInfoProto] = {}
        self._outputs: dict[str, onnx.ValueInfoProto] = {}
        self._extents: dict[str, Extent] = {}
        self._count = 0
        self._made: frozenset[str] = frozenset()

    def input(self, name: str, dtype: Any, shape: Shape) -> str:
        """Declare a graph input (`str` / object for strings; string dimensions are symbolic); its name."""
        if name not in self._inputs:
            self._inputs[name] = helper.make_tensor_value_info(name, element_type(dtype), shape)
            self._extents[name] = Extent(True, shape[-1] if isinstance(shape[-1], int) else 1)
        return name

    def output(self, name: str, tensor: str, dtype: Any, shape: Shape) -> None:
        """Declare a graph output called `name` that holds `tensor`."""
        self._nodes.append(EmittedNode("Identity", (tensor,), (name,), "", {}))
        self._outputs[name] = helper.make_tensor_value_info(name, element_type(dtype), shape)

    def constant(self, value: npt.ArrayLike, dtype: Any = None) -> str:
        """An initializer holding `value` (equal arrays are stored once); its name."""
        array = np.asarray(value, dtype)
        content = tuple(array.ravel()) if array.dtype.kind in "OU" else array.tobytes()
        key = ("constant", array.dtype.str, array.shape, content)
        if key not in self._known:
            name = self._fresh("c")
            self._initializers.append(_tensor(name, array))
            self._known[key] = (name,)
            self._extents[name] = Extent(False, array.shape[-1] if array.ndim else 1)
        return self._known[key][0]

    def row(self, value: npt.ArrayLike, dtype: Any = None) -> str:
        """One constant row [1, g] that broadcasts over the batch; [1, 1] where all its values are the same."""
        array = np.atleast_1d(np.asarray(value, dtype)).reshape(1, -1)
        is_uniform = len({item if array.dtype.kind in "OU" else item.tobytes() for item in array[0]}) == 1
        return self.constant(array[:, :1] if is_uniform else array)

    def node(self, op_type: str, *inputs: str, domain: str = "", width: int | None = None, **attributes: Any) -> str:
        """Append a node with one output; the output's name. `width`: its columns, where they are not its inputs'."""
        return self.nodes(op_type, *inputs, num_outputs=1, domain=domain, width=width, **attributes)[0]

    def nodes(
        self,
        op_type: str,
        *inputs: str,
        num_outputs: int,
        domain: str = "",
        width: int | None = None,
        captured: tuple[str, ...] = (),
        **attributes: Any,
    ) -> tuple[str, ...]:
        """Append a node with several outputs; their names. `captured` is what a graph in an attribute reads of ours."""
        key = ("node", domain, op_type, inputs, num_outputs, _frozen(attributes))
        if key not in self._known:
            outputs = tuple(self._fresh("t") for _ in range(num_outputs))
            self._nodes.append(EmittedNode(op_type, inputs, outputs, domain, attributes, captured))
            self._known[key] = outputs
            self._extents.update(dict.fromkeys(outputs, self._broadcast(inputs, width)))
        return self._known[key]

    @property
    def nodes_so_far(self) -> tuple[EmittedNode, ...]:
        """Every node that was asked for, in their order, those that no output needs among them."""
        return tuple(self._nodes)

    def value_of(self, tensor: str) -> npt.NDArray[Any] | None:
        """What a constant holds; None for what is computed."""
        found = next((each for each in self._initializers if each.name == tensor), None)
        return None if found is None else numpy_helper.to_array(found)

    def extent(self, tensor: str) -> Extent:
        """How far a tensor reaches, known for what broadcasts and where `width` was given."""
        return self._extents[tensor]

    def full(self, tensor: str, width: int) -> str:
        """`tensor` as [n, width], repeated where it is one row or one column. Raises where the graph has no inputs."""
        if self._extents[tensor] == Extent(True, width):
            return tensor
        shape = self.node("Concat", self.num_rows(), self.constant([width], np.int64), axis=0)
        full = self.node("Expand", tensor, shape)
        self._extents[full] = Extent(True, width)
        return full

    def num_rows(self) -> str:
        """[1] int64: n, the rows of the batch (of the first input). Raises where the graph has no inputs."""
        return self.node("Shape", next(iter(self._inputs)), start=0, end=1)

    def model(self) -> onnx.ModelProto:
        """The finished model, at the pinned versions."""
        nodes, needed = self._needed()
        initializers = [tensor for tensor in self._initializers if tensor.name in needed]
        self._made = frozenset((*self._outputs, *needed, *(name for node in nodes for name in node.outputs)))
        graph = helper.make_graph(
            [node.proto() for node in nodes],
            "hagane",
            list(self._inputs.values()),
            list(self._outputs.values()),
            initializers,
        )
        opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
        return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="hagane")

    def addition(self) -> onnx.ModelProto:
        """What outputs that were declared after `model` was called need besides: nodes, constants, and those outputs.

        No model by itself. Serialized and put behind the serialized model, it makes a longer model of it: protocol
        buffers that are concatenated are one message, whose lists are the lists of both.
        """
        nodes, needed = self._needed()
        graph = onnx.GraphProto(
            node=[node.proto() for node in nodes if not self._made.issuperset(node.outputs)],
            initializer=[each for each in self._initializers if each.name in needed and each.name not in self._made],
            output=[each for name, each in self._outputs.items() if name not in self._made],
        )
        return onnx.ModelProto(graph=graph)

    def _needed(self) -> tuple[list[EmittedNode], set[str]]:
        """The nodes from which the outputs follow, in order, and the tensors that they read."""
        needed, nodes = set(self._outputs), []
        for node in reversed(self._nodes):
            if not needed.isdisjoint(node.outputs):
                needed.update(node.inputs, node.captured)
                nodes.append(node)
        return nodes[::-1], needed

    def _broadcast(self, inputs: tuple[str, ...], width: int | None) -> Extent:
        extents = [self._extents.get(tensor, Extent(True, 1)) for tensor in inputs if tensor]
        widest = max((extent.width for extent in extents), default=1)
        return Extent(any(extent.has_rows for extent in extents), widest if width is None else width)

    def _fresh(self, prefix: str) -> str:
        self._count += 1
        return f"{self._prefix}{prefix}{self._count}"


def element_type(dtype: Any) -> int:
    """ONNX's element type for a numpy type; `str` and object are strings."""
    if dtype in (str, object):
        return int(TensorProto.STRING)
    return int(helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))


def _tensor(name: str, array: npt.NDArray[Any]) -> onnx.TensorProto:
    if array.dtype.kind in "OU":
        tensor = onnx.TensorProto(name=name, data_type=TensorProto.STRING, dims=array.shape)
        tensor.string_data.extend(str(text).encode() for text in array.ravel())  # make_tensor drops a final NUL
        return tensor
    return numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name)


def _frozen(attributes: dict[str, Any]) -> tuple[Any, ...]:
    return tuple((name, _comparable(value)) for name, value in sorted(attributes.items()))


def _comparable(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return (value.dtype.str, value.shape, value.tobytes())
    is_message = isinstance(value, onnx.TensorProto | onnx.AttributeProto)
    return value.SerializeToString(deterministic=True) if is_message else repr(value)

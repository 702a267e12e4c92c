"""The one module that makes ONNX nodes.

Everything that Hagane puts into a graph goes through an `Emitter`, so that what ONNX Runtime gets wrong is worked
around in one place. Versions are pinned here: opset 21, ai.onnx.ml 5, com.microsoft 1, IR 10.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSETS = {"": 21, "ai.onnx.ml": 5, "com.microsoft": 1}
IR_VERSION = 10

Shape = tuple[int | str, ...]


class Emitter:
    """Collects the inputs, constants, nodes and outputs of one graph.

    Tensors are named by strings. Asking twice for the same node or constant gives the same tensor, so shared
    subexpressions cost once.

    >>> emitter = Emitter()
    >>> x = emitter.input("x", np.float32, ("n", 2))
    >>> y = emitter.node("Add", x, emitter.constant(np.float32([1, 2])))
    >>> y == emitter.node("Add", x, emitter.constant(np.float32([1, 2])))
    True
    >>> emitter.output("y", y, np.float32, ("n", 2))
    >>> model = emitter.model()
    """

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._known: dict[tuple[Any, ...], tuple[str, ...]] = {}
        self._initializers: list[onnx.TensorProto] = []
        self._inputs: dict[str, onnx.ValueInfoProto] = {}
        self._outputs: dict[str, onnx.ValueInfoProto] = {}
        self._count = 0

    def input(self, name: str, dtype: Any, shape: Shape) -> str:
        """Declare a graph input (`str` / object for strings; string dimensions are symbolic); its name."""
        if name not in self._inputs:
            self._inputs[name] = helper.make_tensor_value_info(name, element_type(dtype), shape)
        return name

    def output(self, name: str, tensor: str, dtype: Any, shape: Shape) -> None:
        """Declare a graph output called `name` that holds `tensor`."""
        self._nodes.append(helper.make_node("Identity", [tensor], [name]))
        self._outputs[name] = helper.make_tensor_value_info(name, element_type(dtype), shape)

    def constant(self, value: npt.ArrayLike, dtype: Any = None) -> str:
        """An initializer holding `value` (equal arrays are stored once); its name."""
        array = np.asarray(value, dtype)
        content = tuple(array.ravel()) if array.dtype.kind in "OU" else array.tobytes()
        key = ("constant", array.dtype.str, array.shape, content)
        if key not in self._known:
            name = self._fresh("c")
            if array.dtype.kind in "OU":
                tensor = helper.make_tensor(name, TensorProto.STRING, array.shape, [str(v).encode() for v in array.ravel()])
            else:
                tensor = numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name)
            self._initializers.append(tensor)
            self._known[key] = (name,)
        return self._known[key][0]

    def node(self, op_type: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Append a node with one output; the output's name."""
        return self.nodes(op_type, *inputs, num_outputs=1, domain=domain, **attributes)[0]

    def nodes(self, op_type: str, *inputs: str, num_outputs: int, domain: str = "", **attributes: Any) -> tuple[str, ...]:
        """Append a node with several outputs; their names."""
        key = ("node", domain, op_type, inputs, num_outputs, _frozen(attributes))
        if key not in self._known:
            outputs = tuple(self._fresh("t") for _ in range(num_outputs))
            self._nodes.append(helper.make_node(op_type, list(inputs), list(outputs), domain=domain, **attributes))
            self._known[key] = outputs
        return self._known[key]

    def model(self) -> onnx.ModelProto:
        """The finished model, at the pinned versions."""
        graph = helper.make_graph(self._nodes, "hagane", list(self._inputs.values()), list(self._outputs.values()),
                                  self._initializers)
        opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
        return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="hagane")

    def _fresh(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}{self._count}"


def element_type(dtype: Any) -> int:
    """ONNX's element type for a numpy type; `str` and object are strings."""
    if dtype in (str, object):
        return int(TensorProto.STRING)
    return int(helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))


def _frozen(attributes: dict[str, Any]) -> tuple[Any, ...]:
    return tuple((name, repr(value) if not isinstance(value, np.ndarray) else value.tobytes()) for name, value in sorted(attributes.items()))

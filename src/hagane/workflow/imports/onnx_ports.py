"""The inputs and outputs of an ONNX model as columns, and the nodes between both.

Shapes: n rows, d values of a row behind the batch's axis.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import onnx
from onnx import TensorProto

from hagane.bundle.output_column import OutputColumn
from hagane.errors import Fault
from hagane.features.emit import Emitter, element_type
from hagane.types import Column, SqlType
from hagane.workflow.imports.raw_columns import RawColumns

FLOATS = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16)
WHOLES = (
    *(TensorProto.INT64, TensorProto.INT32, TensorProto.INT16, TensorProto.INT8),
    *(TensorProto.UINT64, TensorProto.UINT32, TensorProto.UINT16, TensorProto.UINT8),
)
SCALARS = {
    TensorProto.BOOL: SqlType.BOOL,
    TensorProto.STRING: SqlType.STRING,
    **dict.fromkeys(FLOATS, SqlType.FLOAT64),
    **dict.fromkeys(WHOLES, SqlType.INT64),
}
EXPORT_AGAIN = "export it again with inputs and outputs [batch] or [batch, width], the batch left open"


class Port(NamedTuple):
    """An input or output: `shape` is that behind the batch, None where it is only known when the model runs."""

    name: str
    element: int
    shape: tuple[int, ...] | None

    @property
    def is_scalar(self) -> bool:
        """Whether a row has one value."""
        return self.shape in ((), (1,))

    @property
    def width(self) -> int:
        """Values of a row."""
        assert self.shape is not None
        return math.prod(self.shape)

    @property
    def type(self) -> SqlType:
        """As SQL has it."""
        scalar = SCALARS[self.element]
        if self.is_scalar:
            return scalar
        return SqlType.INT64.array if scalar is SqlType.BOOL else scalar.array

    def feed(self, emitter: Emitter, raw: RawColumns) -> str:
        """The model's tensor from the column of its name."""
        if self.is_scalar:
            raw.require(self.name)
            tensor = raw.scalar(self.name)
        else:
            tensor = raw.vector(self.name, self.width)
        return self._shaped(emitter, tensor)

    def feed_from(self, emitter: Emitter, raw: RawColumns, columns: tuple[Column, ...]) -> str:
        """The same from a column a value."""
        parts = []
        for column in columns:
            raw.require(column.name)
            parts.append(emitter.node("Cast", raw.scalar(column.name), to=self.element))
        return self._shaped(emitter, emitter.node("Concat", *parts, axis=1, width=len(parts)))

    def _shaped(self, emitter: Emitter, tensor: str) -> str:
        cast = tensor if self.element == TensorProto.STRING else emitter.node("Cast", tensor, to=self.element)
        assert self.shape is not None
        return emitter.node("Reshape", cast, emitter.constant([-1, *self.shape], np.int64))


class Answer(NamedTuple):
    """An output of the model: the port, or of a ZipMap its `classes`, behind the tensor of probabilities."""

    port: Port
    classes: tuple[str | int, ...] = ()

    @property
    def column(self) -> OutputColumn:
        """As it is answered."""
        if self.classes:
            label = SqlType.STRING if isinstance(self.classes[0], str) else SqlType.INT64
            return OutputColumn(name=self.port.name, fields=(Column("label", label), Column("prob", SqlType.FLOAT64)))
        return OutputColumn(name=self.port.name, type=self.port.type)

    def emit(self, emitter: Emitter, tensor: str) -> dict[str, str]:
        """Graph output → tensor, of what the model answered."""
        values = self.column.values
        if self.classes:
            dtype = object if isinstance(self.classes[0], str) else np.int64
            shape = emitter.node("Shape", tensor)
            labels = emitter.node("Expand", emitter.constant(np.array([self.classes], dtype)), shape)
            return {values["label"]: labels, values["prob"]: emitter.node("Cast", tensor, to=_DOUBLE)}
        scalar = SCALARS[self.port.element]
        cast = {SqlType.FLOAT64: _DOUBLE, SqlType.INT64: _WHOLE}.get(self.column.types[""])
        found = emitter.node("Cast", tensor, to=cast) if cast is not None and scalar is not SqlType.STRING else tensor
        flat = [-1] if self.port.is_scalar else [0, -1]
        return {values[""]: emitter.node("Reshape", found, emitter.constant(flat, np.int64))}


def input_port(value: onnx.ValueInfoProto) -> Port | Fault:
    """An input, or why no column can fill it."""
    port = _port(value)
    what = f"the input '{value.name}'"
    if port is None:
        return Fault(what=f"{what} is no tensor of numbers, truth values or texts", next_step=EXPORT_AGAIN)
    dims = value.type.tensor_type.shape.dim
    if not dims or dims[0].HasField("dim_value"):
        shape = [each.dim_value or "?" for each in dims]
        return Fault(
            what=f"{what} has no open batch: its shape is {shape}", expected="[batch, …]", next_step=EXPORT_AGAIN
        )
    if port.shape is None or 0 in port.shape:
        return Fault(what=f"{what} does not say how many values a row has", next_step=EXPORT_AGAIN)
    if not port.is_scalar and port.element == TensorProto.STRING:
        step = "export it with an input for each text"
        return Fault(what=f"{what} takes {port.width} texts a row", expected="one", next_step=step)
    return port


def output_port(value: onnx.ValueInfoProto, zip_map: onnx.NodeProto | None) -> Answer | Fault:
    """An output, or why no column can hold it."""
    if zip_map is not None:
        attributes = {each.name: each for each in zip_map.attribute}
        texts = attributes.get("classlabels_strings")
        whole = attributes.get("classlabels_int64s")
        classes = tuple(text.decode() for text in texts.strings) if texts else tuple(whole.ints) if whole else ()
        return Answer(Port(value.name, int(TensorProto.FLOAT), None), classes)
    port = _port(value)
    if port is None:
        step = "export it with tensors alone (scikit-learn: options={'zipmap': False})"
        return Fault(what=f"the output '{value.name}' is a {value.type.WhichOneof('value')}, no tensor", next_step=step)
    return Answer(port)


def _port(value: onnx.ValueInfoProto) -> Port | None:
    """None for what is no tensor of a type that SQL has."""
    tensor = value.type.tensor_type
    if value.type.WhichOneof("value") != "tensor_type" or tensor.elem_type not in SCALARS:
        return None
    if not tensor.HasField("shape"):
        return Port(value.name, tensor.elem_type, None)
    dims = [each.dim_value if each.HasField("dim_value") else None for each in tensor.shape.dim[1:]]
    shape = tuple(each for each in dims if each is not None)
    return Port(value.name, tensor.elem_type, shape if len(shape) == len(dims) else None)


_DOUBLE, _WHOLE = element_type(np.float64), element_type(np.int64)

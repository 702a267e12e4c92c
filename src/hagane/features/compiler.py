"""`Compiler`: typed scalar trees become ONNX nodes, expressions of one shape side by side.

Two expressions have one shape when they differ in columns and literals only. A group of g such expressions is compiled
once, as tensors [n, g] with constants [1, g]: five hundred scalers cost five nodes, and the graph's width costs neither
loading time nor nodes.

Legend: n rows of the batch, g lanes of a group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hagane.errors import ExpressionError, Fault
from hagane.features.emit import Emitter
from hagane.features.emit_float import is_nan
from hagane.features.emit_logic import BOOL, any_error, cast, negate, side_by_side
from hagane.features.interning import Interning
from hagane.features.scalar import SCALAR
from hagane.features.scalar.operation import Operation
from hagane.features.value import ArrayValue, Constants, Lane, Value
from hagane.runtime.layout import (
    ARRAY_INPUT_PREFIX,
    FLOAT64_INPUT,
    INT64_INPUT,
    STRING_INPUT,
    STRING_INPUT_PREFIX,
    VALIDITY_INPUT,
    InputLayout,
    array_inputs,
)
from hagane.sql.expression import Call, ColumnRef, Expression, Literal
from hagane.types import SqlType

DTYPES = {
    SqlType.BOOL: np.bool_,
    SqlType.INT64: np.int64,
    SqlType.TIMESTAMP: np.int64,
    SqlType.DATE: np.int64,
    SqlType.FLOAT64: np.float64,
    SqlType.STRING: str,
    SqlType.ARRAY_INT64: np.int64,
    SqlType.ARRAY_FLOAT64: np.float64,
    SqlType.ARRAY_STRING: str,
}
"""The dtype of each type's data tensors (an array's: of its elements)."""


class Compiler:
    """Compiles scalar trees (no `Analyze`) over the columns of a layout into one emitter.

    Compiling twice costs nothing: equal groups, and equal nodes, are emitted once.

    >>> from hagane.runtime.session import Session
    >>> from hagane.types import Column
    >>> layout = InputLayout((Column("a", SqlType.FLOAT64), Column("b", SqlType.FLOAT64)))
    >>> def less(name: str, number: float) -> Expression:
    ...     arguments = ColumnRef(name, SqlType.FLOAT64), Literal(number, SqlType.FLOAT64)
    ...     return Call("-", arguments, SqlType.FLOAT64)
    >>> emitter = Emitter()
    >>> lanes = Compiler(emitter, layout).compile([less("a", 1.0), less("b", 2.0)])
    >>> [lane.column for lane in lanes], lanes[0].value is lanes[1].value
    ([0, 1], True)
    >>> emitter.output("both", lanes[0].value.data, np.float64, ("n", 2))
    >>> session = Session(emitter.model().SerializeToString())
    >>> session.run({"packed.float64": np.array([[5.0, 5.0]])}, ["both"])["both"].tolist()
    [[4.0, 3.0]]
    """

    def __init__(self, emitter: Emitter, layout: InputLayout) -> None:
        self.emitter = emitter
        self.layout = layout
        layout_inputs(emitter, layout)
        self._places = {
            type_: {name: index for index, name in enumerate(_packed_names(layout, type_))} for type_ in SqlType
        }
        self._validity = {name: index for index, name in enumerate(layout.validity)}
        self._interning = Interning()
        self._values: dict[tuple[int, ...], Value] = {}

    def compile(self, expressions: Sequence[Expression]) -> list[Lane]:
        """Each expression's lane, in order. Raises ExpressionError, with every fault, for what cannot be compiled."""
        ids = [self._interning.intern(expression) for expression in expressions]
        groups: dict[object, list[int]] = {}
        for id_ in dict.fromkeys(ids):
            node = self._interning[id_]
            key = (id_,) if node.expression.type is SqlType.STRING else node.shape
            groups.setdefault(key, []).append(id_)
        lanes: dict[int, Lane] = {}
        faults: list[Fault] = []
        for members in groups.values():
            members.sort(key=self._column_order)
            try:
                value = self._full(self._value(tuple(members)))
            except ExpressionError as error:
                faults += error.faults
            else:
                lanes.update({id_: Lane(value, index) for index, id_ in enumerate(members)})
        if faults:
            raise ExpressionError(*faults)
        return [lanes[id_] for id_ in ids]

    def _value(self, ids: tuple[int, ...]) -> Value:
        """The expressions of one shape, side by side; one lane where they are all the same."""
        ids = ids[:1] if len(set(ids)) == 1 else ids
        if ids not in self._values:
            nodes = [self._interning[id_] for id_ in ids]
            match nodes[0].expression:
                case ColumnRef(type=type_):
                    names = [node.expression.name for node in nodes if isinstance(node.expression, ColumnRef)]
                    self._values[ids] = self._columns(type_, names)
                case Literal(type=type_):
                    values = [node.expression.value for node in nodes if isinstance(node.expression, Literal)]
                    self._values[ids] = _literals(self.emitter, type_, values)
                case Call():
                    self._values[ids] = self._call(ids)
                case analyze:
                    raise ExpressionError(f"{analyze.function} must be fitted before it is compiled")
        return self._values[ids]

    def _call(self, ids: tuple[int, ...]) -> Value:
        nodes = [self._interning[id_] for id_ in ids]
        calls = tuple(node.expression for node in nodes if isinstance(node.expression, Call))
        function = calls[0].function
        if function not in SCALAR:
            raise ExpressionError(
                Fault(what=f"{function} cannot be compiled into a graph", next_step="move it into the data query")
            )
        children = zip(*(node.children for node in nodes), strict=True)
        operation = Operation(self.emitter, calls, tuple(self._value(child) for child in children))
        value = SCALAR[function].render(operation)
        return _safe(operation, value) if calls[0].safe else value

    def _columns(self, type_: SqlType, names: list[str]) -> Value:
        width = len(names)
        if type_ is SqlType.FLOAT64:
            data = self._select(FLOAT64_INPUT, self._places[type_], names)
            valid = negate(self.emitter, is_nan(self.emitter, data))
            return Value(data, valid, None, type_, width, is_quiet=True)
        valid = self._select(VALIDITY_INPUT, self._validity, names)
        if type_.is_array:
            return self._array(type_, names[0], valid)
        if type_ is SqlType.STRING:
            return Value(self._strings(names), valid, None, type_, width)
        data = self._select(INT64_INPUT, self._places[type_], names)
        if type_ is SqlType.BOOL:
            return Value(cast(self.emitter, data, BOOL), valid, None, type_, width)
        return Value(data, valid, None, type_, width, bound=2**63)

    def _array(self, type_: SqlType, name: str, valid: str) -> ArrayValue:
        prefix = ARRAY_INPUT_PREFIX + name
        data = f"{prefix}.values"
        is_float = type_ is SqlType.ARRAY_FLOAT64
        element_valid = negate(self.emitter, is_nan(self.emitter, data)) if is_float else f"{prefix}.valid"
        return ArrayValue(data, valid, None, type_, rows=f"{prefix}.rows", element_valid=element_valid)

    def _strings(self, names: list[str]) -> str:
        if self.layout.packs_strings:
            return self._select(STRING_INPUT, self._places[SqlType.STRING], names)
        return side_by_side(self.emitter, [STRING_INPUT_PREFIX + name for name in names])

    def _select(self, packed: str, places: dict[str, int], names: list[str]) -> str:
        """The named columns of a packed input: the input itself where they are all of it, in order."""
        indices = [places[name] for name in names]
        if indices == list(range(len(places))):
            return packed
        return self.emitter.node("Gather", packed, self.emitter.constant(indices, np.int64), axis=1, width=len(indices))

    def _full(self, value: Value) -> Value:
        """The value with every tensor [n, width] (an array's elements apart)."""
        e, width = self.emitter, value.width
        data = value.data if isinstance(value, ArrayValue) else e.full(value.data, width)
        valid = None if value.valid is None else e.full(value.valid, width)
        error = None if value.error is None else e.full(value.error, width)
        return replace(value, data=data, valid=valid, error=error)

    def _column_order(self, id_: int) -> tuple[int, ...]:
        """Where an expression's columns lie, so that the lanes of a group follow the packed inputs."""
        return tuple(self._places[leaf.type][leaf.name] for leaf in self._interning.columns(id_))


def layout_inputs(emitter: Emitter, layout: InputLayout) -> None:
    """Declare the packed inputs of a layout (`hagane.runtime.layout`)."""
    if layout.float64:
        emitter.input(FLOAT64_INPUT, np.float64, ("n", len(layout.float64)))
    if layout.int64:
        emitter.input(INT64_INPUT, np.int64, ("n", len(layout.int64)))
    if layout.validity:
        emitter.input(VALIDITY_INPUT, np.bool_, ("n", len(layout.validity)))
    if layout.packs_strings:
        emitter.input(STRING_INPUT, str, ("n", len(layout.strings)))
    for name in () if layout.packs_strings else layout.strings:
        emitter.input(STRING_INPUT_PREFIX + name, str, ("n", 1))
    for column in layout.arrays:
        for name, dtype in array_inputs(column).items():
            emitter.input(name, dtype, (f"elements of {column.name}",))


def _safe(operation: Operation, value: Value) -> Value:
    """The value with the errors of its arguments alone: the SAFE. prefix."""
    error = any_error(operation.emitter, *(argument.error for argument in operation.arguments))
    return replace(value, error=error, is_quiet=False)


def _packed_names(layout: InputLayout, type_: SqlType) -> tuple[str, ...]:
    if type_ is SqlType.FLOAT64:
        return layout.float64
    if type_.is_array:
        return tuple(column.name for column in layout.arrays)
    return layout.strings if type_ is SqlType.STRING else layout.int64


def _literals(e: Emitter, type_: SqlType, values: list[bool | int | float | str | None]) -> Value:
    """Constants of one type: all of them NULL, or none."""
    width = len(values)
    if values[0] is None:
        return _nulls(e, type_, width)
    constants: Constants = np.array(values, object if type_ is SqlType.STRING else DTYPES[type_])
    if type_ is SqlType.STRING:
        return Value(e.row(constants), None, None, type_, width, constants=constants)
    largest = max(abs(value) for value in values if not isinstance(value, str) and value is not None)
    bound = largest if largest < np.inf else None
    return Value(e.row(constants), None, None, type_, width, bound=bound, constants=constants)


def _nulls(e: Emitter, type_: SqlType, width: int) -> Value:
    valid = e.constant([[False]], np.bool_)
    if type_.is_array:
        nothing = e.constant(np.empty(0, object if DTYPES[type_] is str else DTYPES[type_]))
        return ArrayValue(nothing, valid, None, type_, rows=e.constant([], np.int64))
    blank = {SqlType.STRING: "", SqlType.FLOAT64: np.nan}.get(type_, 0)
    data = e.constant(np.array([[blank]], object if type_ is SqlType.STRING else DTYPES[type_]))
    return Value(data, valid, None, type_, width, is_quiet=type_ in (SqlType.FLOAT64, SqlType.BOOL))

"""Aggregates over computed values: the graph's own output, streamed to DuckDB, so that fit and apply see the same."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hagane.data.column_data import columns_data
from hagane.data.open_table import open_table
from hagane.features.analyzers import get_analyzer
from hagane.features.analyzers.analyzer import Measured
from hagane.features.compiler import Compiler, layout_inputs
from hagane.features.emit import Emitter
from hagane.features.measure import Question, measure
from hagane.features.value import Lane
from hagane.progress import Phase
from hagane.runtime.layout import InputLayout
from hagane.runtime.session import Session
from hagane.sql.expression import Analyze, Expression, columns_of
from hagane.types import Schema, SqlType

if TYPE_CHECKING:
    from hagane.data.table import Table

BATCH_ROWS = 16_384
TYPES: dict[SqlType, tuple[type, Any]] = {
    SqlType.FLOAT64: (np.float64, pa.float64()),
    SqlType.INT64: (np.int64, pa.int64()),
    SqlType.BOOL: (np.bool_, pa.bool_()),
    SqlType.STRING: (object, pa.string()),
}
"""Type of a computed argument → its tensor's and its Arrow column's."""


def measure_derived(table: Table, nodes: Sequence[Analyze], phase: Phase) -> list[Measured]:
    """The answers to what each analyzer asks about its computed argument, in order.

    The computed columns are kept in a temporary file while they are asked about; they need not fit in memory.
    """
    if not nodes:
        return []
    arguments = list(dict.fromkeys(node.argument for node in nodes))
    schema = pa.schema([(f"v{index}", TYPES[argument.type][1]) for index, argument in enumerate(arguments)])
    batches = _computed_batches(table, arguments, schema, phase)
    computed = open_table(pa.RecordBatchReader.from_batches(schema, batches))
    names = {argument: f"v{index}" for index, argument in enumerate(arguments)}
    return measure(functools.partial(computed.query, with_block=True), [_question(node, names) for node in nodes])


def _question(node: Analyze, names: Mapping[Expression, str]) -> Question:
    asked = get_analyzer(node.function).aggregates(node.options, node.argument.type)
    return Question(names[node.argument], node.argument.type, asked)


def _computed_batches(
    table: Table, arguments: Sequence[Expression], schema: pa.Schema, phase: Phase
) -> Iterator[pa.RecordBatch]:
    read = {name for argument in arguments for name in columns_of(argument)}
    columns = Schema(tuple(column for column in table.schema if column.name in read))
    layout = InputLayout(columns.columns)
    emitter = Emitter()
    layout_inputs(emitter, layout)
    lanes = Compiler(emitter, layout).compile(arguments)
    outputs = [_declare(emitter, number, lane) for number, lane in enumerate(lanes)]
    session = Session(emitter.model().SerializeToString())
    for batch in table.batches(columns.names, batch_rows=BATCH_ROWS):
        tensors = session.run(layout.feed(columns_data(batch, columns)), [name for names in outputs for name in names])
        arrays = [_array(tensors, names, argument.type) for names, argument in zip(outputs, arguments, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)
        phase.advance(batch.num_rows)


def _declare(emitter: Emitter, number: int, lane: Lane) -> tuple[str, ...]:
    """Outputs [n, 1] for the lane's data and, unless it is never NULL, its validity; their names."""
    value, name = lane.value, f"v{number}"
    emitter.output(name, _column(emitter, value.data, lane), TYPES[value.type][0], ("n", 1))
    if value.valid is None:
        return (name,)
    emitter.output(f"{name}.valid", _column(emitter, value.valid, lane), np.bool_, ("n", 1))
    return (name, f"{name}.valid")


def _column(emitter: Emitter, tensor: str, lane: Lane) -> str:
    if lane.value.width == 1:
        return tensor
    return emitter.node("Gather", tensor, emitter.constant([lane.column], np.int64), axis=1, width=1)


def _array(tensors: Mapping[str, npt.NDArray[np.generic]], names: Sequence[str], type_: SqlType) -> pa.Array[Any]:
    missing = ~tensors[names[1]][:, 0].astype(np.bool_) if len(names) == 2 else None
    column: pa.Array[Any] = pa.array(tensors[names[0]][:, 0], TYPES[type_][1], mask=missing)
    return column

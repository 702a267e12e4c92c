"""Aggregates over computed values: the graph's own output, streamed to DuckDB, so that fit and apply see the same."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hagane.data.column_data import columns_data
from hagane.data.open_table import open_table
from hagane.features.analyzers.analyzer import Aggregates, Measured
from hagane.features.compiler import Compiler, layout_inputs
from hagane.features.emit import Emitter
from hagane.features.measure import Question, measure
from hagane.features.value import ArrayValue, Lane
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
    SqlType.ARRAY_INT64: (np.int64, pa.list_(pa.int64())),
    SqlType.ARRAY_FLOAT64: (np.float64, pa.list_(pa.float64())),
    SqlType.ARRAY_STRING: (object, pa.list_(pa.string())),
}
"""Type of a computed argument → its tensor's and its Arrow column's."""


def measure_derived(table: Table, asked: Sequence[tuple[Analyze, Aggregates]], phase: Phase) -> list[Measured]:
    """The answers to what each analyzer asks about its computed argument, in order.

    The computed columns are kept in a temporary file while they are asked about; they need not fit in memory.
    """
    if not asked:
        return []
    arguments = list(dict.fromkeys(node.argument for node, _ in asked))
    schema = pa.schema([(f"v{index}", TYPES[argument.type][1]) for index, argument in enumerate(arguments)])
    batches = _computed_batches(table, arguments, schema, phase)
    limit = table.engine.memory.num_bytes
    computed = open_table(pa.RecordBatchReader.from_batches(schema, batches), memory_limit=limit)
    names = {argument: f"v{index}" for index, argument in enumerate(arguments)}
    questions = [Question(names[node.argument], node.argument.type, aggregates) for node, aggregates in asked]
    return measure(functools.partial(computed.query, with_block=True), questions, num_rows=computed.num_rows)


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
        data = columns_data(batch, columns)
        for rows in session.runs(data, batch.num_rows, BATCH_ROWS):
            feed = layout.feed({name: column.slice(rows.start, rows.stop) for name, column in data.items()})
            tensors = session.run(feed, [name for names in outputs for name in names.names])
            pairs = zip(outputs, arguments, strict=True)
            arrays = [_array(tensors, names, argument.type, rows.stop - rows.start) for names, argument in pairs]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)
        phase.advance(batch.num_rows)


class _Outputs(NamedTuple):
    """Names of the outputs of one argument; the last two of arrays alone."""

    data: str
    valid: str | None
    rows: str | None = None
    element_valid: str | None = None

    @property
    def names(self) -> list[str]:
        """Those that there are."""
        return [name for name in self if name is not None]


def _declare(emitter: Emitter, number: int, lane: Lane) -> _Outputs:
    """Outputs for the lane's data and, unless it is never NULL, its validity; their names."""
    value, name = lane.value, f"v{number}"
    valid = None
    if value.valid is not None:
        valid = f"{name}.valid"
        emitter.output(valid, _column(emitter, value.valid, lane), np.bool_, ("n", 1))
    if not isinstance(value, ArrayValue):
        emitter.output(name, _column(emitter, value.data, lane), TYPES[value.type][0], ("n", 1))
        return _Outputs(name, valid)
    rows, element_valid = f"{name}.rows", None
    emitter.output(rows, value.rows, np.int64, (rows,))
    emitter.output(name, value.data, TYPES[value.type][0], (rows,))
    if value.element_valid is not None:
        element_valid = f"{name}.element_valid"
        emitter.output(element_valid, value.element_valid, np.bool_, (rows,))
    return _Outputs(name, valid, rows, element_valid)


def _column(emitter: Emitter, tensor: str, lane: Lane) -> str:
    if lane.value.width == 1:
        return tensor
    return emitter.node("Gather", tensor, emitter.constant([lane.column], np.int64), axis=1, width=1)


def _array(
    tensors: Mapping[str, npt.NDArray[np.generic]], outputs: _Outputs, type_: SqlType, num_rows: int
) -> pa.Array[Any]:
    missing = None if outputs.valid is None else ~tensors[outputs.valid][:, 0].astype(np.bool_)
    if outputs.rows is None:
        column: pa.Array[Any] = pa.array(tensors[outputs.data][:, 0], TYPES[type_][1], mask=missing)
        return column
    absent = None if outputs.element_valid is None else ~tensors[outputs.element_valid].astype(np.bool_)
    elements = pa.array(tensors[outputs.data], TYPES[type_.element][1], mask=absent)
    offsets = np.searchsorted(tensors[outputs.rows], np.arange(num_rows + 1)).astype(np.int32)
    mask = None if missing is None else pa.array(missing)
    return pa.ListArray.from_arrays(pa.array(offsets), elements, mask=mask)

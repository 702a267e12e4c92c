"""`replayed_rows`: some logged rows as the model reads them, with what was answered."""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa

from hagane.data.arrow_types import ARROW_TYPES
from hagane.data.column_data import columns_data
from hagane.runtime.layout import ColumnData
from hagane.serving.request_log.row_schema import prediction_fields
from hagane.types import Column, Schema, SqlType
from hagane.workflow.logged_rows import LoggedRows


class ReplayedRows(NamedTuple):
    """n rows."""

    request_ids: list[str]
    batch: pa.RecordBatch
    """The raw columns, strings dictionary-encoded as training reads them."""
    columns: dict[str, ColumnData]
    """The same as the bundle reads them."""
    answers: pa.RecordBatch
    """What the log says was answered, by name."""


def replayed_rows(rows: LoggedRows, most: int) -> ReplayedRows:
    """At most `most`, chosen by hash of the request: always the same ones."""
    sql = f"SELECT request_id, instance, prediction FROM ({rows.sql}) ORDER BY hash(request_id, row) LIMIT {most}"
    table = rows.engine.query(sql).combine_chunks()
    inputs = {column.name: column.type for column in rows.signature.inputs}
    instance, prediction = (_struct(table, name) for name in ("instance", "prediction"))
    plain = {name: instance[name].cast(ARROW_TYPES[type_]) for name, type_ in inputs.items()}
    encoded = {
        name: array.dictionary_encode() if inputs[name] is SqlType.STRING else array for name, array in plain.items()
    }
    schema = Schema(tuple(Column(name, type_) for name, type_ in inputs.items()))
    answers = {field.name: prediction[field.name].cast(field.type) for field in prediction_fields(rows.signature)}
    return ReplayedRows(table["request_id"].to_pylist(), pa.record_batch(encoded),
                        columns_data(pa.record_batch(plain), schema), pa.record_batch(answers))  # fmt: skip


def _struct(table: pa.Table, name: str) -> dict[str, pa.Array]:
    """The fields of a column of structs."""
    whole = table[name].combine_chunks()
    array = whole.combine_chunks() if isinstance(whole, pa.ChunkedArray) else whole
    return dict(zip([field.name for field in array.type], array.flatten(), strict=True))

"""`logged_instances`: some of a window's requests, as the model reads them."""

from __future__ import annotations

import pyarrow as pa

from hagane.data.arrow_types import ARROW_TYPES
from hagane.data.column_data import columns_data
from hagane.data.column_type import type_columns
from hagane.data.engine import quote_name
from hagane.data.origin import Origin
from hagane.data.table import Table
from hagane.runtime.layout import ColumnData
from hagane.types import Column, Schema
from hagane.workflow.logged_rows import LoggedRows


def logged_instances(rows: LoggedRows, most: int) -> dict[str, ColumnData]:
    """Raw column → its values of at most `most` rows, chosen by hash of the request: always the same ones.

    Columns of which the log holds no true values (`LoggedRows.without`) are NULL in every row.
    """
    inputs = rows.signature.inputs
    read = [column.name for column in inputs if column.name not in rows.without]
    selected = ", ".join([*(f"instance.{quote_name(name)} AS {quote_name(name)}" for name in read), "0 AS _"])
    sql = f"(SELECT {selected} FROM ({rows.sql}) ORDER BY hash(request_id, row) LIMIT {most})"
    table = Table(rows.engine, Origin(sql=sql, identity=lambda: sql), type_columns(rows.engine.columns(f"FROM {sql}")))
    batches = [*table.batches(("_", *read))]
    whole = pa.Table.from_batches(batches) if batches else None
    num_rows = whole.num_rows if whole is not None else 0
    columns = {}
    for column in inputs:
        type_ = ARROW_TYPES[column.type]
        if whole is None or column.name in rows.without:
            columns[column.name] = pa.nulls(num_rows, type_)
        else:
            columns[column.name] = whole[column.name].combine_chunks().cast(type_)
    schema = Schema(tuple(Column(column.name, column.type) for column in inputs))
    return columns_data(pa.record_batch(columns), schema)

"""Calls of functions made by hand: what a session hands to them, without the session."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb
import msgspec
import pyarrow as pa

from hagane.progress import SILENT, Progress
from hagane.session.function_call import FunctionCall
from hagane.session.functions import get_table_function
from hagane.session.table_function import FunctionContext, Rows
from hagane.workspace.workspace import Workspace


@dataclass
class ArrowRows:
    """An Arrow table as `InputRows`; counts how many of its rows were asked for."""

    table: pa.Table
    sql: str = ""
    """Made by `call_rows`."""
    batch_rows: int = 1_000
    num_read: int = 0

    @property
    def schema(self) -> pa.Schema:
        return self.table.schema

    def reader(self) -> pa.RecordBatchReader:
        return pa.RecordBatchReader.from_batches(self.schema, self._batches())

    def encoded(self) -> None:
        """They lie in no files."""

    def _batches(self) -> Iterator[pa.RecordBatch]:
        for batch in self.table.to_batches(max_chunksize=self.batch_rows):
            self.num_read += batch.num_rows
            yield batch


def call_rows(
    name: str,
    workspace: Workspace,
    model: str | None = None,
    *data: pa.Table | ArrowRows,
    values: tuple[Any, ...] = (),
    named_data: dict[str, pa.Table] | None = None,
    progress: Progress = SILENT,
    **options: Any,
) -> Rows:
    """What the function answers: a table, or a stream. The data are DuckDB's `input_0`, `input_1`, … too."""
    function = get_table_function(name)
    assert function is not None, name
    connection = duckdb.connect()

    def registered(rows: pa.Table | ArrowRows, called: str) -> ArrowRows:
        one = ArrowRows(rows) if isinstance(rows, pa.Table) else rows
        connection.register(called, one.table)
        one.sql = f"SELECT * FROM {called}"
        return one

    call = FunctionCall(
        name=name,
        model=None if model is None else workspace.get(model),
        data=tuple(registered(rows, f"input_{place}") for place, rows in enumerate(data)),
        options=msgspec.convert(options, function.Options),
        values=values,
        named_data={called: registered(rows, called) for called, rows in (named_data or {}).items()},
    )
    return function.run(call, FunctionContext(workspace=workspace, connection=connection, progress=progress))


def call_table(*arguments: Any, **options: Any) -> pa.Table:
    """`call_rows`, read to its end."""
    found = call_rows(*arguments, **options)
    return found.read_all() if isinstance(found, pa.RecordBatchReader) else found

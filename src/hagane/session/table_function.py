"""`TableFunction`: what a function that stands in FROM is; one file of `hagane.session.functions` holds one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias, runtime_checkable

import duckdb
import msgspec
import pyarrow as pa

from hagane.progress import SILENT, Progress
from hagane.session.function_call import FunctionCall
from hagane.workspace.workspace import Workspace

Rows: TypeAlias = pa.Table | pa.RecordBatchReader
"""A few rows as a table, many as a stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionContext:
    """What a call is given besides its arguments."""

    workspace: Workspace
    connection: duckdb.DuckDBPyConnection
    """A cursor of the session's engine, for aggregates over `InputRows.sql`."""
    progress: Progress = SILENT


class TableFunction(Protocol):
    """One function over models or data.

    The session checks the shape of the call by these declarations, and adds the clause to faults that name no SQL.
    """

    name: str
    """With its namespace, in upper case: `ML.PREDICT`."""
    model: Literal["required", "optional", "none"]
    """Whether the first argument is `MODEL name` (of `optional`, and of ML.VALIDATE_DATA_DRIFT, the last)."""
    num_data: tuple[int, int]
    """How many `(query)` or `TABLE` arguments it takes: at least, at most."""
    Options: type[msgspec.Struct]
    """Frozen Struct of what STRUCT(…) or `name => value` may say, with defaults; its fields are the names in SQL."""

    def run(self, call: FunctionCall, context: FunctionContext) -> Rows:
        """The rows, columns in BigQuery's order. Raises HaganeError."""


@runtime_checkable
class TakesValues(Protocol):
    """A function that also takes values by their place, as ML.ROC_CURVE an array of thresholds; others take none."""

    num_values: tuple[int, int]
    """How many: at least, at most."""

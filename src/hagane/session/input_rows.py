"""`InputRows`: what a query or a table hands to a function that stands in FROM."""

from __future__ import annotations

from typing import Protocol

import pyarrow as pa


class InputRows(Protocol):
    """The rows of one `(query)` or `TABLE name` argument: nothing is read before it is asked for."""

    @property
    def schema(self) -> pa.Schema:
        """Names and Arrow types of the columns, found without reading rows."""

    @property
    def sql(self) -> str:
        """DuckDB's SELECT that gives the rows, for whoever aggregates on the session's own connection."""

    def reader(self) -> pa.RecordBatchReader:
        """The rows as a stream; each call reads them anew."""

    def encoded(self) -> InputRows | None:
        """The same rows with texts dictionary-encoded, where they lie so in files and cost less to read; else None."""

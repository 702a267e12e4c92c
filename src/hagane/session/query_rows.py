"""`QueryRows`: the rows of a query that is given to a function, as `InputRows`."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import pyarrow as pa

from hagane.data.table import BATCH_ROWS
from hagane.session.parquet_rows import ParquetRows
from hagane.session.scanned_table import scanned_table
from hagane.session.sources import Sources


class QueryRows:
    """Rows of DuckDB's `sql` over `sources`, read as they are asked for."""

    def __init__(self, sources: Sources, sql: str, *, shown_sql: str = "") -> None:
        self._sources = sources
        self._shown_sql = shown_sql or sql
        self.sql = sql

    @functools.cached_property
    def schema(self) -> pa.Schema:
        """Names and Arrow types of the columns, found without reading rows."""
        with self._sources.faults(self._shown_sql):
            connection = self._sources.connect(self.sql)
            try:
                return connection.sql(f"SELECT * FROM ({self.sql}\n) LIMIT 0").to_arrow_table().schema
            finally:
                connection.close()

    def reader(self) -> pa.RecordBatchReader:
        """The rows as a stream; each call reads them anew."""
        return pa.RecordBatchReader.from_batches(self.schema, self._batches())

    def encoded(self) -> ParquetRows | None:
        """The same rows with texts as dictionaries, where they are columns of a table, which lies in files so."""
        table = scanned_table(self.sql)
        files = self._sources.files.get(table) if table is not None else None
        if not files:
            return None
        ahead = self._sources.engine.memory.read_ahead_bytes
        return ParquetRows.of(files, self.schema, self.sql, read_ahead_bytes=ahead)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        with self._sources.faults(self._shown_sql):
            connection = self._sources.connect(self.sql)
            try:
                yield from connection.sql(self.sql).to_arrow_reader(BATCH_ROWS)
            finally:
                connection.close()

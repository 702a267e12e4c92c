"""`ParquetRows`: the rows of Parquet files as `InputRows`, texts as the dictionaries that they lie in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from hagane.data.batches import DICTIONARY, parquet_batches
from hagane.data.table import BATCH_ROWS


class ParquetRows:
    """Some columns of the files, in their order."""

    def __init__(self, files: Sequence[Path], schema: pa.Schema, sql: str, *, read_ahead_bytes: int) -> None:
        self.schema = schema
        self.sql = sql
        self._files = files
        self._read_ahead_bytes = read_ahead_bytes

    @classmethod
    def of(cls, files: Sequence[Path], schema: pa.Schema, sql: str, *, read_ahead_bytes: int) -> ParquetRows | None:
        """The columns of `schema`; None where Arrow reads one of them as another type than DuckDB does."""
        if not files or not len(schema):
            return None
        heads = [pq.read_metadata(file) for file in files]
        if not all(_has(head.schema.to_arrow_schema(), schema) for head in heads):
            return None
        encoded = _encoded(heads[0])
        fields = [field.with_type(DICTIONARY) if field.name in encoded else field for field in schema]
        return cls(files, pa.schema(fields), sql, read_ahead_bytes=read_ahead_bytes)

    def reader(self) -> pa.RecordBatchReader:
        """The rows as a stream; each call reads them anew. Raises DataError for a file that is damaged."""
        return pa.RecordBatchReader.from_batches(self.schema, self._batches())

    def encoded(self) -> None:
        """They are encoded already."""

    def _batches(self) -> Iterator[pa.RecordBatch]:
        texts = [field.name for field in self.schema if field.type == DICTIONARY]
        names = self.schema.names
        for file in self._files:
            for batch in parquet_batches(file, names, texts, BATCH_ROWS, self._read_ahead_bytes):
                columns = [batch.column(field.name).cast(field.type) for field in self.schema]
                yield pa.RecordBatch.from_arrays(columns, schema=self.schema)


def _has(stored: pa.Schema, wanted: pa.Schema) -> bool:
    """Whether each wanted column is there once, of the same type."""
    places = [stored.get_field_index(name) for name in wanted.names]
    return all(
        place >= 0 and stored.field(place).type == field.type for place, field in zip(places, wanted, strict=True)
    )


def _encoded(head: pq.FileMetaData) -> set[str]:
    """The texts that lie in dictionaries, as far as the first row group tells."""
    if not head.num_row_groups:
        return set()
    group = head.row_group(0)
    chunks = [group.column(place) for place in range(group.num_columns)]
    return {
        chunk.path_in_schema
        for chunk in chunks
        if chunk.has_dictionary_page and chunk.physical_type == "BYTE_ARRAY" and "." not in chunk.path_in_schema
    }

"""`kept_stream`: the rows of a stream, made once for whoever reads them several times."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from hagane.data.engine import Engine

MOST_BYTES = 64 * 2**20
"""What is kept in memory; more is kept in a file of the engine's."""


def kept_stream(reader: pa.RecordBatchReader, engine: Engine) -> pa.Table | Path:
    """All rows: as a table where they are few, else as a Parquet file that ends with the engine.

    >>> batch = pa.record_batch({"n": [1, 2]})
    >>> kept_stream(pa.RecordBatchReader.from_batches(batch.schema, [batch]), Engine()).num_rows
    2
    """
    held: list[pa.RecordBatch] = []
    num_bytes = 0
    for batch in reader:
        held.append(batch)
        num_bytes += batch.nbytes
        if num_bytes > MOST_BYTES:
            return _in_file(held, reader, engine)
    return pa.Table.from_batches(held, reader.schema)


def _in_file(held: list[pa.RecordBatch], reader: pa.RecordBatchReader, engine: Engine) -> Path:
    path = engine.new_file("rows", ".parquet")
    with pq.ParquetWriter(path, reader.schema) as writer:
        while held:
            writer.write_batch(held.pop(0))
        for batch in reader:
            writer.write_batch(batch)
    return path

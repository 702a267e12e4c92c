"""Tables in memory: Arrow, pandas, Polars."""

from __future__ import annotations

import functools
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hagane.data.bad_rows import BadRows
from hagane.data.check_column_names import check_column_names
from hagane.data.engine import Engine
from hagane.data.origin import ArrowDigest, Origin, digest_arrow, parquet_sql
from hagane.errors import DataError, Fault


def read_frame(engine: Engine, frame: Any) -> Origin:
    """A pyarrow Table, RecordBatch or RecordBatchReader, a pandas or a Polars DataFrame. Raises DataError for others.

    A RecordBatchReader can be read only once, so its rows are streamed into a Parquet file in the engine's folder.
    """
    if isinstance(frame, pa.RecordBatchReader):
        return _read_stream(engine, frame)
    table = to_arrow(frame)
    check_column_names(table.schema.names)
    return Origin(
        sql=engine.register(table),
        identity=functools.partial(digest_arrow, table),
        arrow=table,
        bad_rows=BadRows(total=table.num_rows),
    )


def is_frame(source: object) -> bool:
    """Whether `source` holds columns in memory: Arrow, pandas or Polars."""
    module, name = type(source).__module__.split(".")[0], type(source).__name__
    if isinstance(source, pa.Table | pa.RecordBatch):
        return True
    return (module, name) in (("pandas", "DataFrame"), ("polars", "DataFrame"), ("polars", "LazyFrame"))


def to_arrow(frame: Any) -> pa.Table:
    """A frame (`is_frame`) as an Arrow table that DuckDB can read. Raises DataError where it cannot be one."""
    return _without_float16(_to_arrow(frame))


def _to_arrow(frame: Any) -> pa.Table:
    if isinstance(frame, pa.Table):
        return frame
    if isinstance(frame, pa.RecordBatch):
        return pa.Table.from_batches([frame])
    module = type(frame).__module__.split(".")[0]
    try:
        if module == "pandas" and type(frame).__name__ == "DataFrame":
            return pa.Table.from_pandas(frame, preserve_index=False)
        if module == "polars" and type(frame).__name__ in ("DataFrame", "LazyFrame"):
            eager = frame.collect() if type(frame).__name__ == "LazyFrame" else frame
            table: pa.Table = eager.to_arrow()
            return table
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise DataError(Fault(what="the frame cannot be read as columns", received=str(error).split("\n")[0])) from None
    raise DataError(
        Fault(
            what="this is no source of data",
            expected="a path, a URL, a SQL query, a pyarrow Table or RecordBatchReader, a pandas or a "
            "Polars DataFrame, an iterable of rows",
            received=f"{type(frame).__module__}.{type(frame).__qualname__}",
        )
    )


def _without_float16(table: pa.Table) -> pa.Table:
    """Floats of 16 bits as those of 32: DuckDB does not know them."""
    for index, field in enumerate(table.schema):
        if pa.types.is_float16(field.type):
            table = table.set_column(index, field.name, table.column(index).cast(pa.float32()))
    return table


def _read_stream(engine: Engine, reader: pa.RecordBatchReader) -> Origin:
    check_column_names(reader.schema.names)
    path = engine.new_file("stream", ".parquet")
    num_rows, digest = 0, ArrowDigest(reader.schema)
    with pq.ParquetWriter(path, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)
            digest.update(batch)
            num_rows += batch.num_rows
    fingerprint = digest.hexdigest()
    return Origin(
        sql=parquet_sql([path]), identity=lambda: fingerprint, parquet=(path,), bad_rows=BadRows(total=num_rows)
    )

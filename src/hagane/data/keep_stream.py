"""`keep_stream`: rows that come once become rows that can be read again and again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hagane.data.bad_rows import BadRows
from hagane.data.check_column_names import check_column_names
from hagane.data.engine import Engine, quote_name, quote_text
from hagane.data.origin import Origin, parquet_sql
from hagane.progress import Progress

BATCH_ROWS = 65_536


def keep_stream(
    engine: Engine, schema: pa.Schema, batches: Iterator[pa.RecordBatch], *, what: str, is_ordered: bool,
    progress: Progress,
) -> Origin:  # fmt: skip
    """Write the batches into a Parquet file of the engine's folder, batch by batch.

    Unless the source `is_ordered`, rows are put into a fixed order (by hash), so that the same rows make the same
    training; the identity is that of the rows. Raises DataError where two columns have one name.
    """
    check_column_names(schema.names)
    path = engine.new_file("stream", ".parquet")
    plain = pa.schema([pa.field(field.name, _plain_type(field.type)) for field in schema])
    num_rows = 0
    with progress.phase(f"read {what}", total=None) as phase, pq.ParquetWriter(path, plain) as writer:
        for batch in batches:
            writer.write_batch(_plain(batch, plain))
            num_rows += batch.num_rows
            phase.advance(batch.num_rows)
    if not is_ordered and num_rows:
        path = _in_fixed_order(engine, path, plain.names)
    fingerprint = _fingerprint(engine, parquet_sql([path]), plain, num_rows)
    return Origin(
        sql=parquet_sql([path]), identity=lambda: fingerprint, parquet=(path,), bad_rows=BadRows(total=num_rows)
    )


def _in_fixed_order(engine: Engine, path: Any, names: list[str]) -> Any:
    ordered = engine.new_file("ordered", ".parquet")
    listed = ", ".join(map(quote_name, names))
    engine.run(
        f"COPY (SELECT * FROM {parquet_sql([path])} ORDER BY hash({listed}), {listed}) "
        f"TO {quote_text(str(ordered))} (FORMAT parquet)"
    )
    path.unlink()
    return ordered


def _fingerprint(engine: Engine, sql: str, schema: pa.Schema, num_rows: int) -> str:
    """Changes with any value and with the rows' order; the same however the rows are cut into batches."""
    listed = ", ".join(map(quote_name, schema.names))
    hashes = engine.query(
        f"SELECT CAST(bit_xor(h) AS VARCHAR) AS x, CAST(sum(CAST(h AS HUGEINT)) AS VARCHAR) AS s "
        f"FROM (SELECT hash({listed}, file_row_number) AS h FROM {sql})"
    ).to_pylist()[0]
    return f"{schema.names}|{[str(field.type) for field in schema]}|{num_rows}|{hashes['x']}|{hashes['s']}"


def _plain_type(type_: Any) -> Any:
    """A type that Parquet and DuckDB hold: extension types by what they stand for, NUMERIC as FLOAT64."""
    if isinstance(type_, pa.BaseExtensionType):
        if getattr(type_, "type_name", "") in ("numeric", "money"):
            return pa.float64()
        return pa.string() if type_.extension_name in ("arrow.uuid", "arrow.json") else _plain_type(type_.storage_type)
    if pa.types.is_float16(type_):
        return pa.float32()
    return pa.string() if pa.types.is_null(type_) else type_


def _plain(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    arrays = [_plain_array(array, field.type) for array, field in zip(batch.columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _plain_array(array: Any, type_: Any) -> Any:
    if array.type == type_:
        return array
    if isinstance(array.type, pa.BaseExtensionType):
        if array.type.extension_name == "arrow.uuid":
            return pa.array([None if value is None else str(value) for value in array.to_pylist()], type_)
        array = array.storage
    return array.cast(type_)

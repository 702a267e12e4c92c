"""Rows from Python: anything that yields mappings, record batches, Arrow tables or frames."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hagane.data.bad_rows import BadRows
from hagane.data.engine import Engine
from hagane.data.keep_stream import BATCH_ROWS
from hagane.data.origin import ArrowDigest, Origin, parquet_sql
from hagane.data.readers.frame import is_frame, to_arrow
from hagane.errors import DataError, Fault
from hagane.progress import Progress


def read_rows(engine: Engine, rows: Iterable[Any], progress: Progress) -> Origin:
    """Rows that an iterable yields, each a mapping of column to value, or many at once as Arrow, pandas or Polars.

    They are streamed into Parquet, `BATCH_ROWS` at a time. Columns may be missing in a row (NULL); a column that was
    whole numbers and meets decimals becomes FLOAT64. Raises DataError, with the row's number, for a value of another
    type than the column's before it, and for what is no row.
    """
    path = engine.new_file("rows", ".parquet")
    with progress.phase("read rows", total=None) as phase:
        tables = _tables(rows)
        spool, schema = _spool(engine, tables, phase)
        digest, num_rows = ArrowDigest(schema), 0
        with pq.ParquetWriter(path, schema) as writer:
            for part in spool:
                for batch in _widened(pq.read_table(part), schema).to_batches(max_chunksize=BATCH_ROWS):
                    writer.write_batch(batch)
                    digest.update(batch)
                    num_rows += batch.num_rows
                part.unlink()
    fingerprint = digest.hexdigest()
    return Origin(
        sql=parquet_sql([path]), identity=lambda: fingerprint, parquet=(path,), bad_rows=BadRows(total=num_rows)
    )


def _tables(rows: Iterable[Any]) -> Iterator[pa.Table]:
    """The rows in tables of their own types."""
    iterator = iter(rows)
    count = 0
    while True:
        first = next(iterator, None)
        if first is None:
            return
        if is_frame(first):
            yield to_arrow(first)
            count += len(first)
        elif isinstance(first, Mapping):
            chunk = [first]
            for row in itertools.islice(iterator, BATCH_ROWS - 1):
                if not isinstance(row, Mapping):
                    raise DataError(_no_row(row, count + len(chunk)))
                chunk.append(row)
            yield _table(chunk, count)
            count += len(chunk)
        else:
            raise DataError(_no_row(first, count))


def _table(chunk: list[Mapping[str, Any]], start: int) -> pa.Table:
    names = list(dict.fromkeys(str(name) for row in chunk for name in row))
    columns = {}
    for name in names:
        values = [row.get(name) for row in chunk]
        try:
            columns[name] = pa.array(values)
        except (pa.ArrowException, ValueError, TypeError, OverflowError):
            columns[name] = _one_type(name, values, start)
    return pa.table(columns)


def _one_type(name: str, values: list[Any], start: int) -> Any:
    """Whole numbers and decimals together, as FLOAT64; DataError at the first value of another kind."""
    kinds = [bool if isinstance(v, bool) else float if isinstance(v, int | float) else type(v) for v in values]
    expected = next(kind for kind, value in zip(kinds, values, strict=True) if value is not None)
    for index, (kind, value) in enumerate(zip(kinds, values, strict=True)):
        if value is not None and kind is not expected:
            raise DataError(_other_type(name, f"row {start + index}", expected.__name__, f"{value!r}"))
    if expected is float:
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    raise DataError(_other_type(name, f"rows from {start}", "values that Arrow can hold", expected.__name__))


def _spool(engine: Engine, tables: Iterator[pa.Table], phase: Any) -> tuple[list[Any], pa.Schema]:
    """Each table as a file, and the schema that holds them all."""
    parts: list[Any] = []
    fields: dict[str, Any] = {}
    count = 0
    for table in tables:
        for field in table.schema:
            known = fields.get(field.name)
            fields[field.name] = field.type if known is None else _common(field.name, known, field.type, count)
        part = engine.new_file("part", ".parquet")
        pq.write_table(table, part)
        parts.append(part)
        count += table.num_rows
        phase.advance(table.num_rows)
    if not fields:
        raise DataError(Fault(what="there are no rows", expected="at least one row, so that the columns are known"))
    return parts, pa.schema([(name, pa.string() if pa.types.is_null(t) else t) for name, t in fields.items()])


def _common(name: str, known: Any, new: Any, row: int) -> Any:
    """The type that holds both."""
    if known == new or pa.types.is_null(new):
        return known
    if pa.types.is_null(known):
        return new
    numbers = [pa.types.is_integer(t) or pa.types.is_floating(t) for t in (known, new)]
    if all(numbers):
        return pa.int64() if pa.types.is_integer(known) and pa.types.is_integer(new) else pa.float64()
    raise DataError(_other_type(name, f"rows from {row}", str(known), str(new)))


def _widened(table: pa.Table, schema: pa.Schema) -> pa.Table:
    columns = []
    for field in schema:
        if field.name in table.column_names:
            columns.append(table.column(field.name).cast(field.type))
        else:
            columns.append(pa.nulls(table.num_rows, field.type))
    return pa.table(columns, schema=schema)


def _no_row(value: object, index: int) -> Fault:
    return Fault(
        what="this is no row",
        where=f"row {index}",
        expected="a mapping of column to value, a pyarrow RecordBatch or Table, a pandas or a Polars DataFrame",
        received=f"{type(value).__module__}.{type(value).__qualname__}",
    )


def _other_type(name: str, where: str, expected: str, received: str) -> Fault:
    return Fault(what=f"the values of column {name!r} are of several types", where=where, expected=expected,
                 received=received)  # fmt: skip

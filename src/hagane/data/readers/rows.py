"""Rows from Python: anything that yields mappings, record batches, Arrow tables or frames."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hagane.data.bad_rows import BadRows
from hagane.data.check_column_names import check_column_names
from hagane.data.engine import Engine
from hagane.data.keep_stream import BATCH_ROWS
from hagane.data.origin import ArrowDigest, Origin, parquet_sql
from hagane.data.readers.frame import is_frame, to_arrow
from hagane.errors import DataError, Fault
from hagane.progress import Progress


def read_rows(engine: Engine, rows: Iterable[Any], progress: Progress) -> Origin:
    """Rows that an iterable yields, each a mapping of column to value, or many at once as Arrow, pandas or Polars.

    They are streamed into Parquet, `BATCH_ROWS` at a time. Columns may be missing in a row (NULL); NaN, NA and NaT are
    NULL in a column of any type. A column that was whole numbers and meets decimals becomes FLOAT64. Raises DataError,
    with the row's number, for a value of another type than the column's before it, and for what is no row.
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
            table = to_arrow(first)
            yield table
            count += table.num_rows
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
        columns[name] = _column(name, [row.get(name) for row in chunk], start)
    return pa.table(columns)


def _column(name: str, values: list[Any], start: int) -> Any:
    """The values as Arrow; NaN alone is FLOAT64, None alone of no type yet."""
    array, present = _arrow(values), values
    if array is None or (pa.types.is_floating(array.type) and pc.any(pc.is_nan(array)).as_py()):
        # Arrow itself passes over Python's NaN, and not over every one of NumPy's.
        present = [None if _is_missing(value) else value for value in values]
        array = _arrow(present)
    if array is None:
        return _one_type(name, present, start)
    is_nan = pa.types.is_null(array.type) and any(isinstance(value, float | np.floating) for value in values)
    return array.cast(pa.float64()) if is_nan else array


def _arrow(values: list[Any]) -> Any:
    """The values as an Arrow array, NaN, NA and NaT as NULL; None where they are not of one type."""
    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        return None


def _is_missing(value: object) -> bool:
    """Whether it stands for no value: None, NaN, and pandas' NA and NaT, whatever the column holds beside it."""
    if isinstance(value, float | np.floating):
        return math.isnan(value)
    return value is None or type(value).__name__ in ("NAType", "NaTType")


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
    declared: dict[str, Any] = {}
    count = 0
    for table in tables:
        for field, column in zip(table.schema, table.columns, strict=True):
            known, found = fields.get(field.name, pa.null()), _type_of(column)
            fields[field.name] = _common(field.name, known, found, count)
            if not pa.types.is_null(field.type):
                declared[field.name] = field.type
        part = engine.new_file("part", ".parquet")
        pq.write_table(table, part)
        parts.append(part)
        count += table.num_rows
        phase.advance(table.num_rows)
    if not parts:
        raise DataError(
            Fault(
                what="there are no rows",
                expected="at least one row, so that the columns are known",
                next_step="look at what makes the rows; where none may be there, give a frame or an Arrow table",
            )
        )
    check_column_names(list(fields))
    empty = {name: declared.get(name, pa.string()) for name, type_ in fields.items() if pa.types.is_null(type_)}
    return parts, pa.schema(list((fields | empty).items()))


def _type_of(column: pa.ChunkedArray[Any]) -> Any:
    """The type of its values; null where there are none, whatever they would be."""
    return pa.null() if column.null_count == len(column) else column.type


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
        if field.name in table.column_names and table.column(field.name).null_count < table.num_rows:
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

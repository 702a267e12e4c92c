"""Parquet straight to Arrow: the fast path of `Table.batches`, for files whose columns need no SQL to be ours."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hagane.data.arrow_types import ARROW_TYPES
from hagane.data.origin import Origin
from hagane.errors import DataError, Fault
from hagane.types import Schema, SqlType


def can_read_directly(origin: Origin, schema: Schema) -> bool:
    """Whether the rows are those of Parquet files whose columns Arrow casts exactly as DuckDB does."""
    if not origin.parquet or not len(schema):
        return False
    arrow = pq.read_schema(origin.parquet[0])
    return all(arrow.get_field_index(name) >= 0 and is_plain(arrow.field(name).type) for name in schema.names)


def is_plain(type_: pa.DataType) -> bool:
    """Whether Arrow casts it to ours exactly as DuckDB does."""
    if pa.types.is_dictionary(type_):
        return _is_text(type_.value_type)
    if pa.types.is_timestamp(type_):
        return type_.unit != "ns" and type_.tz in (None, "UTC")
    kinds = (
        pa.types.is_integer,
        pa.types.is_float32,
        pa.types.is_float64,
        pa.types.is_boolean,
        pa.types.is_date32,
        _is_text,
    )
    return any(is_kind(type_) for is_kind in kinds)


def _is_text(type_: pa.DataType) -> bool:
    return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_))


def read_parquet_directly(
    origin: Origin, schema: Schema, batch_rows: int, *, dictionary: Collection[str], read_ahead_bytes: int
) -> Iterator[pa.RecordBatch]:
    """The columns of `schema`, in order, as batches of its Arrow types; strings of `dictionary` dictionary-encoded.

    Row groups are fetched together until they hold `read_ahead_bytes`, decoded; a larger one is streamed. Raises
    DataError for values out of range and for files that cannot be read to their end.
    """
    strings = [column.name for column in schema if column.type is SqlType.STRING and column.name in dictionary]
    for path in origin.parquet:
        for batch in parquet_batches(path, schema.names, strings, batch_rows, read_ahead_bytes):
            arrays = [
                conform_plain(batch.column(column.name), column.type, column.name, dictionary=column.name in dictionary)
                for column in schema
            ]
            yield pa.RecordBatch.from_arrays(arrays, names=list(schema.names))


def parquet_batches(
    path: Path, names: Sequence[str], strings: list[str], batch_rows: int, read_ahead_bytes: int
) -> Iterator[pa.RecordBatch]:
    """The columns called `names` of one file as Arrow reads them, those of `strings` dictionary-encoded.

    Raises DataError for a file that cannot be read to its end.
    """
    try:
        with pq.ParquetFile(path) as file:
            runs = list(_row_groups(file.metadata, set(names), read_ahead_bytes))
        for groups, is_ahead in runs:
            # A file of its own for each run: what was fetched ahead is freed with it.
            with pq.ParquetFile(
                path,
                read_dictionary=strings,
                pre_buffer=is_ahead,
                buffer_size=0 if is_ahead else 1 << 20,
                page_checksum_verification=True,
            ) as file:
                yield from file.iter_batches(batch_rows, row_groups=groups, columns=list(names))
    except (pa.ArrowException, OSError) as error:
        raise unreadable(path, error) from None


def unreadable(path: Path, error: Exception) -> DataError:
    """The error to raise where a file that could be opened cannot be read to its end."""
    gone = isinstance(error, FileNotFoundError)
    return DataError(
        Fault(
            what=f"{path.name} is gone" if gone else f"{path.name} is damaged: it cannot be read to its end",
            where=str(path),
            received="" if gone else str(error).split("\n")[0][:500],
            next_step="put the file back, or write it anew, and run again; what was finished before is kept",
        )
    )


def _row_groups(metadata: pq.FileMetaData, names: set[str], limit: int) -> Iterator[tuple[list[int], bool]]:
    """Neighbouring row groups, together until they hold `limit` bytes, and whether they may be fetched ahead."""
    paths = [metadata.schema.column(i).path for i in range(metadata.num_columns)]
    chosen = [i for i, path in enumerate(paths) if path in names or path.split(".")[0] in names]
    groups: list[int] = []
    size = 0
    for index in range(metadata.num_row_groups):
        group = metadata.row_group(index)
        bytes_here = sum(group.column(i).total_uncompressed_size for i in chosen)
        if groups and size + bytes_here > limit:
            yield groups, True
            groups, size = [], 0
        if bytes_here > limit:
            yield [index], False
            continue
        groups.append(index)
        size += bytes_here
    if groups:
        yield groups, True


def conform_plain(array: pa.Array[Any], type_: SqlType, name: str, *, dictionary: bool) -> pa.Array[Any]:
    """An array of a plain type as `type_`, NaN as NULL; a string by dictionary, where that is asked for.

    Raises DataError, which names the column, for values out of range.
    """
    try:
        if type_ is SqlType.STRING:
            return _conform_strings(array, dictionary)
        # A whole number becomes the nearest double, as in DuckDB: those beyond 2^53 are not exact.
        array = array.cast(ARROW_TYPES[type_], safe=type_ is not SqlType.FLOAT64)
    except pa.ArrowInvalid as error:
        raise DataError(
            Fault(
                what=f"column {name!r} holds a value out of {type_.value}'s range", received=str(error).split("\n")[0]
            )
        ) from None
    return nan_to_null(array) if type_ is SqlType.FLOAT64 else array


def _conform_strings(array: pa.Array[Any], dictionary: bool) -> pa.Array[Any]:
    if not dictionary:
        return array.cast(pa.string())
    return array.cast(DICTIONARY) if pa.types.is_dictionary(array.type) else encode(array.cast(pa.string()))


DICTIONARY = pa.dictionary(pa.int32(), pa.string())


def encode(array: pa.Array[Any]) -> pa.Array[Any]:
    """A string array as dictionary<values=string, indices=int32>; NULL stays NULL."""
    return array if pa.types.is_dictionary(array.type) else array.dictionary_encode().cast(DICTIONARY)


def encode_strings(batch: pa.RecordBatch, names: Collection[str]) -> pa.RecordBatch:
    """The batch with the string columns among `names` dictionary-encoded."""
    arrays = [
        encode(array) if name in names and pa.types.is_string(array.type) else array
        for name, array in zip(batch.schema.names, batch.columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)


def nan_to_null(array: pa.Array[Any]) -> pa.Array[Any]:
    """A double array in which NaN is NULL; the same array where there is none.

    >>> nan_to_null(pa.array([1.0, float("nan"), None])).null_count
    2
    """
    buffer = array.buffers()[1]
    if buffer is None or not len(array):
        return array
    values: npt.NDArray[np.float64] = np.frombuffer(memoryview(buffer), np.float64, len(array), array.offset * 8)
    if not np.isnan(values).any():
        return array
    nulled: pa.Array[Any] = pc.if_else(pc.is_nan(array), pa.scalar(None, pa.float64()), array)
    return nulled

"""From Arrow arrays to `ColumnData`, what the graph's inputs are packed from."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from hagane.runtime.layout import ColumnData
from hagane.types import Schema, SqlType


def column_data(array: pa.Array[Any], type: SqlType) -> ColumnData:
    """The values of one column of a batch, [n]. Strings may be dictionary-encoded.

    >>> column_data(pa.array([1, None]), SqlType.INT64)[:2]
    (array([1, 0]), array([ True, False]))
    >>> column_data(pa.array([1.5, None]), SqlType.FLOAT64).data
    array([1.5, nan])
    >>> column_data(pa.array([[1, 2], None, [None]]), SqlType.ARRAY_INT64)
    ColumnData(data=array([1, 2, 0]), valid=array([ True, False,  True]), offsets=array([0, 2, 2, 3]),
               element_valid=array([ True,  True, False]))
    """
    if type.is_array:
        return _array(array, type)
    if type is SqlType.FLOAT64:
        return ColumnData(_float64(array))
    valid = None if array.null_count == 0 else _bits(array.is_valid())
    if type is SqlType.STRING:
        return ColumnData(_strings(array), valid)
    return ColumnData(_int64(array, type), valid)


def columns_data(batch: pa.RecordBatch, schema: Schema) -> dict[str, ColumnData]:
    """Every column of `schema`, taken from the batch by name."""
    return {column.name: column_data(batch.column(column.name), column.type) for column in schema}


def _array(array: pa.Array[Any], type: SqlType) -> ColumnData:
    """The elements of the arrays that are there, row after row."""
    lengths = np.asarray(pc.list_value_length(array).fill_null(0).to_numpy(zero_copy_only=False), np.int64)
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    elements = column_data(array.flatten(), type.element)
    valid = None if array.null_count == 0 else _bits(array.is_valid())
    return ColumnData(elements.data, valid, offsets, elements.valid)


def _float64(array: pa.Array[Any]) -> npt.NDArray[np.generic]:
    values = array.cast(pa.float64())
    return np.asarray(values.to_numpy(zero_copy_only=False), np.float64)


def _bits(array: pa.Array[Any]) -> npt.NDArray[np.bool_]:
    return np.asarray(array.to_numpy(zero_copy_only=False), np.bool_)


def _int64(array: pa.Array[Any], type: SqlType) -> npt.NDArray[np.generic]:
    """Integers with 0 where NULL; the view of the buffer itself where nothing is NULL."""
    filled = (
        array if array.null_count == 0 else array.fill_null(False if type is SqlType.BOOL else pa.scalar(0, array.type))
    )
    if type is SqlType.BOOL:
        return _bits(filled).astype(np.int64)
    if type is SqlType.DATE:
        filled = filled.cast(pa.int32())
    return np.asarray(filled.cast(pa.int64()).to_numpy(zero_copy_only=False), np.int64)


def _strings(array: pa.Array[Any]) -> npt.NDArray[np.generic]:
    """An object array of str, '' where NULL; each distinct string of a dictionary is made once."""
    if not isinstance(array, pa.DictionaryArray):
        return np.asarray(array.fill_null("").to_numpy(zero_copy_only=False), object)
    words = np.append(np.asarray(array.dictionary.to_numpy(zero_copy_only=False), object), "")
    indices = array.indices.cast(pa.int32())  # which hold one more than the last word
    codes = np.asarray(indices.fill_null(len(words) - 1).to_numpy(zero_copy_only=False))
    taken: npt.NDArray[np.generic] = words[codes]
    return taken

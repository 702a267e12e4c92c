"""`arrow_column`: what `ColumnData` holds, as an Arrow array of the SQL type."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from hagane.data.arrow_types import ARROW_TYPES
from hagane.runtime.layout import ColumnData
from hagane.types import SqlType


def arrow_column(column: ColumnData, type_: SqlType) -> pa.Array[Any]:
    """The column's n values; NULL where it is not valid, and NaN is NULL.

    >>> arrow_column(ColumnData(np.array([0, 1]), np.array([True, False])), SqlType.DATE).to_pylist()
    [datetime.date(1970, 1, 1), None]
    """
    if column.offsets is None:
        return _values(column.data, column.valid, type_)
    elements = _values(column.data, column.element_valid, type_.element)
    return _lists(column, elements)


def arrow_values(values: Sequence[Any], type_: SqlType) -> pa.Array[Any]:
    """The same of scalar values as the graph is fed them: None is NULL, a TIMESTAMP µs, a DATE days.

    Raises ArrowInvalid for a whole number that no FLOAT64 is.

    >>> arrow_values((1, None), SqlType.DATE).to_pylist()
    [datetime.date(1970, 1, 2), None]
    """
    match type_:
        case SqlType.FLOAT64:
            return pa.array(values, pa.float64(), from_pandas=True)
        case SqlType.DATE:
            return pa.array(values, pa.int32()).view(pa.date32())
        case SqlType.TIMESTAMP:
            return pa.array(values, pa.int64()).view(ARROW_TYPES[type_])
        case _:
            return pa.array(values, ARROW_TYPES[type_])


def hashed_values(values: Sequence[Any], type_: SqlType, pseudonym: Callable[[Any], str]) -> pa.Array[Any]:
    """The same with the pseudonyms of `hashed_column`."""
    kind: Callable[[Any], Any] = {SqlType.FLOAT64: float, SqlType.BOOL: int}.get(type_, _same)
    return pa.array([None if value is None else pseudonym(kind(value)) for value in values], pa.string())


def _same(value: Any) -> Any:
    return value


def hashed_column(column: ColumnData, type_: SqlType, pseudonym: Callable[[Any], str]) -> pa.Array[Any]:
    """The same with a pseudonym, a STRING, in place of each value (of an array: of each element)."""
    valid = column.valid if column.offsets is None else column.element_valid
    values = column.data.tolist()
    if column.data.dtype == np.float64:
        there = (~np.isnan(column.data.astype(np.float64))).tolist()
    else:
        there = [True] * len(values) if valid is None else valid.tolist()
    hashed = [pseudonym(value) if has else None for value, has in zip(values, there, strict=True)]
    array = pa.array(hashed, pa.string())
    return array if column.offsets is None else _lists(column, array)


def _values(data: Any, valid: Any, type_: SqlType) -> pa.Array[Any]:
    mask = None if valid is None else ~valid
    match type_:
        case SqlType.FLOAT64:
            return pa.array(data, pa.float64(), from_pandas=True)
        case SqlType.BOOL:
            return pa.array(data.astype(np.bool_), pa.bool_(), mask=mask)
        case SqlType.DATE:
            return pa.array(data.astype(np.int32), pa.int32(), mask=mask).view(pa.date32())
        case SqlType.TIMESTAMP:
            return pa.array(data, pa.int64(), mask=mask).view(ARROW_TYPES[type_])
        case _:
            return pa.array(data, ARROW_TYPES[type_], mask=mask)


def _lists(column: ColumnData, elements: pa.Array[Any]) -> pa.Array[Any]:
    assert column.offsets is not None
    mask = None if column.valid is None or column.valid.all() else pa.array(~column.valid)
    return pa.ListArray.from_arrays(pa.array(column.offsets, pa.int32()), elements, mask=mask)

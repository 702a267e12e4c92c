"""One column's raw values, as JSON or Python has them, become `ColumnData`."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hagane.bundle.values import CONVERTERS, Refusal, is_unicode
from hagane.runtime.layout import ColumnData
from hagane.types import SqlType

_FAST_TYPES: dict[SqlType, frozenset[type]] = {
    SqlType.BOOL: frozenset({bool}),
    SqlType.INT64: frozenset({int}),
    SqlType.FLOAT64: frozenset({float, int, type(None)}),
    SqlType.STRING: frozenset({str}),
}
"""Where the values of a column are of these Python types alone, numpy may take them without a look at each."""


class ColumnDecoder:
    """Reads the values of a column of one type: `fast` first, `slow` where that is None. Where both answer, they agree.

    >>> decoder = ColumnDecoder(SqlType.INT64, numeric_strings=False)
    >>> decoder.fast([1, 2]).data.tolist(), decoder.fast([1, None])
    ([1, 2], None)
    >>> column, refusals = decoder.slow([1, None, "x"])
    >>> column.data.tolist(), column.valid.tolist(), [row for row, _ in refusals]
    ([1, 0, 0], [True, False, False], [2])
    """

    def __init__(self, sql_type: SqlType, numeric_strings: bool) -> None:
        self._convert = CONVERTERS[sql_type]
        self._elements = ColumnDecoder(sql_type.element, numeric_strings) if sql_type.is_array else None
        self._numeric_strings = numeric_strings
        self._fast_types = _FAST_TYPES.get(sql_type, frozenset())
        self._is_string = sql_type is SqlType.STRING
        self._is_float = sql_type is SqlType.FLOAT64
        self._dtype = np.dtype(np.float64 if self._is_float else np.int64)

    def fast(self, values: list[Any]) -> ColumnData | None:
        """The column in one call of numpy; None where a value wants a look of its own."""
        if self._elements is not None:
            return None
        if not self._fast_types.issuperset(map(type, values)):
            return None
        if self._is_string:
            return ColumnData(_strings(values)) if is_unicode("".join(values)) else None
        try:
            return ColumnData(np.array(values, self._dtype))
        except OverflowError:
            return None

    def slow(self, values: list[Any]) -> tuple[ColumnData, list[tuple[int, Refusal]]]:
        """The column value by value, and which rows are refused (they stand as NULL)."""
        convert, numeric_strings = self._convert, self._numeric_strings
        refusals: list[tuple[int, Refusal]] = []
        converted: list[Any] = []
        for row, value in enumerate(values):
            result = convert(value, numeric_strings)
            if isinstance(result, Refusal):
                refusals.append((row, result))
                result = None
            converted.append(result)
        return self._nullable(converted), refusals

    def _nullable(self, values: list[Any]) -> ColumnData:
        if self._elements is not None:
            return self._arrays(values, self._elements)
        if self._is_float:
            return ColumnData(np.array(values, np.float64))
        valid = np.array([value is not None for value in values], np.bool_)
        if self._is_string:
            return ColumnData(_strings(["" if value is None else value for value in values]), valid)
        return ColumnData(np.array([0 if value is None else value for value in values], np.int64), valid)

    @staticmethod
    def _arrays(values: list[Any], decoder: ColumnDecoder) -> ColumnData:
        """Lists of converted elements, or None."""
        lengths = np.array([0 if value is None else len(value) for value in values], np.int64)
        elements = decoder._nullable([item for value in values if value is not None for item in value])
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        valid = np.array([value is not None for value in values], np.bool_)
        return ColumnData(elements.data, valid, offsets, elements.valid)


def _strings(values: list[str]) -> npt.NDArray[np.object_]:
    array = np.empty(len(values), object)
    array[:] = values
    return array

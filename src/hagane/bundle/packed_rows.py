"""The short way from a few rows to the graph's inputs: whole rows at once instead of a column at a time.

At one row a request, numpy's cost is per call. Here that is a call a packed tensor, not a call a column. The answer is
the one of `InstanceDecoder.decode` and `InputLayout.feed`, bit for bit, or None where a row wants a look of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hagane.bundle.nested_fields import NestedFields
from hagane.bundle.values import CONVERTERS, Refusal, is_unicode
from hagane.runtime.layout import (
    FLOAT64_INPUT,
    INT64_INPUT,
    STRING_INPUT,
    STRING_INPUT_PREFIX,
    VALIDITY_INPUT,
    InputLayout,
)
from hagane.types import SqlType

MOST_CHARACTERS = 16_384
"""A row with more text wants a look of its own: a graph that takes texts apart must not run many such rows at once."""
_FLOATS = frozenset({float, int, type(None)})
_STRINGS = frozenset({str})
_TYPE = {SqlType.INT64: int, SqlType.BOOL: bool}
Feed = dict[str, npt.NDArray[np.generic]]


class _RefusedError(Exception):
    """A value is refused: the long way will say which, and why."""


class PackedRows:
    """Packs rows for one layout.

    >>> from hagane.types import Column
    >>> packed = PackedRows(InputLayout((Column("age", SqlType.INT64), Column("fare", SqlType.FLOAT64))), False, False)
    >>> feed = packed.pack([{"age": 3, "fare": 1.5}, {"fare": 2}])
    >>> {name: tensor.tolist() for name, tensor in feed.items()}
    {'packed.float64': [[1.5], [2.0]], 'packed.int64': [[3], [0]], 'packed.validity': [[True], [False]]}
    >>> packed.pack([{"age": "3"}]) is packed.pack([[3, 1.5]]) is None
    True
    """

    def __init__(self, layout: InputLayout, ignore_extra: bool, numeric_strings: bool) -> None:
        types = {column.name: column.type for column in layout.columns}
        slots = {name: slot for slot, name in enumerate(layout.validity)}
        self._names = None if ignore_extra else frozenset(types)
        self._objects = NestedFields(types).roots
        self._numeric_strings = numeric_strings
        self._float64 = layout.float64
        self._int64 = layout.int64
        self._int64_types = [_TYPE.get(types[name], object) for name in layout.int64]
        self._int64_converters = [CONVERTERS[types[name]] for name in layout.int64]
        self._int64_slots = [slots[name] for name in layout.int64]
        self._has_arrays = bool(layout.arrays)
        self._packs_strings = layout.packs_strings
        self._strings = layout.strings
        self._string_inputs = [STRING_INPUT_PREFIX + name for name in layout.strings]
        self._string_slots = [slots[name] for name in layout.strings]
        self._num_slots = len(slots)

    def pack(self, rows: Sequence[Any]) -> Feed | None:
        """The inputs of the graph for these rows; None where any of them is no plain object or has a value refused.

        None, too, where the layout has arrays: their elements are converted one by one in any case.
        """
        if self._has_arrays:
            return None
        for row in rows:
            if type(row) is not dict or (self._names is not None and not row.keys() <= self._names):
                return None
            if self._names is None and not self._objects.isdisjoint(row):
                return None
        feed: Feed = {}
        valid = np.ones((len(rows), self._num_slots), np.bool_)
        try:
            if self._float64:
                feed[FLOAT64_INPUT] = self._pack_float64(rows)
            if self._int64:
                feed[INT64_INPUT] = self._pack_int64(rows, valid)
            if self._num_slots:
                feed[VALIDITY_INPUT] = valid
            if self._packs_strings:
                feed[STRING_INPUT] = self._pack_strings(rows, valid)
            elif self._strings:
                columns = self._pack_strings(rows, valid).T.copy()[:, :, None]
                feed |= zip(self._string_inputs, columns, strict=True)
        except (_RefusedError, OverflowError):
            return None
        return feed

    def _pack_float64(self, rows: Sequence[dict[str, Any]]) -> npt.NDArray[np.float64]:
        values = [row.get(name) for row in rows for name in self._float64]
        if not _FLOATS.issuperset(map(type, values)):
            convert = CONVERTERS[SqlType.FLOAT64]
            values = [_taken(convert(value, self._numeric_strings)) for value in values]
        return np.array(values, np.float64).reshape(len(rows), len(self._float64))

    def _pack_int64(self, rows: Sequence[dict[str, Any]], valid: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        packed = []
        for index, row in enumerate(rows):
            values = [row.get(name) for name in self._int64]
            if list(map(type, values)) != self._int64_types:
                values = self._converted(values, valid[index])
            packed.append(values)
        return np.array(packed, np.int64)

    def _converted(self, values: list[Any], valid: npt.NDArray[np.bool_]) -> list[Any]:
        """One row's values for `packed.int64`, each by the rules of its type; NULLs are marked in `valid` [slots]."""
        nulls = []
        for position, value in enumerate(values):
            if value is not None and type(value) is not self._int64_types[position]:
                value = _taken(self._int64_converters[position](value, self._numeric_strings))  # noqa: PLW2901
            if value is None:
                nulls.append(self._int64_slots[position])
            values[position] = 0 if value is None else value
        valid[nulls] = False
        return values

    def _pack_strings(self, rows: Sequence[dict[str, Any]], valid: npt.NDArray[np.bool_]) -> npt.NDArray[np.object_]:
        packed = np.empty((len(rows), len(self._strings)), object)
        for index, row in enumerate(rows):
            values: list[Any] = [row.get(name) for name in self._strings]
            nulls = [position for position, value in enumerate(values) if value is None]
            for position in nulls:
                values[position] = ""
                valid[index, self._string_slots[position]] = False
            if not _STRINGS.issuperset(map(type, values)):
                raise _RefusedError
            text = "".join(values)
            if len(text) > MOST_CHARACTERS or not is_unicode(text):
                raise _RefusedError
            packed[index] = values
        return packed


def _taken(result: Any) -> Any:
    if isinstance(result, Refusal):
        raise _RefusedError
    return result

"""How raw columns become the inputs of a graph: the one packing that training, bundle and server share.

The cost of a call to ONNX Runtime is per input, and more than in proportion to their number, so numeric columns are
packed by type. A few strings have an input each, which is faster for many rows; many are packed too.

=================== ============ =======================================================================
input               shape, dtype holds
=================== ============ =======================================================================
`packed.float64`    [n, f] f64   FLOAT64 columns; NaN is NULL
`packed.int64`      [n, i] i64   INT64, TIMESTAMP (µs UTC), DATE (days), BOOL (0 / 1); 0 where NULL
`packed.validity`   [n, v] bool  for every column but FLOAT64, in the layout's order: false where NULL
`string.<column>`   [n, 1] str   one STRING column, where there are 16 or fewer; '' where NULL
`packed.string`     [n, s] str   the STRING columns, where there are more; '' where NULL
=================== ============ =======================================================================

An input that would have no columns is left out. An array column has its place in `packed.validity`, and flat inputs of
its own, with an entry an element, row after row:

======================= ============ ===================================================================
input                   shape, dtype holds
======================= ============ ===================================================================
`array.<column>.values` [t]          the elements: float64 (NaN is NULL), int64 (0) or str ('')
`array.<column>.rows`   [t] i64      the row of each element, ascending
`array.<column>.valid`  [t] bool     false where an element is NULL; none for ARRAY<FLOAT64>
======================= ============ ===================================================================
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.types import Column, SqlType

FLOAT64_INPUT = "packed.float64"
INT64_INPUT = "packed.int64"
VALIDITY_INPUT = "packed.validity"
STRING_INPUT_PREFIX = "string."
STRING_INPUT = "packed.string"
ARRAY_INPUT_PREFIX = "array."
SPARSE_INPUT_PREFIX = "sparse."
"""Of a graph that begins with features: a slot of a row."""
MOST_STRING_INPUTS = 16
"""Measured: from about here on, packing makes one row faster by more than it makes thousands slower."""


class ColumnData(NamedTuple):
    """The values of one column of n rows.

    `data` is [n]: float64 (NaN is NULL), int64 (also BOOL, TIMESTAMP, DATE) or an object array of str; of an array
    column it is [t], and row i has the elements `data[offsets[i]:offsets[i + 1]]`. `valid` is [n] bool, or None where
    every value is there; never given for FLOAT64.

    >>> tags = ColumnData(np.array(["a", "b", "c"], object), None, np.array([0, 2, 2, 3]))
    >>> tags.num_rows, tags.slice(1, 3).data.tolist(), tags.take(np.array([2, 0])).data.tolist()
    (3, ['c'], ['c', 'a', 'b'])
    """

    data: npt.NDArray[np.generic]
    valid: npt.NDArray[np.bool_] | None = None
    offsets: npt.NDArray[np.int64] | None = None
    """[n + 1], ascending from 0 to t, of an array column; a NULL row has no elements."""
    element_valid: npt.NDArray[np.bool_] | None = None
    """[t]: false where an element is NULL; None where every element is there, and for ARRAY<FLOAT64>."""

    @property
    def num_rows(self) -> int:
        """n."""
        return len(self.data) if self.offsets is None else len(self.offsets) - 1

    def slice(self, start: int, stop: int) -> ColumnData:
        """Rows [start, stop), without a copy of their values."""
        valid = None if self.valid is None else self.valid[start:stop]
        if self.offsets is None:
            return ColumnData(self.data[start:stop], valid)
        offsets = self.offsets[start : stop + 1]
        entries = slice(offsets[0], offsets[-1])
        element_valid = None if self.element_valid is None else self.element_valid[entries]
        return ColumnData(self.data[entries], valid, offsets - offsets[0], element_valid)

    def take(self, rows: npt.NDArray[np.integer]) -> ColumnData:
        """The rows of these numbers, in this order."""
        valid = None if self.valid is None else self.valid[rows]
        if self.offsets is None:
            return ColumnData(self.data[rows], valid)
        starts, lengths = self.offsets[rows], np.diff(self.offsets)[rows]
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        entries = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths)
        element_valid = None if self.element_valid is None else self.element_valid[entries]
        return ColumnData(self.data[entries], valid, offsets, element_valid)


class InputLayout(msgspec.Struct, frozen=True, dict=True):
    """Which raw columns a graph reads, and where each of them lies.

    >>> columns = Column("age", SqlType.INT64), Column("fare", SqlType.FLOAT64), Column("job", SqlType.STRING)
    >>> layout = InputLayout(columns)
    >>> layout.float64, layout.int64, layout.strings, layout.validity
    (('fare',), ('age',), ('job',), ('age', 'job'))
    >>> feed = layout.feed({"age": ColumnData(np.array([3])), "fare": ColumnData(np.array([1.5])),
    ...                     "job": ColumnData(np.array(["pilot"], object))})
    >>> {name: tensor.shape for name, tensor in feed.items()}
    {'packed.float64': (1, 1), 'packed.int64': (1, 1), 'packed.validity': (1, 2), 'string.job': (1, 1)}
    """

    columns: tuple[Column, ...]

    @functools.cached_property
    def float64(self) -> tuple[str, ...]:
        """Columns of `packed.float64`, in order."""
        return tuple(c.name for c in self.columns if c.type is SqlType.FLOAT64)

    @functools.cached_property
    def int64(self) -> tuple[str, ...]:
        """Columns of `packed.int64`, in order."""
        return tuple(c.name for c in self.columns if c.type in _WHOLE)

    @functools.cached_property
    def strings(self) -> tuple[str, ...]:
        """STRING columns, in order."""
        return tuple(c.name for c in self.columns if c.type is SqlType.STRING)

    @functools.cached_property
    def arrays(self) -> tuple[Column, ...]:
        """Array columns, in order."""
        return tuple(c for c in self.columns if c.type.is_array)

    @functools.cached_property
    def packs_strings(self) -> bool:
        """Whether the STRING columns lie in one input."""
        return len(self.strings) > MOST_STRING_INPUTS

    @functools.cached_property
    def validity(self) -> tuple[str, ...]:
        """Columns of `packed.validity`, in order."""
        return tuple(c.name for c in self.columns if c.type is not SqlType.FLOAT64)

    def feed(self, columns: Mapping[str, ColumnData]) -> dict[str, npt.NDArray[np.generic]]:
        """The graph's inputs for these columns (all of one length). Raises KeyError for a column that is missing."""
        feed: dict[str, npt.NDArray[np.generic]] = {}
        if self.float64:
            feed[FLOAT64_INPUT] = _pack([columns[name].data for name in self.float64], np.float64)
        if self.int64:
            feed[INT64_INPUT] = _pack([columns[name].data for name in self.int64], np.int64)
        if self.validity:
            feed[VALIDITY_INPUT] = _pack_validity([columns[name] for name in self.validity])
        if self.packs_strings:
            feed[STRING_INPUT] = _pack([columns[name].data for name in self.strings], np.object_)
        for name in () if self.packs_strings else self.strings:
            feed[STRING_INPUT_PREFIX + name] = columns[name].data.reshape(-1, 1)
        for column in self.arrays:
            feed |= _flat(column, columns[column.name])
        return feed


_WHOLE = (SqlType.INT64, SqlType.TIMESTAMP, SqlType.DATE, SqlType.BOOL)
_FLAT_DTYPES = {SqlType.FLOAT64: np.float64, SqlType.INT64: np.int64, SqlType.STRING: np.object_}


def array_inputs(column: Column) -> dict[str, type[np.generic]]:
    """Name → dtype of an array column's flat inputs (`str` is object): values, rows, and where needed valid.

    >>> [name for name in array_inputs(Column("tags", SqlType.ARRAY_STRING))]
    ['array.tags.values', 'array.tags.rows', 'array.tags.valid']
    """
    prefix = ARRAY_INPUT_PREFIX + column.name
    inputs: dict[str, type[np.generic]] = {
        f"{prefix}.values": _FLAT_DTYPES[column.type.element],
        f"{prefix}.rows": np.int64,
    }
    return inputs if column.type is SqlType.ARRAY_FLOAT64 else inputs | {f"{prefix}.valid": np.bool_}


def is_flat_input(name: str) -> bool:
    """Whether a graph's input has an entry an element of an array, or a slot of a row, instead of an entry a row."""
    return name.startswith((ARRAY_INPUT_PREFIX, SPARSE_INPUT_PREFIX))


def _flat(column: Column, data: ColumnData) -> dict[str, npt.NDArray[np.generic]]:
    offsets = np.zeros(1, np.int64) if data.offsets is None else data.offsets
    rows = np.repeat(np.arange(len(offsets) - 1, dtype=np.int64), np.diff(offsets))
    valid = np.ones(len(data.data), np.bool_) if data.element_valid is None else data.element_valid
    values: npt.NDArray[Any] = data.data.astype(_FLAT_DTYPES[column.type.element], copy=False)
    return dict(zip(array_inputs(column), (values, rows, valid), strict=False))


def _pack(columns: list[npt.NDArray[np.generic]], dtype: type[np.generic]) -> npt.NDArray[np.generic]:
    packed = np.empty((len(columns[0]), len(columns)), dtype)
    for index, column in enumerate(columns):
        packed[:, index] = column
    return packed


def _pack_validity(columns: list[ColumnData]) -> npt.NDArray[np.bool_]:
    packed = np.ones((columns[0].num_rows, len(columns)), np.bool_)
    for index, column in enumerate(columns):
        if column.valid is not None:
            packed[:, index] = column.valid
    return packed

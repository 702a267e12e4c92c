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

An input that would have no columns is left out.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.types import Column, SqlType

FLOAT64_INPUT = "packed.float64"
INT64_INPUT = "packed.int64"
VALIDITY_INPUT = "packed.validity"
STRING_INPUT_PREFIX = "string."
STRING_INPUT = "packed.string"
MOST_STRING_INPUTS = 16
"""Measured: from about here on, packing makes one row faster by more than it makes thousands slower."""


class ColumnData(NamedTuple):
    """The values of one column.

    `data` is [n]: float64 (NaN is NULL), int64 (also BOOL, TIMESTAMP, DATE) or an object array of str.
    `valid` is [n] bool, or None where every value is there; never given for FLOAT64.
    """

    data: npt.NDArray[np.generic]
    valid: npt.NDArray[np.bool_] | None = None


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
        return tuple(c.name for c in self.columns if c.type not in (SqlType.FLOAT64, SqlType.STRING))

    @functools.cached_property
    def strings(self) -> tuple[str, ...]:
        """STRING columns, in order."""
        return tuple(c.name for c in self.columns if c.type is SqlType.STRING)

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
            return feed
        for name in self.strings:
            feed[STRING_INPUT_PREFIX + name] = columns[name].data.reshape(-1, 1)
        return feed


def _pack(columns: list[npt.NDArray[np.generic]], dtype: type[np.generic]) -> npt.NDArray[np.generic]:
    packed = np.empty((len(columns[0]), len(columns)), dtype)
    for index, column in enumerate(columns):
        packed[:, index] = column
    return packed


def _pack_validity(columns: list[ColumnData]) -> npt.NDArray[np.bool_]:
    packed = np.ones((len(columns[0].data), len(columns)), np.bool_)
    for index, column in enumerate(columns):
        if column.valid is not None:
            packed[:, index] = column.valid
    return packed

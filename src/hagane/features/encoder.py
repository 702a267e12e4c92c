"""`Encoder`: a transform's graph, ready to run on record batches, through dictionaries where it can.

A feature that reads one STRING column alone has as many values as the column has distinct strings: its graph is run on
the dictionary, and the result gathered by code. Everything else runs row by row, in runs short enough for the cache.
The graph is cut into parts that share no column: constants then meet tensors of one column, which ONNX Runtime handles
eight times faster than the rows of a narrow block, and nothing has to be packed or unpacked. Wide tables, whose blocks
are not narrow, stay in one part. The nodes are the same, and so is every bit, whichever way a feature took.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hagane.data.column_data import column_data, columns_data
from hagane.features.emit import Emitter
from hagane.features.encoded import id_dtype
from hagane.features.feature import FeatureKind
from hagane.features.graph_ports import DENSE, IDS, ROW_ERROR
from hagane.features.lower import LoweredFeature
from hagane.features.plan import emit_columns, emit_features
from hagane.runtime.layout import ColumnData, InputLayout
from hagane.runtime.session import Session
from hagane.types import Schema, SqlType

if TYPE_CHECKING:
    from hagane.features.transform import Transform

Array = npt.NDArray[np.generic]
BoolArray = npt.NDArray[np.bool_]
RUN_ROWS = 16_384
"""Rows of one call to a graph: a column of float64 and its intermediates stay within a core's cache."""
MOST_PARTS = 64
"""With more parts than this the features that run row by row share one graph."""


class EncodedColumns(NamedTuple):
    """`columns`: one array [n] a feature, in the order of `Transform.features`; `row_error` [n] bool, None: nowhere."""

    columns: list[Array]
    row_error: BoolArray | None


class Encoder:
    """Runs a transform on batches. Several threads may share one."""

    def __init__(self, transform: Transform) -> None:
        self.transform = transform
        self.dtypes = [
            np.dtype(transform.dense_dtype) if feature.kind is FeatureKind.DENSE else id_dtype(feature.cardinality)
            for feature in transform.features
        ]
        lowered = transform.lowered()
        strings = {column.name for column in transform.columns if column.type is SqlType.STRING}
        parts = _parts([feature.columns for feature, _ in lowered])
        by_row = [part for part in parts if not _is_text(part, strings)]
        if len(by_row) > MOST_PARTS:
            together = sorted(index for part in by_row for index in part.indices)
            self._by_row: list[_Graph] = [_BlockGraph(transform, lowered, together)]
        else:
            self._by_row = [_ColumnGraph(transform, lowered, part.indices) for part in by_row]
        by_dictionary = [part for part in parts if _is_text(part, strings)]
        self._by_string = {min(part.columns): _ColumnGraph(transform, lowered, part.indices) for part in by_dictionary}
        self._dictionaries: dict[str, _EncodedDictionary] = {}

    def encode_batch(self, batch: pa.RecordBatch) -> tuple[Array, Array, BoolArray]:
        """`dense` [n, d], `ids` [n, k] int64 and `row_error` [n] of a batch that holds the transform's columns."""
        columns, row_error = self.encode_columns(batch)
        d = len(self.transform.dense)
        dense = np.empty((batch.num_rows, d), self.transform.dense_dtype)
        ids = np.empty((batch.num_rows, len(columns) - d), np.int64)
        for index, column in enumerate(columns[:d]):
            dense[:, index] = column
        for index, column in enumerate(columns[d:]):
            ids[:, index] = column
        return dense, ids, np.zeros(batch.num_rows, np.bool_) if row_error is None else row_error

    def encode_columns(self, batch: pa.RecordBatch) -> EncodedColumns:
        """The same by column: dense in the transform's type, ids in the narrowest unsigned type that holds them."""
        out = EncodedColumns([np.empty(batch.num_rows, dtype) for dtype in self.dtypes], None)
        errors: list[BoolArray | None] = []
        for graph in self._by_row:
            errors.append(graph.run_rows(batch, out.columns))
        for name, graph in self._by_string.items():
            array = batch.column(name)
            if pa.types.is_dictionary(array.type):
                errors.append(self._gather(name, graph, array, out.columns))
            else:
                errors.append(graph.run_rows(batch, out.columns))
        return out._replace(row_error=_any(errors))

    def _gather(self, name: str, graph: _Graph, array: Any, out: list[Array]) -> BoolArray | None:
        known = self._dictionaries.get(name)
        if known is None or not known.dictionary.equals(array.dictionary):
            known = graph.run_dictionary(array.dictionary, self.dtypes)
            self._dictionaries[name] = known
        codes = array.indices if array.null_count == 0 else array.indices.fill_null(len(array.dictionary))
        codes_array = np.asarray(codes)
        for index, words in zip(graph.indices, known.columns, strict=True):
            np.take(words, codes_array, out=out[index], mode="clip")
        return None if known.row_error is None else known.row_error[codes_array]


class _EncodedDictionary(NamedTuple):
    """Features of each word of a dictionary, and of NULL behind the last."""

    dictionary: pa.Array[Any]
    columns: list[Array]
    row_error: BoolArray | None


class _Part(NamedTuple):
    """Features, by number, that share no column with any other part."""

    indices: tuple[int, ...]
    columns: frozenset[str]


def _parts(columns_of_features: Sequence[tuple[str, ...]]) -> list[_Part]:
    """The connected components of features and the columns that they read.

    >>> [part.indices for part in _parts([("a",), ("b",), ("a", "c"), ("c",)])]
    [(1,), (0, 2, 3)]
    """
    parts: list[_Part] = []
    for index, columns in enumerate(columns_of_features):
        touched = [part for part in parts if not part.columns.isdisjoint(columns)]
        parts = [part for part in parts if part.columns.isdisjoint(columns)]
        indices = (*(i for part in touched for i in part.indices), index)
        parts.append(_Part(tuple(sorted(indices)), frozenset(columns).union(*(part.columns for part in touched))))
    return parts


def _is_text(part: _Part, strings: Collection[str]) -> bool:
    return len(part.columns) == 1 and part.columns <= set(strings)


class _Graph:
    """The graph of some features, and the columns that they read."""

    def __init__(self, transform: Transform, lowered: Sequence[LoweredFeature], indices: Sequence[int]) -> None:
        chosen = [lowered[index] for index in indices]
        read = {name for feature, _ in chosen for name in feature.columns}
        self.indices = list(indices)
        self.schema = Schema(tuple(column for column in transform.columns if column.name in read))
        self._layout = InputLayout(self.schema.columns)
        emitter = Emitter()
        self._outputs = self._emit(emitter, chosen, transform)
        self._session = Session(emitter.model().SerializeToString())

    def _emit(self, emitter: Emitter, features: Sequence[LoweredFeature], transform: Transform) -> list[str]:
        """Add inputs, nodes and outputs; the outputs' names."""
        raise NotImplementedError

    def _columns(self, tensors: Mapping[str, Array]) -> Iterator[Array]:
        """Each feature's column [n] among the outputs."""
        raise NotImplementedError

    def run_rows(self, batch: pa.RecordBatch, out: Sequence[Array]) -> BoolArray | None:
        """Fill this graph's columns of `out`, which has one a feature of the transform; where rows erred."""
        return self._run(columns_data(batch, self.schema), [out[index] for index in self.indices])

    def run_dictionary(self, dictionary: pa.Array[Any], dtypes: Sequence[np.dtype[np.generic]]) -> _EncodedDictionary:
        """The features of each word, and of NULL."""
        (column,) = self.schema.columns
        words, valid = column_data(dictionary, column.type)
        known = np.ones(len(words), np.bool_) if valid is None else valid
        data = ColumnData(np.append(words, ""), np.append(known, False))
        columns = [np.empty(len(data.data), dtypes[index]) for index in self.indices]
        error = self._run({column.name: data}, columns)
        return _EncodedDictionary(dictionary, columns, error)

    def _run(self, columns: dict[str, ColumnData], out: Sequence[Array]) -> BoolArray | None:
        num_rows, errors = len(out[0]), None
        for start in range(0, num_rows, RUN_ROWS):
            rows = slice(start, start + RUN_ROWS)
            feed = self._layout.feed({name: _slice(data, rows) for name, data in columns.items()})
            tensors = self._session.run(feed, self._outputs)
            for values, column in zip(self._columns(tensors), out, strict=True):
                column[rows] = values
            if ROW_ERROR in tensors and tensors[ROW_ERROR].any():
                errors = np.zeros(num_rows, np.bool_) if errors is None else errors
                errors[rows] = tensors[ROW_ERROR].reshape(-1)
        return errors


class _ColumnGraph(_Graph):
    """With an output a feature: for few features."""

    def _emit(self, emitter: Emitter, features: Sequence[LoweredFeature], transform: Transform) -> list[str]:
        tensors, row_error = emit_columns(emitter, features, self._layout, dense_dtype=transform.dense_dtype,
                                          accepts_missing=transform.accepts_missing)  # fmt: skip
        names = [f"feature.{index}" for index in self.indices]
        for name, tensor, (feature, _) in zip(names, tensors, features, strict=True):
            is_dense = feature.kind is FeatureKind.DENSE
            emitter.output(name, tensor, np.dtype(transform.dense_dtype if is_dense else np.int64), ("n", 1))
        if row_error is None:
            return names
        emitter.output(ROW_ERROR, row_error, np.bool_, ("n", 1))
        return [*names, ROW_ERROR]

    def _columns(self, tensors: Mapping[str, Array]) -> Iterator[Array]:
        return (tensors[f"feature.{index}"][:, 0] for index in self.indices)


class _BlockGraph(_Graph):
    """With `dense` and `ids` as blocks, as a bundle has them: for many features."""

    def _emit(self, emitter: Emitter, features: Sequence[LoweredFeature], transform: Transform) -> list[str]:
        ports = emit_features(emitter, features, self._layout, dense_dtype=transform.dense_dtype,
                              accepts_missing=transform.accepts_missing)  # fmt: skip
        dtypes = {DENSE: transform.dense_dtype, IDS: "int64", ROW_ERROR: "bool"}
        names = []
        for name, tensor in zip((DENSE, IDS, ROW_ERROR), ports, strict=True):
            if tensor is not None:
                emitter.output(name, tensor, np.dtype(dtypes[name]), ("n",) if name == ROW_ERROR else ("n", "k"))
                names.append(name)
        return names

    def _columns(self, tensors: Mapping[str, Array]) -> Iterator[Array]:
        blocks = [tensors[name] for name in (DENSE, IDS) if name in tensors]
        return (block[:, index] for block in blocks for index in range(block.shape[1]))


def _slice(data: ColumnData, rows: slice) -> ColumnData:
    return ColumnData(data.data[rows], None if data.valid is None else data.valid[rows])


def _any(errors: Sequence[BoolArray | None]) -> BoolArray | None:
    known = [error for error in errors if error is not None]
    return np.logical_or.reduce(known) if known else None

"""`Encoder`: a transform's graph, ready to run on record batches, through dictionaries where it can.

A feature that reads one STRING column alone has as many values as the column has distinct strings: its graph is run on
the dictionary, and the result gathered by code. Everything else runs row by row, in runs short enough for the cache.
It is the same graph in both cases, cut by columns, so that a feature's bits do not depend on the way it took.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hagane.features.emit import Emitter
from hagane.features.encoded import id_dtype
from hagane.features.feature import FeatureKind
from hagane.features.graph_ports import DENSE, IDS, ROW_ERROR
from hagane.features.lower import LoweredFeature
from hagane.features.plan import emit_features
from hagane.runtime.layout import ColumnData, InputLayout
from hagane.runtime.session import Session
from hagane.types import Schema, SqlType

if TYPE_CHECKING:
    from hagane.features.transform import Transform

Array = npt.NDArray[np.generic]
RUN_ROWS = 4_096
"""Rows of one call to the graph: 10 columns of float64 and their intermediates stay within a core's cache."""


class EncodedColumns(NamedTuple):
    """`columns`: one array [n] a feature, in the order of `Transform.features`; `row_error` [n] bool, None: nowhere."""

    columns: list[Array]
    row_error: npt.NDArray[np.bool_] | None


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
        alone: dict[str, list[int]] = {}
        rest: list[int] = []
        for index, (feature, _) in enumerate(lowered):
            is_text = len(feature.columns) == 1 and feature.columns[0] in strings
            (alone.setdefault(feature.columns[0], []) if is_text else rest).append(index)
        self._by_string = {name: _Graph(transform, lowered, indices) for name, indices in alone.items()}
        self._by_row = _Graph(transform, lowered, rest) if rest else None
        self._dictionaries: dict[str, _EncodedDictionary] = {}

    def encode_batch(self, batch: pa.RecordBatch) -> tuple[Array, Array, npt.NDArray[np.bool_]]:
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
        errors: list[npt.NDArray[np.bool_] | None] = []
        if self._by_row is not None:
            errors.append(self._by_row.run_rows(batch, out.columns))
        for name, graph in self._by_string.items():
            array = batch.column(name)
            if pa.types.is_dictionary(array.type):
                errors.append(self._gather(name, graph, array, out.columns))
            else:
                errors.append(graph.run_rows(batch, out.columns))
        return out._replace(row_error=_any(errors))

    def _gather(self, name: str, graph: _Graph, array: pa.DictionaryArray, out: list[Array]) -> npt.NDArray[np.bool_] | None:
        known = self._dictionaries.get(name)
        if known is None or not known.dictionary.equals(array.dictionary):
            known = graph.run_dictionary(array.dictionary)
            self._dictionaries[name] = known
        codes = array.indices if array.null_count == 0 else array.indices.fill_null(len(array.dictionary))
        codes_array = np.asarray(codes)
        for index, words in zip(graph.indices, known.columns, strict=True):
            np.take(words, codes_array, out=out[index], mode="clip")
        return None if known.row_error is None else known.row_error[codes_array]


class _EncodedDictionary(NamedTuple):
    """Features of each word of a dictionary, and of NULL behind the last."""

    dictionary: pa.Array
    columns: list[Array]
    row_error: npt.NDArray[np.bool_] | None


class _Graph:
    """The graph of some features, and the columns that they read."""

    def __init__(self, transform: Transform, lowered: Sequence[LoweredFeature], indices: Sequence[int]) -> None:
        chosen = [lowered[index] for index in indices]
        read = {name for feature, _ in chosen for name in feature.columns}
        self.indices = list(indices)
        self.schema = Schema(tuple(column for column in transform.columns if column.name in read))
        self._layout = InputLayout(self.schema.columns)
        self._dtypes = [np.dtype(transform.dense_dtype) if f.kind is FeatureKind.DENSE else id_dtype(f.cardinality) for f, _ in chosen]
        self._num_dense = sum(feature.kind is FeatureKind.DENSE for feature, _ in chosen)
        emitter = Emitter()
        ports = emit_features(emitter, chosen, self._layout, dense_dtype=transform.dense_dtype,
                              accepts_missing=transform.accepts_missing)  # fmt: skip
        self._outputs = []
        dtypes = {DENSE: transform.dense_dtype, IDS: "int64", ROW_ERROR: "bool"}
        for name, tensor in zip((DENSE, IDS, ROW_ERROR), ports, strict=True):
            if tensor is not None:
                emitter.output(name, tensor, np.dtype(dtypes[name]), ("n",) if name == ROW_ERROR else ("n", "k"))
                self._outputs.append(name)
        self._session = Session(emitter.model().SerializeToString())

    def run_rows(self, batch: pa.RecordBatch, out: list[Array]) -> npt.NDArray[np.bool_] | None:
        """Fill this graph's columns of `out` for every row; where rows erred."""
        from hagane.data.column_data import columns_data

        return self._run(columns_data(batch, self.schema), [out[index] for index in self.indices])

    def run_dictionary(self, dictionary: pa.Array) -> _EncodedDictionary:
        """The features of each word, and of NULL."""
        from hagane.data.column_data import column_data

        (column,) = self.schema.columns
        words, valid = column_data(dictionary, column.type)
        known = np.ones(len(words), np.bool_) if valid is None else valid
        data = ColumnData(np.append(words, ""), np.append(known, False))
        columns = [np.empty(len(data.data), dtype) for dtype in self._dtypes]
        error = self._run({column.name: data}, columns)
        return _EncodedDictionary(dictionary, columns, error)

    def _run(self, columns: dict[str, ColumnData], out: list[Array]) -> npt.NDArray[np.bool_] | None:
        num_rows, errors = len(out[0]), None
        for start in range(0, num_rows, RUN_ROWS):
            rows = slice(start, start + RUN_ROWS)
            feed = self._layout.feed({name: _slice(data, rows) for name, data in columns.items()})
            tensors = self._session.run(feed, self._outputs)
            for index, column in enumerate(out):
                dense = index < self._num_dense
                column[rows] = tensors[DENSE][:, index] if dense else tensors[IDS][:, index - self._num_dense]
            if tensors[ROW_ERROR].any():
                errors = np.zeros(num_rows, np.bool_) if errors is None else errors
                errors[rows] = tensors[ROW_ERROR]
        return errors


def _slice(data: ColumnData, rows: slice) -> ColumnData:
    return ColumnData(data.data[rows], None if data.valid is None else data.valid[rows])


def _any(errors: Sequence[npt.NDArray[np.bool_] | None]) -> npt.NDArray[np.bool_] | None:
    known = [error for error in errors if error is not None]
    return np.logical_or.reduce(known) if known else None

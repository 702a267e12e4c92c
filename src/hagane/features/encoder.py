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
from hagane.features.encoded_dictionary import EncodedDictionary, EncodedWords
from hagane.features.feature import Feature, FeatureKind
from hagane.features.graph_ports import DENSE, IDS, ROW_ERROR, SparsePort, sparse_outputs
from hagane.features.lower import LoweredFeature
from hagane.features.plan import emit_columns, emit_features, output_sparse
from hagane.features.sparse_rows import SparseRows
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
    """`columns`: an array [n], or SparseRows, a feature, in the order of `Transform.features`.

    `row_error`: [n] bool, None: nowhere.
    """

    columns: list[Array | SparseRows]
    row_error: BoolArray | None


class EncodedTensors(NamedTuple):
    """Features as a model takes them."""

    dense: Array
    """[n, d]."""
    ids: npt.NDArray[np.int64]
    """[n, k]."""
    row_error: BoolArray
    """[n]."""
    sparse: tuple[SparseRows, ...]


class Encoder:
    """Runs a transform on batches. Several threads may share one."""

    def __init__(self, transform: Transform) -> None:
        self.transform = transform
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
        self._dictionaries = {name: EncodedDictionary(graph.run_words) for name, graph in self._by_string.items()}

    def encode_batch(self, batch: pa.RecordBatch) -> EncodedTensors:
        """The features of a batch that holds the transform's columns."""
        columns, row_error = self.encode_columns(batch)
        d, k = len(self.transform.dense), len(self.transform.ids)
        dense = np.empty((batch.num_rows, d), self.transform.dense_dtype)
        ids = np.empty((batch.num_rows, k), np.int64)
        for index, column in enumerate(columns[:d]):
            dense[:, index] = column
        for index, column in enumerate(columns[d : d + k]):
            ids[:, index] = column
        sparse = tuple(column for column in columns if isinstance(column, SparseRows))
        error = np.zeros(batch.num_rows, np.bool_) if row_error is None else row_error
        return EncodedTensors(dense, ids, error, sparse)

    def encode_columns(self, batch: pa.RecordBatch) -> EncodedColumns:
        """The same by column: dense in the transform's type, ids in the narrowest unsigned type that holds them."""
        found: dict[int, Array | SparseRows] = {}
        errors: list[BoolArray | None] = []
        for graph in self._by_row:
            errors.append(graph.run_rows(batch, found))
        for name, graph in self._by_string.items():
            array = batch.column(name)
            if pa.types.is_dictionary(array.type):
                errors.append(self._gather(name, graph, array, found))
            else:
                errors.append(graph.run_rows(batch, found))
        return EncodedColumns([found[index] for index in range(len(self.transform.features))], _any(errors))

    def _gather(self, name: str, graph: _Graph, array: Any, out: dict[int, Array | SparseRows]) -> BoolArray | None:
        known = self._dictionaries[name].look_up(array.dictionary)
        indices = array.indices.cast(pa.int32())  # which hold -1, and one more than the last word
        codes = np.asarray(indices if array.null_count == 0 else indices.fill_null(-1)) + 1
        for index, words in zip(graph.indices, known.columns, strict=True):
            is_sparse = isinstance(words, SparseRows)
            out[index] = words.take(codes) if is_sparse else np.take(words, codes, mode="clip")
        return None if known.row_error is None else known.row_error[codes]


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
        self._features = [feature for feature, _ in chosen]
        self._dense_dtype = np.dtype(transform.dense_dtype)
        self._layout = InputLayout(self.schema.columns)
        emitter = Emitter()
        self._outputs = self._emit(emitter, chosen, transform)
        self._session = Session(emitter.model().SerializeToString())

    def _emit(self, emitter: Emitter, features: Sequence[LoweredFeature], transform: Transform) -> list[str]:
        """Add inputs, nodes and outputs; the outputs' names."""
        raise NotImplementedError

    def _columns(self, tensors: Mapping[str, Array], num_rows: int) -> Iterator[Array | SparseRows]:
        """Each feature's column [num_rows] among the outputs."""
        raise NotImplementedError

    def run_rows(self, batch: pa.RecordBatch, out: dict[int, Array | SparseRows]) -> BoolArray | None:
        """Put this graph's columns into `out` by the feature's number; where rows erred."""
        columns, errors = self._run(columns_data(batch, self.schema), batch.num_rows)
        out.update(zip(self.indices, columns, strict=True))
        return errors

    def run_words(self, words: pa.Array[Any]) -> EncodedWords:
        """The features of each word of this graph's only column."""
        (column,) = self.schema.columns
        columns, errors = self._run({column.name: column_data(words, column.type)}, len(words))
        return EncodedWords(columns, errors, len(words))

    def _run(self, columns: dict[str, ColumnData], num_rows: int) -> tuple[list[Array | SparseRows], BoolArray | None]:
        """The columns of all rows, run by run, and where rows erred."""
        out = [_Column(feature, self._dense_dtype, num_rows) for feature in self._features]
        errors = None
        for rows in self._session.runs(columns, num_rows, RUN_ROWS):
            run = {name: data.slice(rows.start, rows.stop) for name, data in columns.items()}
            tensors = self._session.run(self._layout.feed(run), self._outputs)
            for values, column in zip(self._columns(tensors, rows.stop - rows.start), out, strict=True):
                column.put(rows, values)
            if ROW_ERROR in tensors and tensors[ROW_ERROR].any():
                errors = np.zeros(num_rows, np.bool_) if errors is None else errors
                errors[rows] = tensors[ROW_ERROR].reshape(-1)
        return [column.finish() for column in out], errors


class _Column:
    """A feature's column while it is filled, run by run."""

    def __init__(self, feature: Feature, dense_dtype: np.dtype[np.generic], num_rows: int) -> None:
        is_dense, is_sparse = feature.kind is FeatureKind.DENSE, feature.kind is FeatureKind.SPARSE
        self._dtype = dense_dtype if is_dense else id_dtype(feature.cardinality)
        self._values = np.empty(0 if is_sparse else num_rows, self._dtype)
        self._parts: list[SparseRows] = []
        self._is_sparse = is_sparse

    def put(self, rows: slice, values: Array | SparseRows) -> None:
        """The values of the next rows."""
        if isinstance(values, SparseRows):
            self._parts.append(values._replace(ids=values.ids.astype(self._dtype)))
        else:
            self._values[rows] = values

    def finish(self) -> Array | SparseRows:
        """All rows."""
        if not self._is_sparse:
            return self._values
        empty = SparseRows(np.zeros(1, np.int64), self._values, np.empty(0, np.float32))
        return SparseRows.concatenate(self._parts) if self._parts else empty


class _ColumnGraph(_Graph):
    """With an output a feature: for few features."""

    def _emit(self, emitter: Emitter, features: Sequence[LoweredFeature], transform: Transform) -> list[str]:
        tensors, row_error = emit_columns(emitter, features, self._layout, dense_dtype=transform.dense_dtype,
                                          accepts_missing=transform.accepts_missing)  # fmt: skip
        names: list[str] = []
        for index, tensor, (feature, _) in zip(self.indices, tensors, features, strict=True):
            if isinstance(tensor, SparsePort):
                names += output_sparse(emitter, index, tensor)
                continue
            is_dense = feature.kind is FeatureKind.DENSE
            names.append(f"feature.{index}")
            emitter.output(names[-1], tensor, np.dtype(transform.dense_dtype if is_dense else np.int64), ("n", 1))
        if row_error is not None:
            emitter.output(ROW_ERROR, row_error, np.bool_, ("n", 1))
            names.append(ROW_ERROR)
        return names

    def _columns(self, tensors: Mapping[str, Array], num_rows: int) -> Iterator[Array | SparseRows]:
        for index, feature in zip(self.indices, self._features, strict=True):
            if feature.kind is FeatureKind.SPARSE:
                yield _sparse_rows(tensors, index, num_rows)
            else:
                yield tensors[f"feature.{index}"][:, 0]


class _BlockGraph(_Graph):
    """With `dense` and `ids` as blocks, as a bundle has them: for many features."""

    def _emit(self, emitter: Emitter, features: Sequence[LoweredFeature], transform: Transform) -> list[str]:
        ports = emit_features(emitter, features, self._layout, dense_dtype=transform.dense_dtype,
                              accepts_missing=transform.accepts_missing)  # fmt: skip
        names: list[str] = []
        for name, tensor, dtype in ((DENSE, ports.dense, transform.dense_dtype), (IDS, ports.ids, "int64")):
            if tensor is not None:
                emitter.output(name, tensor, np.dtype(dtype), ("n", "k"))
                names.append(name)
        emitter.output(ROW_ERROR, ports.row_error, np.bool_, ("n",))
        for index, port in enumerate(ports.sparse):
            names += output_sparse(emitter, index, port)
        return [*names, ROW_ERROR]

    def _columns(self, tensors: Mapping[str, Array], num_rows: int) -> Iterator[Array | SparseRows]:
        blocks = [tensors[name] for name in (DENSE, IDS) if name in tensors]
        yield from (block[:, index] for block in blocks for index in range(block.shape[1]))
        num_sparse = sum(feature.kind is FeatureKind.SPARSE for feature in self._features)
        yield from (_sparse_rows(tensors, index, num_rows) for index in range(num_sparse))


def _sparse_rows(tensors: Mapping[str, Array], index: int, num_rows: int) -> SparseRows:
    rows, ids, weights = (tensors[name] for name in sparse_outputs(index))
    return SparseRows.from_entries(rows.astype(np.int64, copy=False), ids, weights.astype(np.float32, copy=False),
                                   num_rows)  # fmt: skip


def _any(errors: Sequence[BoolArray | None]) -> BoolArray | None:
    known = [error for error in errors if error is not None]
    return np.logical_or.reduce(known) if known else None

"""`FeatureErrors`: which features erred on the rows of which it is known that one did.

The encoder only tells rows: to have an output more for each feature would cost every row, and few err. A graph that
yields nothing but errors is made when the first row errs, and run on such rows alone.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hagane.data.column_data import columns_data
from hagane.features.emit import Emitter
from hagane.features.plan import emit_errors
from hagane.features.transform import Transform
from hagane.runtime.session import Session
from hagane.types import Schema

BoolArray = npt.NDArray[np.bool_]
RUN_ROWS = 16_384


class FeatureErrors:
    """Finds the errors of each feature of a transform. Several threads may share one."""

    def __init__(self, transform: Transform) -> None:
        self._transform = transform
        self._graph: _ErrorGraph | None = None
        self._lock = threading.Lock()

    def find(self, batch: pa.RecordBatch, row_error: BoolArray | None) -> Sequence[BoolArray | None]:
        """By feature, where it erred [n] bool (None: nowhere), for a batch whose rows erred as `row_error` [n] says."""
        num_features = len(self._transform.features)
        if row_error is None or not row_error.any():
            return [None] * num_features
        if num_features == 1:
            return [row_error]
        with self._lock:
            self._graph = self._graph or _ErrorGraph(self._transform)
        rows = np.flatnonzero(row_error)
        errors: list[BoolArray | None] = [None] * num_features
        for feature, erred in self._graph.run(batch.take(pa.array(rows))):
            found = errors[feature]
            found = np.zeros(batch.num_rows, np.bool_) if found is None else found
            found[rows] |= erred
            errors[feature] = found
        return errors


class _ErrorGraph:
    """A transform's graph with nothing but errors for outputs."""

    def __init__(self, transform: Transform) -> None:
        emitter = Emitter()
        self._schema = Schema(transform.columns)
        self._layout = transform.layout
        blocks = emit_errors(emitter, transform.lowered(), self._layout, dense_dtype=transform.dense_dtype,
                             accepts_missing=transform.accepts_missing)  # fmt: skip
        self._columns = {f"errors.{number}": block.columns for number, block in enumerate(blocks)}
        for name, block in zip(self._columns, blocks, strict=True):
            emitter.output(name, block.tensor, np.bool_, ("n", "w"))
        self._session = Session(emitter.model().SerializeToString())

    def run(self, batch: pa.RecordBatch) -> Iterator[tuple[int, BoolArray]]:
        """The features that erred, by number, and on which rows of the batch; some several times."""
        columns = columns_data(batch, self._schema)
        names, runs = list(self._columns), []
        for rows in self._session.runs(columns, batch.num_rows, RUN_ROWS):
            feed = self._layout.feed({name: data.slice(rows.start, rows.stop) for name, data in columns.items()})
            runs.append(self._session.run(feed, names))
        for name, pairs in self._columns.items():
            erred = np.concatenate([run[name] for run in runs])
            some = set(np.flatnonzero(erred.any(axis=0)).tolist())
            yield from ((feature, erred[:, column]) for feature, column in pairs if column in some)

"""`FeatureErrors`: which features erred on the rows of which it is known that one did.

The encoder only tells rows: to have an output more for each feature would cost every row, and few err. A graph that
yields nothing but errors is made when the first row errs, and run on such rows alone.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

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
        for start in range(0, len(rows), RUN_ROWS):
            some = rows[start : start + RUN_ROWS]
            for feature, erred in self._graph.run(batch.take(pa.array(some))):
                known = errors[feature]
                known = np.zeros(batch.num_rows, np.bool_) if known is None else known
                known[some] = erred
                errors[feature] = known
        return errors


class _ErrorGraph:
    """A transform's graph with the features' errors for outputs."""

    def __init__(self, transform: Transform) -> None:
        emitter = Emitter()
        self._schema = Schema(transform.columns)
        self._layout = transform.layout
        tensors = emit_errors(emitter, transform.lowered(), self._layout, dense_dtype=transform.dense_dtype,
                              accepts_missing=transform.accepts_missing)  # fmt: skip
        self._names = {feature: f"error.{feature}" for feature, tensor in enumerate(tensors) if tensor is not None}
        for feature, name in self._names.items():
            tensor = tensors[feature]
            assert tensor is not None
            emitter.output(name, tensor, np.bool_, ("n", 1))
        self._session = Session(emitter.model().SerializeToString())

    def run(self, batch: pa.RecordBatch) -> list[tuple[int, BoolArray]]:
        """The features that erred, by number, and on which rows of the batch."""
        feed = self._layout.feed(columns_data(batch, self._schema))
        tensors = self._session.run(feed, list(self._names.values()))
        found = [(feature, np.asarray(tensors[name][:, 0], np.bool_)) for feature, name in self._names.items()]
        return [(feature, erred) for feature, erred in found if erred.any()]

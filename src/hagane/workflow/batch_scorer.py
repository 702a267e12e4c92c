"""`BatchScorer`: a bundle over record batches, features by dictionary where its transform is known.

Training encodes a STRING column through its dictionary, many times faster than a text a row, and export proves that
both ways give the same bits. Here the bundle's own `transform.json` is encoded so, and the graph goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hagane.bundle.bundle import CHUNK_ROWS, Bundle
from hagane.bundle.manifest import MODEL_NAME
from hagane.bundle.predictions import Predictions
from hagane.bundle.signature import ROW_ERROR
from hagane.data.column_data import columns_data
from hagane.features.encoder import EncodedTensors, Encoder
from hagane.features.graph_ports import DENSE, IDS, sparse_outputs
from hagane.features.transform import Transform
from hagane.runtime.session import Session
from hagane.types import Column, Schema
from hagane.workflow.scoring_graph import LABEL_NUMBER, ScoringGraph, scoring_graph

TRANSFORM_NAME = "transform.json"
PROOF_ROWS = 1_024
"""Rows that are answered both ways before the faster one is believed."""

Array = npt.NDArray[np.generic]


class BatchScorer:
    """Answers record batches that hold the signature's columns, strings dictionary-encoded. Threads may share one."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._schema = Schema(tuple(Column(each.name, each.type) for each in bundle.signature.inputs))
        self._features = _FeatureScorer.of(bundle)

    @property
    def by_features(self) -> bool:
        """Whether features are computed apart, through dictionaries."""
        return self._features is not None

    def prove(self, batch: pa.RecordBatch) -> None:
        """Go by features only if they give these rows, or the first of them, the bundle's own answers to the bit."""
        head = batch.slice(0, PROOF_ROWS)
        if self._features is not None and not _same(self._features.predict(head), self._whole(head)):
            self._features = None

    def predict(self, batch: pa.RecordBatch) -> Predictions:
        """The answers for a batch, n rows; a class that is a text may be told by its number."""
        return self._whole(batch) if self._features is None else self._features.predict(batch)

    def _whole(self, batch: pa.RecordBatch) -> Predictions:
        return self._bundle.predict_columns(columns_data(batch, self._schema))


class _FeatureScorer:
    """Features from the transform, scores from the graph behind them."""

    def __init__(self, bundle: Bundle, transform: Transform, graph: ScoringGraph) -> None:
        self._signature = bundle.signature
        self._encoder = Encoder(transform)
        self._graph = graph
        self._session = Session(graph.model)

    @classmethod
    def of(cls, bundle: Bundle) -> _FeatureScorer | None:
        """None for a bundle without a transform, or whose graph cannot be cut behind its features."""
        if TRANSFORM_NAME not in bundle.manifest.files:
            return None
        graph = scoring_graph(bundle.document(MODEL_NAME), bundle.signature)
        return None if graph is None else cls(bundle, Transform.from_json(bundle.document(TRANSFORM_NAME)), graph)

    def predict(self, batch: pa.RecordBatch) -> Predictions:
        features = self._encoder.encode_batch(batch)
        starts = range(0, max(batch.num_rows, 1), CHUNK_ROWS)
        stops = (min(start + CHUNK_ROWS, batch.num_rows) for start in starts)
        return Predictions.concatenate([self._run(features, *rows) for rows in zip(starts, stops, strict=True)])

    def _run(self, features: EncodedTensors, start: int, stop: int) -> Predictions:
        tensors = _tensors(features, start, stop)
        feed = {name: tensors[name] for name in self._graph.inputs}
        found: dict[str, Any] = self._session.run(feed or {ROW_ERROR: tensors[ROW_ERROR]}, self._graph.outputs)
        numbers = found.pop(LABEL_NUMBER, None)
        answers = Predictions.from_outputs(self._signature, found | {ROW_ERROR: tensors[ROW_ERROR]})
        return answers if numbers is None else _numbered(answers, numbers)


def _numbered(answers: Predictions, numbers: npt.NDArray[np.int64]) -> Predictions:
    return Predictions(answers.signature, answers.row_errors, answers.probabilities, label_numbers=numbers)


def _tensors(features: EncodedTensors, start: int, stop: int) -> dict[str, Array]:
    """The ports of the rows [start, stop)."""
    tensors: dict[str, Array] = {
        DENSE: features.dense[start:stop],
        IDS: features.ids[start:stop],
        ROW_ERROR: features.row_error[start:stop],
    }
    for index, column in enumerate(features.sparse):
        part = column.slice(start, stop)
        rows = np.repeat(np.arange(part.num_rows, dtype=np.int64), np.diff(part.offsets))
        tensors |= zip(sparse_outputs(index), (rows, part.ids.astype(np.int64), part.weights), strict=True)
    return tensors


def _same(left: Predictions, right: Predictions) -> bool:
    """Whether two answers are the same to the bit."""
    classes = np.array(right.signature.classes)
    labels = right.labels if left.label_numbers is None else classes[left.label_numbers]
    pairs: dict[str, tuple[Any, Any]] = {
        name: (getattr(left, name), getattr(right, name))
        for name in ("row_errors", "probabilities", "values", "lower_bounds", "upper_bounds")
    } | {"labels": (labels, right.labels)}
    pairs |= {str(place): pair for place, pair in enumerate(_tensor_pairs(left, right))}
    return all(_same_bits(*pair) for pair in pairs.values())


def _tensor_pairs(left: Predictions, right: Predictions) -> Iterator[tuple[Any, Any]]:
    """Whatever the output columns of a model without a label hold."""
    for one, other in zip(left.columns or (), right.columns or (), strict=True):
        yield from zip(one.arrays, other.arrays, strict=True)


def _same_bits(left: Array | None, right: Array | None) -> bool:
    if left is None or right is None:
        return left is right
    if right.dtype.kind != "f":
        return bool(np.array_equal(left, right))
    return left.dtype == right.dtype and left.tobytes() == right.tobytes()

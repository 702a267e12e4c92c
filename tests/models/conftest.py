"""Data and helpers of the model tests: small encoders from arrays and frames to `Encoded`, and the graph runner."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pandas as pd
import pytest

from hagane.features.emit import Emitter
from hagane.features.encoded import Encoded, EncodedWriter
from hagane.features.feature import Feature, FeatureKind

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


def features_for(num_dense: int, cardinalities: tuple[int, ...]) -> tuple[Feature, ...]:
    dense = [Feature(name=f"x{i}", kind=FeatureKind.DENSE, columns=(f"x{i}",)) for i in range(num_dense)]
    ids = [Feature(name=f"c{i}", kind=FeatureKind.ID, columns=(f"c{i}",), cardinality=cardinality)
           for i, cardinality in enumerate(cardinalities)]
    return (*dense, *ids)


def write(folder: Path, dense: np.ndarray, ids: np.ndarray, label: np.ndarray, cardinalities: tuple[int, ...], *,
          dense_dtype: str = "float32", block_rows: int = 1000) -> Encoded:
    label_dtype = "float64" if label.dtype.kind == "f" else "int64"
    writer = EncodedWriter(folder, features_for(dense.shape[1], cardinalities), dense_dtype=dense_dtype,
                           label_dtype=label_dtype, block_rows=block_rows)
    writer.append([*dense.T, *ids.T, label])
    return writer.close()


def run_graph(model: object, encoded: Encoded, dense: np.ndarray, ids: np.ndarray) -> np.ndarray:
    return graph_of(model, encoded)(dense, ids)


def graph_of(model: object, encoded: Encoded) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    emitter = Emitter()
    d, k, dtype = encoded.num_dense, encoded.num_ids, np.dtype(encoded.header.dense_dtype)
    names = (emitter.input("dense", dtype, ("n", d)) if d else None, emitter.input("ids", np.int64, ("n", k)) if k else None)
    scores = model.emit(emitter, *names)
    emitter.output("scores", scores, model.predict(np.zeros((1, d), dtype), np.zeros((1, k), np.int64)).dtype, ("n",) if False else ())
    del emitter._outputs["scores"].type.tensor_type.shape.dim[:]
    emitter._outputs["scores"].type.tensor_type.ClearField("shape")
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(emitter.model().SerializeToString(), options, providers=["CPUExecutionProvider"])

    def run(dense: np.ndarray, ids: np.ndarray) -> np.ndarray:
        feed = {}
        if d:
            feed["dense"] = np.ascontiguousarray(dense, dtype)
        if k:
            feed["ids"] = np.ascontiguousarray(ids, np.int64)
        return session.run(["scores"], feed)[0]

    return run

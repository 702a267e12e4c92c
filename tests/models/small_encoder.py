"""Arrays → `Encoded`, and a fitted model → its graph, as the workflow does both but without a transform."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from hagane.features.emit import Emitter
from hagane.features.encoded import Encoded, EncodedWriter
from hagane.features.feature import Feature, FeatureKind
from hagane.runtime.session import Session


def features_for(
    num_dense: int, cardinalities: tuple[int, ...], dropped: dict[int, int] | None = None
) -> tuple[Feature, ...]:
    dense = [Feature(name=f"x{i}", kind=FeatureKind.DENSE, columns=(f"x{i}",)) for i in range(num_dense)]
    ids = [
        Feature(
            name=f"c{i}",
            kind=FeatureKind.ID,
            columns=(f"c{i}",),
            cardinality=cardinality,
            dropped_slot=(dropped or {}).get(i, -1),
        )
        for i, cardinality in enumerate(cardinalities)
    ]
    return (*dense, *ids)


def write(
    folder: Path,
    dense: np.ndarray,
    ids: np.ndarray,
    label: np.ndarray,
    cardinalities: tuple[int, ...],
    *,
    dense_dtype: Any = "float32",
    block_rows: int = 4096,
    dropped: dict[int, int] | None = None,
) -> Encoded:
    label_dtype = "float64" if label.dtype.kind == "f" else "int64"
    features = features_for(dense.shape[1], cardinalities, dropped)
    writer = EncodedWriter(
        folder, features, dense_dtype=np.dtype(dense_dtype).name, label_dtype=label_dtype, block_rows=block_rows
    )
    writer.append([*dense.T, *ids.T, label])
    return writer.close()


def graph_of(model: Any, encoded: Encoded) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """The model's own graph behind inputs `dense` and `ids`, as a function of both."""
    emitter = Emitter()
    d, k, dtype = encoded.num_dense, encoded.num_ids, np.dtype(encoded.header.dense_dtype)
    dense = emitter.input("dense", dtype, ("n", d)) if d else None
    ids = emitter.input("ids", np.int64, ("n", k)) if k else None
    one = model.predict(np.zeros((1, d), dtype), np.zeros((1, k), np.int64))
    emitter.output("scores", model.emit(emitter, dense, ids), one.dtype, ("n", *one.shape[1:]))
    session = Session(emitter.model().SerializeToString())

    def run(dense_rows: np.ndarray, id_rows: np.ndarray) -> np.ndarray:
        feed: dict[str, np.ndarray] = {"dense": np.ascontiguousarray(dense_rows, dtype)} if d else {}
        if k:
            feed["ids"] = np.ascontiguousarray(id_rows, np.int64)
        return session.run(feed, ["scores"])["scores"]

    return run


def relative_difference(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest |found - expected| / max(1, |expected|); the shapes must be equal."""
    assert found.shape == expected.shape
    return float(np.max(np.abs(found - expected) / np.maximum(1, np.abs(expected)), initial=0))

"""Arrays → `Encoded`, and a fitted model → its graph, as the workflow does both but without a transform."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hagane.features.emit import Emitter
from hagane.features.encoded import Encoded, EncodedWriter
from hagane.features.feature import Feature, FeatureKind
from hagane.features.graph_ports import SparsePort
from hagane.features.sparse_rows import SparseRows
from hagane.runtime.session import Session


def features_for(
    num_dense: int,
    cardinalities: tuple[int, ...],
    dropped: dict[int, int] | None = None,
    words: Sequence[int] = (),
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
    sparse = [
        Feature(name=f"s{i}", kind=FeatureKind.SPARSE, columns=(f"s{i}",), cardinality=cardinality)
        for i, cardinality in enumerate(words)
    ]
    return (*dense, *ids, *sparse)


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
    sparse: Sequence[SparseRows] = (),
    words: Sequence[int] = (),
    weight: np.ndarray | None = None,
) -> Encoded:
    """`words` are the cardinalities of the `sparse` features."""
    label_dtype = "float64" if label.dtype.kind == "f" else "int64"
    writer = EncodedWriter(
        folder,
        features_for(dense.shape[1], cardinalities, dropped, words),
        dense_dtype=np.dtype(dense_dtype).name,
        label_dtype=label_dtype,
        block_rows=block_rows,
        weighted=weight is not None,
    )
    writer.append([*dense.T, *ids.T, *sparse, label], weight)
    return writer.close()


def sparse_rows(random: np.random.Generator, n: int, cardinality: int, mean: float = 4.0) -> SparseRows:
    """Rows of random slots and weights, some of them empty, some with a slot twice."""
    lengths = random.poisson(mean, n) * (random.random(n) < 0.9)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    ids = random.integers(0, cardinality, offsets[-1]).astype(np.uint16)
    return SparseRows(offsets, ids, random.uniform(0.2, 2, offsets[-1]).astype(np.float32))


def graph_of(model: Any, encoded: Encoded) -> Callable[..., np.ndarray]:
    """The model's own graph behind inputs `dense`, `ids` and the sparse features, as a function of all of them.

    As in a bundle every input has the batch's rows (a sparse feature comes padded, with a mask), so that the session
    pads it as it does there.
    """
    emitter = Emitter()
    d, k, dtype = encoded.num_dense, encoded.num_ids, np.dtype(encoded.header.dense_dtype)
    num_sparse = encoded.num_sparse
    dense = emitter.input("dense", dtype, ("n", d)) if d else None
    ids = emitter.input("ids", np.int64, ("n", k)) if k else None
    ports = [_padded_port(emitter, f"s{index}") for index in range(num_sparse)]
    empty = [SparseRows(np.zeros(2, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))] * num_sparse
    one = model.predict(np.zeros((1, d), dtype), np.zeros((1, k), np.int64), empty)
    emitter.output("scores", model.emit(emitter, dense, ids, ports), one.dtype, ("n", *one.shape[1:]))
    session = Session(emitter.model().SerializeToString())

    def run(dense_rows: np.ndarray, id_rows: np.ndarray, sparse: Sequence[SparseRows] = ()) -> np.ndarray:
        feed: dict[str, np.ndarray] = {"dense": np.ascontiguousarray(dense_rows, dtype)} if d else {}
        if k:
            feed["ids"] = np.ascontiguousarray(id_rows, np.int64)
        for index, rows in enumerate(sparse):
            feed |= _padded(f"s{index}", rows)
        return session.run(feed, ["scores"])["scores"]

    return run


def _padded_port(emitter: Emitter, name: str) -> SparsePort:
    """A sparse feature's ragged tensors from inputs [n, m]."""
    mask = emitter.input(f"{name}.mask", np.bool_, ("n", "m"))
    cells = emitter.node("NonZero", mask)
    rows = emitter.node("Gather", cells, emitter.constant(0, np.int64), axis=0)
    flat = emitter.node("Reshape", mask, emitter.constant([-1], np.int64))
    ragged = [
        emitter.node("Compress", emitter.input(f"{name}.{part}", dtype, ("n", "m")), flat)
        for part, dtype in (("ids", np.int64), ("weights", np.float32))
    ]
    return SparsePort(rows, *ragged, emitter.node("Shape", mask, start=0, end=1))


def _padded(name: str, rows: SparseRows) -> dict[str, np.ndarray]:
    lengths = np.diff(rows.offsets)
    mask = np.arange(max(int(lengths.max(initial=0)), 1))[None, :] < lengths[:, None]
    ids, weights = np.zeros(mask.shape, np.int64), np.zeros(mask.shape, np.float32)
    ids[mask], weights[mask] = rows.ids, rows.weights
    return {f"{name}.mask": mask, f"{name}.ids": ids, f"{name}.weights": weights}


def relative_difference(found: np.ndarray, expected: np.ndarray, unit: float = 1.0) -> float:
    """The largest |found - expected| / max(unit, |expected|); the shapes must be equal."""
    assert found.shape == expected.shape
    return float(np.max(np.abs(found - expected) / np.maximum(unit, np.abs(expected)), initial=0))

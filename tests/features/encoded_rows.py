"""Rows of every kind of column, and the `Encoded` that holds them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hagane.features.encoded import Encoded, EncodedWriter
from hagane.features.feature import Feature, FeatureKind
from hagane.features.sparse_rows import SparseRows

FEATURES = (
    Feature(name="x", kind=FeatureKind.DENSE, columns=("x",)),
    Feature(name="few", kind=FeatureKind.ID, columns=("few",), cardinality=256),
    Feature(name="many", kind=FeatureKind.ID, columns=("many",), cardinality=70_000),
    Feature(name="words", kind=FeatureKind.SPARSE, columns=("t",), cardinality=300),
    Feature(name="none", kind=FeatureKind.SPARSE, columns=("t",), cardinality=3),
)


def sparse_rows(rows: np.ndarray) -> SparseRows:
    """Row r has r % 4 entries: slots r, r + 1, … (mod 300) with the weights r + 0.5, r + 1.5, …"""
    lengths = rows % 4
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    entry = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
    slots = np.repeat(rows, lengths) + entry
    return SparseRows(offsets, slots % 300, (slots + 0.5).astype(np.float32))


def no_entries(num_rows: int) -> SparseRows:
    return SparseRows(np.zeros(num_rows + 1, np.int64), np.empty(0, np.uint8), np.empty(0, np.float32))


def write_rows(
    folder: Path, sizes: Sequence[int], block_rows: int, *, dense_dtype: str = "float32", flush_each: bool = False
) -> Encoded:
    """Rows 0, 1, … in batches of `sizes`; the label is the row's number, the weight half of it."""
    writer = EncodedWriter(folder, FEATURES, dense_dtype=dense_dtype, block_rows=block_rows, weighted=True)
    start = 0
    for size in sizes:
        rows = np.arange(start, start + size)
        columns = [rows / 2, rows % 256, rows * 7 % 70_000, sparse_rows(rows), no_entries(size), rows]
        writer.append(columns, weight=rows / 2)
        if flush_each:
            for column in writer._writers:
                column.flush()
        start += size
    return writer.close()


def assert_rows(batch: object, rows: np.ndarray, dense_dtype: str = "float32") -> None:
    """`batch` holds exactly these rows of `write_rows`, in this order."""
    assert batch.dense.dtype == dense_dtype
    np.testing.assert_array_equal(batch.dense, (rows / 2).astype(dense_dtype).reshape(-1, 1))
    np.testing.assert_array_equal(batch.ids, np.stack([rows % 256, rows * 7 % 70_000], axis=1).reshape(-1, 2))
    np.testing.assert_array_equal(batch.label, rows)
    np.testing.assert_array_equal(batch.weight, (rows / 2).astype(np.float32))
    words, none = batch.sparse
    for found, expected in zip(words, sparse_rows(rows), strict=True):
        np.testing.assert_array_equal(found, expected)
    assert none.num_rows == len(rows)
    assert not len(none.ids)

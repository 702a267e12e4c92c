"""Blocks on disk: what is appended comes back, whatever the batches and blocks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hagane.errors import DataError
from hagane.features.encoded import COLUMNS_FILE, Encoded, EncodedWriter, column_dtypes
from hagane.features.feature import Feature, FeatureKind

FEATURES = (
    Feature(name="x", kind=FeatureKind.DENSE, columns=("x",)),
    Feature(name="few", kind=FeatureKind.ID, columns=("few",), cardinality=256),
    Feature(name="many", kind=FeatureKind.ID, columns=("many",), cardinality=70_000),
)


def write(folder: Path, sizes: list[int], block_rows: int, dense_dtype: str = "float32") -> Encoded:
    writer = EncodedWriter(folder, FEATURES, dense_dtype=dense_dtype, block_rows=block_rows)
    start = 0
    for size in sizes:
        rows = np.arange(start, start + size)
        writer.append([rows / 2, rows % 256, rows * 7 % 70_000, rows])
        start += size
    return writer.close()


@given(
    sizes=st.lists(st.integers(0, 30), max_size=8),
    block_rows=st.integers(1, 17),
    dtype=st.sampled_from(["float32", "float64"]),
)
@settings(max_examples=40, deadline=None)
def test_round_trip(tmp_path_factory: pytest.TempPathFactory, sizes: list[int], block_rows: int, dtype: str) -> None:
    encoded = write(tmp_path_factory.mktemp("encoded"), sizes, block_rows, dtype)
    rows = np.arange(sum(sizes))
    batch = encoded.arrays()
    assert encoded.num_rows == len(rows)
    assert batch.dense.dtype == dtype
    np.testing.assert_array_equal(batch.dense[:, 0], (rows / 2).astype(dtype))
    np.testing.assert_array_equal(batch.ids, np.stack([rows % 256, rows * 7 % 70_000], axis=1).reshape(-1, 2))
    np.testing.assert_array_equal(batch.label, rows)


@given(sizes=st.lists(st.integers(0, 30), max_size=5), batch_rows=st.integers(1, 20), seed=st.integers(0, 9))
@settings(max_examples=20, deadline=None)
def test_an_epoch_has_every_row_once(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], batch_rows: int, seed: int
) -> None:
    encoded = write(tmp_path_factory.mktemp("encoded"), sizes, 8)
    batches = list(encoded.batches(batch_rows, seed=seed))
    assert all(len(batch.label) == batch_rows for batch in batches[:-1])
    labels = np.concatenate([batch.label for batch in batches]) if batches else np.empty(0)
    assert sorted(labels) == list(range(sum(sizes)))
    again = list(encoded.batches(batch_rows, seed=seed))
    assert all((one.label == other.label).all() for one, other in zip(batches, again, strict=True))


def test_ids_take_the_narrowest_type(tmp_path: Path) -> None:
    encoded = write(tmp_path, [3], 2)
    assert [str(dtype) for dtype in column_dtypes(encoded.header)] == ["float32", "uint8", "uint32", "int64"]


def test_an_unfinished_folder_cannot_be_read(tmp_path: Path) -> None:
    writer = EncodedWriter(tmp_path, FEATURES)
    writer.append([np.zeros(3), np.zeros(3), np.zeros(3), np.zeros(3)])
    writer.abandon()
    with pytest.raises(FileNotFoundError):
        Encoded(tmp_path)


def test_damage_is_told(tmp_path: Path) -> None:
    write(tmp_path, [5], 2)
    with open(tmp_path / COLUMNS_FILE, "ab") as file:
        file.write(b"!")
    with pytest.raises(DataError, match="damaged"):
        Encoded(tmp_path)

"""Columns on disk: what is appended comes back, whatever the batches and blocks; damage is seen."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from encoded_rows import FEATURES, assert_rows, no_entries, write_rows
from hypothesis import given, settings
from hypothesis import strategies as st

from hagane.errors import DataError
from hagane.features.batch import Batch
from hagane.features.column_file import ColumnFile
from hagane.features.column_writer import ColumnWriter
from hagane.features.encoded import HEADER_FILE, Encoded, EncodedWriter, column_path, feature_dtype


@given(
    sizes=st.lists(st.integers(0, 30), max_size=8),
    block_rows=st.integers(1, 17),
    options=st.tuples(st.sampled_from(["float32", "float64"]), st.booleans(), st.integers(0, 9)),
)
@settings(max_examples=60, deadline=None)
def test_round_trip(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], block_rows: int, options: tuple[str, bool, int]
) -> None:
    folder = tmp_path_factory.mktemp("encoded")
    dtype, flush_each, seed = options
    encoded = write_rows(folder, sizes, block_rows, dense_dtype=dtype, flush_each=flush_each)
    rows = np.arange(sum(sizes))
    assert encoded.num_rows == len(rows)
    assert (encoded.num_dense, encoded.num_ids, encoded.num_sparse, encoded.has_weight) == (1, 2, 2, True)
    assert_rows(encoded.arrays(), rows, dtype)
    blocks = list(encoded.blocks())
    assert len(blocks) == encoded.num_blocks == -(-len(rows) // block_rows)
    if blocks:
        assert_rows(Batch.concatenate(blocks), rows, dtype)
    some = np.random.default_rng(seed).integers(0, max(len(rows), 1), 12 if len(rows) else 0)
    assert_rows(encoded.take(some), some, dtype)
    for file in [*encoded._columns, encoded._label]:
        file.check()
    assert {path.name for path in folder.iterdir()} == {
        HEADER_FILE, *(column_path(folder, number).name for number in range(len(FEATURES) + 2))
    }  # fmt: skip


def test_columns_of_a_block_are_views_in_the_order_of_the_features(tmp_path: Path) -> None:
    encoded = write_rows(tmp_path, [10], 4)
    x, few, many, label = encoded.columns(2)
    assert (x.tolist(), label.tolist()) == ([4.0, 4.5], [8, 9])
    assert [column.dtype.name for column in (x, few, many)] == ["float32", "uint8", "uint32"]
    assert not any(column.flags.owndata or column.flags.writeable for column in (x, few, many, label))
    assert encoded.weight(2).tolist() == [4.0, 4.5]
    assert encoded.sparse(2)[0].ids.tolist() == [9]


def test_ids_take_the_narrowest_type() -> None:
    assert [feature_dtype(feature, "float64").name for feature in FEATURES] == [
        "float64", "uint8", "uint32", "uint16", "uint8"
    ]  # fmt: skip


def test_rows_that_erred_are_kept(tmp_path: Path) -> None:
    writer = ColumnWriter(tmp_path / "x", name="x", kind="id", dtype="uint8", block_rows=4)
    for _ in range(3):
        writer.append(np.arange(5), errors=np.array([1, 4]))
        writer.flush()
    file = writer.close({"left_out": 7})
    file.check()
    assert file.errors.tolist() == [1, 4, 6, 9, 11, 14]
    assert file.values.tolist() == [*range(5)] * 3
    assert file.footer.counts == {"left_out": 7}
    assert os.listdir(tmp_path) == ["x"]


def test_an_unfinished_folder_cannot_be_read(tmp_path: Path) -> None:
    writer = EncodedWriter(tmp_path, FEATURES)
    writer.append([np.zeros(3), np.zeros(3), np.zeros(3), no_entries(3), no_entries(3), np.zeros(3)])
    with pytest.raises(FileNotFoundError):
        Encoded.open(tmp_path)
    with pytest.raises(DataError, match="damaged"):
        ColumnFile(column_path(tmp_path, 0))
    writer.abandon()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", range(7))
def test_every_flipped_bit_is_found(tmp_path: Path, number: int) -> None:
    write_rows(tmp_path, [9], 4)
    path = column_path(tmp_path, number)
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :])
        with pytest.raises(DataError, match="damaged"):
            ColumnFile(path).check()


@pytest.mark.parametrize("number", range(7))
def test_a_file_of_another_length_is_found(tmp_path: Path, number: int) -> None:
    write_rows(tmp_path, [9], 4)
    path = column_path(tmp_path, number)
    whole = path.read_bytes()
    for content in (whole + b"!", *(whole[:length] for length in range(len(whole)))):
        path.write_bytes(content)
        with pytest.raises(DataError, match="damaged"):
            ColumnFile(path).check()


def test_a_removed_file_stays_readable(tmp_path: Path) -> None:
    encoded = write_rows(tmp_path, [50], 8)
    for path in list(tmp_path.iterdir()):
        path.unlink()
    assert_rows(encoded.arrays(), np.arange(50))


def test_thousands_of_columns_need_no_file_descriptors(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    encoded = [write_rows(tmp_path / str(number), [3], 8) for number in range(20)]
    assert len(os.listdir("/proc/self/fd")) == before
    assert_rows(encoded[-1].arrays(), np.arange(3))

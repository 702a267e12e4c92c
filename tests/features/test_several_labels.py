"""Labels of several columns: encoded together, on disk as rows of values, and each by itself again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from hagane.data.open_table import open_table
from hagane.data.split import split_table
from hagane.errors import DataError
from hagane.features.column_cache import ColumnCache
from hagane.features.encode import encode
from hagane.features.encoded import Encoded, EncodedWriter
from hagane.features.feature import Feature, FeatureKind
from hagane.features.fit import fit_transform
from hagane.features.label import LabelEncoding
from hagane.features.several_labels import SeveralLabels, fit_labels
from hagane.spec.spec import Split
from hagane.types import SqlType

X = Feature(name="x", kind=FeatureKind.DENSE, columns=("x",))


def written(folder: Path, labels: np.ndarray, dtype: str = "float64", block_rows: int = 4) -> Encoded:
    writer = EncodedWriter(folder, (X,), label_dtype=dtype, num_labels=labels.shape[1], block_rows=block_rows)
    for part in np.array_split(np.arange(len(labels)), 3):
        writer.append([part.astype(np.float32), labels[part]])
    return writer.close()


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
def test_rows_of_labels_come_back(tmp_path: Path, dtype: str) -> None:
    labels = np.random.default_rng(0).integers(0, 2, (11, 3)).astype(dtype)
    encoded = written(tmp_path / "train", labels, dtype)
    for each in (encoded, Encoded.open(tmp_path / "train")):
        assert each.num_labels == 3
        assert np.array_equal(each.arrays().label, labels)
        assert np.array_equal(each.columns(1)[-1], labels[4:8])
        assert np.array_equal(each.take(np.array([9, 0, 9])).label, labels[[9, 0, 9]])
        assert np.array_equal(each.window([(8, 11), (1, 3)]).batch().label, labels[[8, 9, 10, 1, 2]])
        assert each.window([]).batch().label.shape == (0, 3)
    (tmp_path / "train").rename(tmp_path / "gone")
    assert np.array_equal(encoded.window([(2, 5)]).batch().label, labels[2:5])


def test_each_label_can_be_read_by_itself(tmp_path: Path) -> None:
    labels = np.random.default_rng(0).normal(size=(11, 3))
    one = written(tmp_path / "train", labels).of_label(1)
    assert one.num_labels == 1
    assert np.array_equal(one.arrays().label, labels[:, 1])
    assert np.array_equal(one.columns(2)[-1], labels[8:, 1])
    assert np.array_equal(one.take(np.array([3])).label, labels[[3], 1])


def test_no_rows_of_several_labels(tmp_path: Path) -> None:
    writer = EncodedWriter(tmp_path / "train", (X,), label_dtype="uint8", num_labels=2)
    assert writer.close().arrays().label.shape == (0, 2)


def test_a_row_counts_where_all_its_labels_are_there_and_known() -> None:
    batch = pa.record_batch({
        "a": pa.array([True, None, False, True, False]),
        "b": pa.array([1, 0, None, 2, 0]),
        "c": pa.array([1.0, 0.0, 0.0, 1.0, float("nan")]),
    })  # fmt: skip
    types = {"a": SqlType.BOOL, "b": SqlType.INT64, "c": SqlType.FLOAT64}
    each = [LabelEncoding(column=name, type=type_, task="classification",
                          classes=(False, True) if type_ is SqlType.BOOL else (0, 1))
            for name, type_ in types.items()]  # fmt: skip
    found = SeveralLabels(each=tuple(each)).encode_rows(batch)
    assert found.values.tolist() == [[1, 1, 1]]
    assert found.kept is not None
    assert found.kept.tolist() == [True, False, False, False, False]
    assert found.num_null + found.num_unknown == 4

    numbers = [LabelEncoding(column=name, type=types[name], task="regression") for name in ("b", "c")]
    found = SeveralLabels(each=tuple(numbers)).encode_rows(batch)
    assert found.values.tolist() == [[1, 1], [0, 0], [2, 1]]
    assert (found.num_null, found.num_unknown) == (2, 0)


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_parts_of_a_table_have_the_labels_of_their_rows_from_disk_or_the_cache(tmp_path: Path, task: str) -> None:
    random = np.random.default_rng(2)
    n = 5_000
    columns = {"x": random.normal(size=n), **{name: random.integers(0, 2, n) for name in ("a", "b", "c")}}
    table = open_table(pa.table(columns | {"b": pa.array(columns["b"], mask=np.arange(n) % 7 == 0)}))
    splits = split_table(table, Split(method="random"))
    transform = fit_transform({"x": "x"}, splits.train, dense_dtype="float32", accepts_missing=True)
    labels = fit_labels(splits.train, ("a", "b", "c"), task)
    cache = ColumnCache(tmp_path / "cache")
    for number, times_cached in enumerate((0, 6)):
        found = encode(splits, transform, labels, tmp_path / str(number), cache=cache)
        assert found.num_cached == times_cached
        assert found.num_null_labels == int(np.sum(np.arange(n) % 7 == 0))
        for part, encoded in enumerate((found.train, found.eval, found.test)):
            assert encoded is not None
            rows = np.flatnonzero((splits.parts == part) & (np.arange(n) % 7 != 0))
            assert np.array_equal(encoded.arrays().label, np.column_stack([columns[name][rows] for name in "abc"]))
            assert np.array_equal(encoded.arrays().dense[:, 0], columns["x"][rows].astype(np.float32))


def test_faults_of_all_labels_come_at_once() -> None:
    table = open_table(pa.table({"a": pa.array([None, None], pa.float64()), "b": ["x", "y"], "c": [1.0, 2.0]}))
    with pytest.raises(DataError) as raised:
        fit_labels(table, ("a", "b", "c"), "regression")
    assert [fault.what for fault in raised.value.faults] == [
        "the label 'a' has no number in the training rows", "the label 'b' does not fit the task"
    ]  # fmt: skip

"""One pass from a table to its splits on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hagane.data.open_table import open_table
from hagane.data.split import split_table
from hagane.features import encode as encode_module
from hagane.features.column_cache import ColumnCache
from hagane.features.encode import encode
from hagane.features.encoded import SPARSE_BLOCK_ROWS
from hagane.features.encoder import Encoder
from hagane.features.fit import fit_transform
from hagane.features.label import fit_label
from hagane.spec.spec import Split

ROWS = 20_000
RANDOM = np.random.default_rng(5)
LABELS = RANDOM.choice(["no", "yes"], ROWS).astype(object)
LABELS[RANDOM.random(ROWS) < 0.05] = None
PARTS = RANDOM.choice(["TRAIN", "EVAL", "TEST"], ROWS, p=[0.8, 0.1, 0.1])
LABELS[np.flatnonzero(PARTS == "TEST")[:3]] = "perhaps"
TABLE = pa.table(
    {
        "row": np.arange(ROWS),
        "x": pa.array(RANDOM.normal(size=ROWS), mask=RANDOM.random(ROWS) < 0.1),
        "s": RANDOM.choice(["a", "b", "c"], ROWS).tolist(),
        "label": pa.array(LABELS, pa.string()),
        "part": PARTS.tolist(),
    }
)
EXPRESSIONS = {"row": "COALESCE(row, 0)", "log": "COALESCE(LN(x), 0)", "s": "s"}


def test_splits_hold_the_rows_in_order(tmp_path: Path) -> None:
    splits = split_table(open_table(TABLE), Split(method="column", column="part"))
    transform = fit_transform(EXPRESSIONS, splits.train, dense_dtype="float64", accepts_missing=False)
    label = fit_label(splits.train, "label", "classification")
    found = encode(splits, transform, label, tmp_path / "encoded")
    row = [feature.name for feature in transform.dense].index("row")
    for encoded, part in ((found.train, "TRAIN"), (found.eval, "EVAL"), (found.test, "TEST")):
        kept = np.flatnonzero(np.equal(PARTS, part) & np.isin(LABELS, ["no", "yes"]))
        batch = encoded.arrays()
        np.testing.assert_array_equal(batch.dense[:, row], kept)
        np.testing.assert_array_equal(batch.label, LABELS[kept] == "yes")
        (whole,) = open_table(TABLE.take(pa.array(kept))).batches()
        np.testing.assert_array_equal(batch.ids, Encoder(transform).encode_batch(whole)[1])
    x = TABLE["x"].to_numpy()
    known = np.isin(LABELS, ["no", "yes"])
    assert found.num_row_errors == np.count_nonzero((x <= 0) & known)
    assert {count for _, count in found.feature_errors} == {found.num_row_errors}
    assert all("LN(x)" in EXPRESSIONS[name] for name, _ in found.feature_errors)
    assert found.num_null_labels == sum(value is None for value in LABELS)
    assert found.num_unknown_labels == 3


@pytest.mark.parametrize("cached", [False, True])
def test_sparse_features_come_back_row_by_row(tmp_path: Path, cached: bool) -> None:
    """Words of a text (by its dictionary), of two columns (row by row), and an array's elements."""
    words = np.array(["iron", "sand", "steel", "鋼", "coal"])
    texts = [" ".join(RANDOM.choice(words, RANDOM.integers(0, 5))) for _ in range(400)]
    table = TABLE.append_column("text", pa.array([texts[i] or None for i in RANDOM.integers(0, 400, ROWS)]))
    table = table.append_column("tags", pa.array([[*str(row % 37)] if row % 9 else None for row in range(ROWS)]))
    splits = split_table(open_table(table), Split(method="column", column="part"))
    expressions = {
        "words": "ML.BAG_OF_WORDS(SPLIT(text, ' ')) OVER ()",
        "weighted": "ML.TF_IDF(SPLIT(CONCAT(text, ' ', s), ' ')) OVER ()",
        "tags": "ML.MULTI_HOT_ENCODER(tags) OVER ()",
        "x": "COALESCE(LN(x), 0)",
    }
    transform = fit_transform(expressions, splits.train, accepts_missing=False)
    label = fit_label(splits.train, "label", "classification")
    cache = ColumnCache(tmp_path / "cache") if cached else None
    for turn in range(2):
        found = encode(splits, transform, label, tmp_path / "encoded", cache=cache)
        assert found.num_cached == (found.num_columns if cached and turn else 0)
    for encoded, part in ((found.train, "TRAIN"), (found.eval, "EVAL"), (found.test, "TEST")):
        kept = np.flatnonzero(np.equal(PARTS, part) & np.isin(LABELS, ["no", "yes"]))
        (whole,) = open_table(table.take(pa.array(kept))).batches()
        expected = Encoder(transform).encode_batch(whole)
        assert [feature.name for feature in transform.sparse] == [f.name for f in encoded.features[-3:]]
        assert len(expected.sparse) == 3
        some = RANDOM.permutation(encoded.num_rows)[:500]
        for rows, wanted in zip(encoded.take(some).sparse, expected.sparse, strict=True):
            for values, others in zip(rows, wanted.take(some), strict=True):
                np.testing.assert_array_equal(values, others)
        for rows, wanted in zip(encoded.arrays().sparse, expected.sparse, strict=True):
            for values, others in zip(rows, wanted, strict=True):
                np.testing.assert_array_equal(values, others)
        np.testing.assert_array_equal(encoded.arrays().dense, expected.dense)
    assert found.train.num_rows > SPARSE_BLOCK_ROWS
    x = table["x"].to_numpy()
    assert found.num_row_errors == np.count_nonzero((x <= 0) & np.isin(LABELS, ["no", "yes"]))


@pytest.mark.parametrize("batch_rows", [700, 65_536])
def test_a_table_is_all_train(tmp_path: Path, batch_rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    pq.write_table(TABLE, tmp_path / "table.parquet", row_group_size=batch_rows)
    table = open_table(tmp_path / "table.parquet")
    transform = fit_transform(EXPRESSIONS, table, accepts_missing=True)
    found = encode(table, transform, fit_label(table, "x", "regression"), tmp_path / "encoded")
    known = TABLE["x"].is_valid().to_numpy()
    assert (found.eval, found.test) == (None, None)
    assert found.num_null_labels == np.count_nonzero(~known)
    np.testing.assert_array_equal(found.train.arrays().label, TABLE["x"].to_numpy()[known])


def test_a_missing_file_of_an_empty_table(tmp_path: Path) -> None:
    table = open_table(TABLE.slice(0, 0))
    transform = fit_transform(EXPRESSIONS, table, accepts_missing=True)
    found = encode(table, transform, fit_label(open_table(TABLE), "x", "regression"), tmp_path / "encoded")
    assert found.train.num_rows == 0
    assert found.train.arrays().dense.shape == (0, 2)


def test_an_interruption_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = open_table(TABLE)
    transform = fit_transform(EXPRESSIONS, table, accepts_missing=True)
    label = fit_label(table, "x", "regression")
    first = encode(table, transform, label, tmp_path / "encoded").train.arrays()

    def interrupt(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(encode_module, "_append", interrupt)
    for folder in ("encoded", "other"):
        with pytest.raises(KeyboardInterrupt):
            encode(table, transform, label, tmp_path / folder)
    assert [path.name for path in tmp_path.iterdir()] == ["encoded"]
    np.testing.assert_array_equal(
        encode_module.Encoded.open(tmp_path / "encoded" / "train").arrays().dense, first.dense
    )


def test_an_error_in_a_worker_reaches_the_caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = open_table(TABLE)
    transform = fit_transform(EXPRESSIONS, table, accepts_missing=True)
    monkeypatch.setattr(Encoder, "encode_columns", lambda self, batch: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        encode(table, transform, fit_label(table, "x", "regression"), tmp_path / "encoded")
    assert list(tmp_path.iterdir()) == []


def test_encoding_again_replaces(tmp_path: Path) -> None:
    for rows in (100, 50):
        table = open_table(TABLE.slice(0, rows).drop_columns("x"))
        transform = fit_transform({"s": "s"}, table, accepts_missing=True)
        found = encode(table, transform, fit_label(table, "row", "regression"), tmp_path / "encoded")
        assert found.train.num_rows == rows
    assert [path.name for path in tmp_path.iterdir()] == ["encoded"]

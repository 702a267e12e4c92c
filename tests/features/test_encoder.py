"""The same bits whichever way a feature is computed: by dictionary, by row, in any batch, in the exported graph."""

from __future__ import annotations

import datetime
import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hagane.data.column_data import column_data, columns_data
from hagane.data.open_table import open_table
from hagane.features import encoder as encoder_module
from hagane.features.emit import Emitter
from hagane.features.encoder import Encoder
from hagane.features.fit import fit_transform
from hagane.features.transform import Transform
from hagane.runtime.session import Session
from hagane.types import Schema, SqlType

EXPRESSIONS = {
    "x": "COALESCE(ML.STANDARD_SCALER(x) OVER (), 0)",
    "log_x": "ML.IMPUTER(LN(x), 'mean') OVER ()",
    "ratio": "ML.IMPUTER(x / k, 'median') OVER ()",
    "k": "ML.MIN_MAX_SCALER(k) OVER ()",
    "quantile": "ML.QUANTILE_BUCKETIZE(x, 5) OVER ()",
    "bucket": "ML.BUCKETIZE(k, [0, 10, 20])",
    "flag": "flag",
    "hour": "CAST(EXTRACT(HOUR FROM at) AS STRING)",
    "late": "COALESCE(EXTRACT(HOUR FROM at) > 12, FALSE)",
    "word": "word",
    "upper": "ML.ONE_HOT_ENCODER(UPPER(TRIM(word)), 'none', 100, 1) OVER ()",
    "length": "COALESCE(LENGTH(word), 0)",
    "log_length": "COALESCE(LN(LENGTH(word) + 1), 0)",
    "hash": "ML.HASH_BUCKETIZE(word, 13)",
    "label": "ML.LABEL_ENCODER(word) OVER ()",
    "both": "ML.FEATURE_CROSS(STRUCT(word, other))",
    "other": "other",
    "sum": "COALESCE(x, 0) + COALESCE(k, 0)",
}
SCHEMA = pa.schema(
    [
        ("x", pa.float64()),
        ("k", pa.int64()),
        ("flag", pa.bool_()),
        ("at", pa.timestamp("us", tz="UTC")),
        ("word", pa.string()),
        ("other", pa.string()),
    ]
)
MOMENTS = st.datetimes(datetime.datetime(1900, 1, 1), datetime.datetime(2100, 1, 1), timezones=st.just(datetime.UTC))
ROWS = st.fixed_dictionaries(
    {
        "x": st.none() | st.floats() | st.sampled_from([0.0, -0.0, math.inf, 1e300, 5e-324]),
        "k": st.none() | st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 30),
        "flag": st.none() | st.booleans(),
        "at": st.none() | MOMENTS,
        "word": st.none()
        | st.sampled_from(["a", " B", "é", "", "zz"])
        | st.text(st.characters(codec="utf-8"), max_size=6),
        "other": st.none() | st.sampled_from(["p", "q"]),
    }
)


def training_rows() -> list[dict]:
    random = np.random.default_rng(0)
    start = datetime.datetime(2013, 1, 1, tzinfo=datetime.UTC)
    rows = []
    for _ in range(400):
        row = {
            "x": float(random.normal(3, 2)),
            "k": int(random.integers(-5, 40)),
            "flag": bool(random.random() < 0.5),
            "at": start + datetime.timedelta(minutes=int(random.integers(0, 500_000))),
            "word": str(random.choice(["a", " B", "é", "zz"])),
            "other": str(random.choice(["p", "q"])),
        }
        rows.append({name: None if random.random() < 0.1 else value for name, value in row.items()})
    return rows


@pytest.fixture(scope="module", params=["float32", "float64", "missing"])
def transform(request: pytest.FixtureRequest) -> Transform:
    missing = request.param == "missing"
    table = open_table(pa.Table.from_pylist(training_rows(), SCHEMA))
    return fit_transform(
        EXPRESSIONS, table, dense_dtype="float32" if missing else request.param, accepts_missing=missing
    )


def exported(transform: Transform, batch: pa.RecordBatch) -> tuple[np.ndarray, ...]:
    """Through one graph of all features, as a bundle holds it."""
    emitter = Emitter()
    ports = transform.emit(emitter)
    emitter.output("dense", ports.dense, np.dtype(transform.dense_dtype), ("n", len(transform.dense)))
    emitter.output("ids", ports.ids, np.int64, ("n", len(transform.ids)))
    emitter.output("row_error", ports.row_error, np.bool_, ("n",))
    session = Session(emitter.model().SerializeToString())
    feed = transform.layout.feed(columns_data(batch, Schema(transform.columns)))
    return tuple(session.run(feed, ["dense", "ids", "row_error"]).values())


def same(one: tuple[np.ndarray, ...], other: tuple[np.ndarray, ...]) -> None:
    for mine, theirs in zip(one, other, strict=True):
        assert mine.dtype == theirs.dtype
        assert mine.shape == theirs.shape
        assert mine.tobytes() == theirs.tobytes()


@given(rows=st.lists(ROWS, min_size=0, max_size=40), cut=st.integers(1, 7), run=st.sampled_from([3, 8, 16_384]))
@settings(max_examples=20, deadline=None)
def test_every_way_gives_the_same_bits(transform: Transform, rows: list[dict], cut: int, run: int) -> None:
    table = open_table(pa.Table.from_pylist(rows, SCHEMA))
    whole = pa.Table.from_batches(table.batches(), SCHEMA).combine_chunks()
    plain = (whole.to_batches() or [pa.RecordBatch.from_pylist([], SCHEMA)])[0]
    encoder = Encoder(transform)
    expected = exported(transform, plain)
    patch = pytest.MonkeyPatch()
    patch.setattr(encoder_module, "RUN_ROWS", run)
    with patch.context():
        same(encoder.encode_batch(plain)[:3], expected)
        coded = list(table.batches(dictionary=True, batch_rows=cut))
        parts = [encoder.encode_batch(batch)[:3] for batch in coded]
        if parts:
            same(tuple(np.concatenate(arrays) for arrays in zip(*parts, strict=True)), expected)
    patch.undo()


@pytest.mark.parametrize("index_type", [pa.int8(), pa.uint8(), pa.int64(), pa.uint64()])
def test_dictionaries_are_indexed_by_every_type(index_type: pa.DataType) -> None:
    """As many words as the smallest type has numbers, and NULL beside them."""
    words = [f"w{number:03}" for number in range(128 if index_type == pa.int8() else 256)]
    texts = [None, *words, None]
    table = open_table(pa.table({"s": texts}))
    sql = {"s": "ML.ONE_HOT_ENCODER(s, 'none', 1000, 0) OVER ()"}
    codes = pa.array([None, *range(len(words)), None], index_type)
    coded = pa.record_batch({"s": pa.DictionaryArray.from_arrays(codes, pa.array(words))})
    encoder = Encoder(fit_transform(sql, table, accepts_missing=True))
    expected = encoder.encode_batch(pa.record_batch({"s": pa.array(texts)}))
    assert encoder.encode_batch(coded).ids.tolist() == expected.ids.tolist()
    assert column_data(coded.column("s"), SqlType.STRING).data.tolist() == ["", *words, ""]


def test_many_columns_share_one_graph(transform: Transform, monkeypatch: pytest.MonkeyPatch) -> None:
    table = open_table(pa.Table.from_pylist(training_rows(), SCHEMA))
    (batch,) = table.batches(dictionary=True)
    apart = Encoder(transform)
    monkeypatch.setattr(encoder_module, "MOST_PARTS", 1)
    together = Encoder(transform)
    assert len(together._by_row) == 1 < len(apart._by_row)
    same(together.encode_batch(batch)[:3], apart.encode_batch(batch)[:3])


def test_dense_is_finite_unless_missing_is_accepted(transform: Transform) -> None:
    rows = [dict.fromkeys(SCHEMA.names), {**dict.fromkeys(SCHEMA.names), "x": math.inf, "k": 1}]
    dense, _, row_error, _ = Encoder(transform).encode_batch(pa.RecordBatch.from_pylist(rows, SCHEMA))
    names = [feature.name for feature in transform.dense]
    if transform.accepts_missing:
        assert np.isnan(dense[0, names.index("k")])
    else:
        assert np.isfinite(dense).all()
        assert row_error.tolist() == [False, True]
        assert dense[1, names.index("sum")] == 0


def test_columns_come_in_the_narrowest_type(transform: Transform) -> None:
    batch = pa.RecordBatch.from_pylist(training_rows(), SCHEMA)
    columns = Encoder(transform).encode_columns(batch).columns
    for feature, column in zip(transform.features, columns, strict=True):
        assert column.dtype == (transform.dense_dtype if feature.cardinality == 0 else np.uint8)

"""The fitted transform: its graph, its size, its JSON."""

from __future__ import annotations

import json
import time

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from hagane.data.open_table import open_table
from hagane.features.emit import Emitter
from hagane.features.encoder import Encoder
from hagane.features.fit import fit_transform
from hagane.features.transform import Transform

TABLE = pa.table(
    {"x": [1.0, 2.0, None, 4.0], "k": [1, 2, 3, None], "s": ["a", "b", "a", None], "t": ["p", None, "p", "q"]}
)
EXPRESSIONS = {
    "one": "ML.ONE_HOT_ENCODER(s, 'most_frequent', 10, 1) OVER ()",
    "x": "COALESCE(ML.STANDARD_SCALER(x) OVER (), 0)",
    "again": "COALESCE(ML.STANDARD_SCALER(x) OVER () * 2, 0)",
    "bin": "ML.QUANTILE_BUCKETIZE(k, 2) OVER ()",
    "cross": "ML.FEATURE_CROSS(STRUCT(s, t))",
    "k": "k",
}


@pytest.fixture(scope="module")
def transform() -> Transform:
    return fit_transform(EXPRESSIONS, open_table(TABLE), accepts_missing=False)


def test_features_are_listed_as_the_tensors_hold_them(transform: Transform) -> None:
    (batch,) = open_table(TABLE).batches()
    dense, ids, *_ = Encoder(transform).encode_batch(batch)
    by_name = dict(zip([f.name for f in transform.dense], dense.T, strict=True))
    assert by_name["k"].tolist() == [1, 2, 3, 2]
    np.testing.assert_array_equal(by_name["again"], by_name["x"] * 2)
    by_name = dict(zip([f.name for f in transform.ids], ids.T, strict=True))
    assert by_name["one"].tolist() == [1, 2, 1, 3]
    assert by_name["bin"].tolist() == [1, 2, 2, 3]
    assert {f.name: f.columns for f in transform.ids}["cross"] == ("s", "t")


def test_json_round_trip(transform: Transform) -> None:
    again = Transform.from_json(transform.to_json())
    assert again == transform
    assert again.to_json() == transform.to_json()
    graphs = [Emitter(), Emitter()]
    assert again.emit(graphs[0]) == transform.emit(graphs[1])


def test_json_is_for_people(transform: Transform) -> None:
    document = json.loads(transform.to_json())
    assert document["expressions"]["k"] == "ML.IMPUTER(k, 'mean') OVER ()"
    learned = document["learned"]
    assert [entry["function"] for entry in learned].count("ML.STANDARD_SCALER") == 1
    assert {"function": "ML.STANDARD_SCALER", "features": ["x", "again"]}.items() <= learned[1].items()


def test_json_of_something_else_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        Transform.from_json(b'{"expressions": {}}')


def test_only_the_columns_that_are_read(transform: Transform) -> None:
    table = open_table(TABLE.append_column("unused", pa.array([1, 2, 3, 4])))
    assert fit_transform({"k": "k"}, table, accepts_missing=True).layout.int64 == ("k",)
    assert transform.layout.strings == ("s", "t")


def test_five_hundred_columns_cost_few_nodes() -> None:
    random = np.random.default_rng(0)
    names = [f"c{i}" for i in range(500)]
    table = open_table(pa.table({name: random.normal(i, 1 + i, 50) for i, name in enumerate(names)}))
    expressions = {name: f"COALESCE(ML.STANDARD_SCALER({name}) OVER (), 0)" for name in names}
    transform = fit_transform(expressions, table, accepts_missing=False)
    emitter = Emitter()
    ports = transform.emit(emitter)
    emitter.output("dense", ports.dense, np.float32, ("n", 500))
    emitter.output("row_error", ports.row_error, np.bool_, ("n",))
    assert len(emitter.model().graph.node) < 25
    (batch,) = table.batches()
    start = time.process_time()
    dense, *_ = Encoder(transform).encode_batch(batch)
    assert time.process_time() - start < 10
    raw = np.stack([batch.column(f.name).to_numpy() for f in transform.dense], axis=1)
    np.testing.assert_allclose(dense, (raw - raw.mean(0)) / raw.std(0, ddof=1), rtol=1e-4, atol=1e-5)


def test_row_errors_of_a_transform_without_errors() -> None:
    transform = fit_transform({"s": "s"}, open_table(TABLE), accepts_missing=True)
    _, _, row_error, _ = Encoder(transform).encode_batch(next(iter(open_table(TABLE).batches())))
    assert row_error.tolist() == [False] * 4
    assert transform.emit(Emitter()).dense is None


def test_parameters_name_the_features_that_use_them() -> None:
    table = pa.table({"x": [1.0, 2.0, 3.0]})
    scaled = "ML.STANDARD_SCALER(x) OVER ()"
    sql = {"a": scaled, "b": f"{scaled} * 2 + {scaled}", "c": "ML.IMPUTER(x, 'median') OVER ()"}
    learned = fit_transform(sql, open_table(table), accepts_missing=True).parameters
    assert [(one.function, one.features) for one in learned] == [
        ("ML.STANDARD_SCALER", ("a", "b")),
        ("ML.IMPUTER", ("c",)),
    ]

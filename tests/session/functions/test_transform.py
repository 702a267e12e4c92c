"""ML.TRANSFORM: a model's features, of BigQuery's types, as training fitted them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from function_calls import call_table

from hagane.bundle.bundle import Bundle
from hagane.data.column_data import columns_data
from hagane.errors import DataError
from hagane.spec.spec import Model, Spec, Split
from hagane.types import Column, Schema
from hagane.workflow.train import train
from hagane.workspace.workspace import Workspace

ENCODED = pa.list_(pa.struct({"index": pa.int64(), "value": pa.float64()}))
TRANSFORM = {
    "scaled": "ML.STANDARD_SCALER(x) OVER ()",
    "bucket": "ML.BUCKETIZE(x, [0, 1])",
    "quantile": "ML.QUANTILE_BUCKETIZE(x, 2) OVER ()",
    "hashed": "ML.HASH_BUCKETIZE(job, 7)",
    "job": "job",
    "coded": "ML.ONE_HOT_ENCODER(job, 'most_frequent', 10, 1) OVER ()",
    "label_of": "ML.LABEL_ENCODER(job, 10, 1) OVER ()",
    "words": "ML.TF_IDF(tags, 10, 1) OVER ()",
    "many": "ML.MULTI_HOT_ENCODER(tags, 10, 1) OVER ()",
    "twice": "2 * k",
    "is_big": "k > 3",
    "root": "SQRT(k)",
    "crossed": "ML.FEATURE_CROSS(STRUCT(job, CAST(k AS STRING) AS k))",
}
TYPES = {
    "scaled": pa.float64(),
    "bucket": pa.string(),
    "quantile": pa.string(),
    "hashed": pa.int64(),
    "job": pa.string(),
    "coded": ENCODED,
    "label_of": pa.int64(),
    "words": ENCODED,
    "many": ENCODED,
    "twice": pa.int64(),
    "is_big": pa.bool_(),
    "root": pa.float64(),
    "crossed": pa.string(),
}
ROWS = pa.table(
    {
        "x": [0.5, None, 2.0, -1.0, 0.5, 3.0],
        "job": ["b", "a", None, "b", "c", "b"],
        "tags": [["p", "q"], ["p"], [], None, ["q", "q"], ["p"]],
        "k": [1, 4, -9, 5, None, 2],
        "y": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        "id": pa.array([1, 2, 3, 4, 5, 6], pa.int16()),
    }
)


@pytest.fixture(scope="module")
def transformed(shared_workspace: Workspace) -> pa.Table:
    spec = Spec(data="rows", name="transformed", label="y", transform=TRANSFORM, split=Split(method="none"),
                model=Model(type="boosted_tree_regressor", options={"max_iterations": 1}))  # fmt: skip
    train(spec, workspace=shared_workspace, frame=ROWS)
    return call_table("ML.TRANSFORM", shared_workspace, "transformed", ROWS)


def test_features_stand_first_then_what_none_of_them_reads(transformed: pa.Table) -> None:
    assert transformed.schema == pa.schema([*TYPES.items(), ("y", pa.float64()), ("id", pa.int16())])
    assert transformed.select(["y", "id"]).equals(ROWS.select(["y", "id"]))


EXPECTED: dict[str, list[Any]] = {
    "bucket": ["bin_2", None, "bin_3", "bin_1", "bin_2", "bin_3"],
    "quantile": ["bin_2", None, "bin_2", "bin_1", "bin_2", "bin_2"],
    "job": ["b", "a", None, "b", "c", "b"],
    "coded": [[{"index": i, "value": v}] for i, v in ((2, 0.0), (1, 1.0), (0, 1.0), (2, 0.0), (3, 1.0), (2, 0.0))],
    "label_of": [2, 1, 0, 2, 3, 2],
    "twice": [2, 8, -18, 10, None, 4],
    "is_big": [False, True, False, True, None, False],
    "root": [1.0, 2.0, None, 5**0.5, None, 2**0.5],
}


@pytest.mark.parametrize("name", EXPECTED)
def test_values(name: str, transformed: pa.Table) -> None:
    assert transformed[name].to_pylist() == EXPECTED[name]


def test_a_scaler_keeps_the_sample_deviation_of_training(transformed: pa.Table) -> None:
    numbers = np.array([0.5, 2.0, -1.0, 0.5, 3.0])
    found = transformed["scaled"].to_pylist()
    assert found[1] is None
    expected = (numbers - numbers.mean()) / numbers.std(ddof=1)
    assert [value for value in found if value is not None] == pytest.approx(expected.tolist(), rel=1e-9)


def test_arrays_of_words(transformed: pa.Table) -> None:
    """tf-idf by hand: ln(1 + 5 / (1 + 3)) of p, ln(1 + 5 / (1 + 2)) of q, five arrays that are not NULL."""
    p, q = np.log1p(5 / 4), np.log1p(5 / 3)
    found = transformed["words"].to_pylist()
    assert [[each["index"] for each in row] for row in found[:3]] == [[1, 2], [1], []]
    assert [each["value"] for each in found[0]] == pytest.approx([p / 2, q / 2], rel=1e-6)
    assert [each["value"] for each in found[4]] == pytest.approx([q], rel=1e-6)
    assert transformed["many"].to_pylist()[0] == [{"index": 1, "value": 1.0}, {"index": 2, "value": 1.0}]


def test_new_rows_go_by_what_training_fitted(transformed: pa.Table, shared_workspace: Workspace) -> None:
    new = pa.table({"x": [0.5], "job": ["never seen"], "tags": [["p"]], "k": pa.array([1], pa.int8())})
    (row,) = call_table("ML.TRANSFORM", shared_workspace, "transformed", new).to_pylist()
    assert row["scaled"] == transformed["scaled"].to_pylist()[0]
    assert row["coded"] == [{"index": 0, "value": 1.0}]
    assert row["label_of"] == 0
    assert list(row) == list(TYPES)


def test_automatic_features_are_shown_as_they_were_made(shared_workspace: Workspace, rows: pa.Table) -> None:
    """What the model sees: the graph's own dense tensor, to the bit."""
    spec = Spec(data="rows", name="automatic", label="value", exclude=("id", "good", "late", "grade"),
                defaults="bigquery", model=Model(type="linear_reg"), split=Split(method="none"))  # fmt: skip
    trained = train(spec, workspace=shared_workspace, frame=rows)
    found = call_table("ML.TRANSFORM", shared_workspace, "automatic", rows.drop(["value"]))
    assert found.schema.names == ["x", "k", "job", "id", "good", "late", "grade", "tags"]
    assert found.schema.field("job").type == ENCODED
    bundle = Bundle.load(trained.bundle)
    schema = Schema(tuple(Column(each.name, each.type) for each in bundle.signature.inputs))
    (batch,) = rows.combine_chunks().to_batches()
    dense = bundle.features(columns_data(batch, schema))["dense"]
    assert np.column_stack([found["x"].to_numpy(), found["k"].to_numpy()]).tolist() == dense.tolist()


def test_a_column_that_is_missing_is_named(transformed: pa.Table, shared_workspace: Workspace) -> None:
    with pytest.raises(DataError, match="no column 'tags'"):
        call_table("ML.TRANSFORM", shared_workspace, "transformed", ROWS.drop(["tags"]))

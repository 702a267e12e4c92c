"""Arrays from the rows to the answer: a table of lists through fit, encoding, every family, bundle, table and HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hagane.bundle.bundle import Bundle
from hagane.data.column_data import columns_data
from hagane.errors import ExpressionError, RequestError
from hagane.serving import ServerThread
from hagane.spec.spec import Model, Spec
from hagane.types import Column, Schema
from hagane.workflow.predict import predict_file
from hagane.workflow.train import TrainResult, train
from hagane.workspace.workspace import Workspace

ROWS = 600
TAGS = ["brass", "iron", "鋼", "tin"]
TRANSFORM = {
    "tags": "ML.MULTI_HOT_ENCODER(tags, 100, 1) OVER ()",
    "sizes": "ML.BAG_OF_WORDS(sizes, 100, 1) OVER ()",
    "num_sizes": "ARRAY_LENGTH(sizes)",
    "point": "point",
    "direction": "ML.NORMALIZER(point)",
    "is_steel": "'鋼' IN UNNEST(tags)",
    "words": "ML.TF_IDF(ML.NGRAMS(TEXT_ANALYZE(note), [1, 2]), 100, 1) OVER ()",
    "job": "ML.ONE_HOT_ENCODER(job, 'none', 100, 1) OVER ()",
    "age": "ML.STANDARD_SCALER(age) OVER ()",
}
ROW: dict[str, Any] = {"tags": ["iron", "鋼"], "sizes": [1, 2, 2], "point": [0.5, -1.0, 2.0], "note": "red hot steel",
                       "job": "smith", "age": 40}  # fmt: skip


def table_of_lists() -> pa.Table:
    """The label hangs on the tag 鋼 and on where the point lies; lists are NULL, empty, and with NULL in them, too."""
    random = np.random.default_rng(0)
    late = random.integers(0, 2, ROWS)
    tags: list[list[str | None] | None] = [
        list(random.choice(TAGS[:2], random.integers(0, 4))) + (["鋼"] if y and random.random() < 0.8 else [])
        for y in late
    ]
    tags[::50] = [None] * len(tags[::50])
    tags[1::70] = [["tin", None, "tin"]] * len(tags[1::70])
    return pa.table({
        "late": np.where(late == 1, "yes", "no"),
        "tags": pa.array(tags, pa.list_(pa.string())),
        "sizes": pa.array([list(random.integers(0, 5, random.integers(0, 5))) for _ in late], pa.list_(pa.int64())),
        "point": pa.array(list(random.normal(size=(ROWS, 3)) + late[:, None]), pa.list_(pa.float64())),
        "note": [" ".join(random.choice(["red", "hot", "cold", "steel"], 3)) for _ in late],
        "job": random.choice(["smith", "clerk", None], ROWS).tolist(),
        "age": random.integers(0, 90, ROWS),
    })  # fmt: skip


def trained(family: str, workspace: Workspace) -> TrainResult:
    options = {"max_iterations": {"dnn_classifier": 3, "boosted_tree_classifier": 30}.get(family, 100)}
    spec = Spec(data="(a frame)", label="late", transform=TRANSFORM, model=Model(type=family, options=options))
    return train(spec, workspace=workspace, frame=table_of_lists())


def schema_of(bundle: Bundle) -> Schema:
    return Schema(tuple(Column(column.name, column.type) for column in bundle.signature.inputs))


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> TrainResult:
    return trained("logistic_reg", Workspace(tmp_path_factory.mktemp("arrays")))


@pytest.fixture(scope="module")
def bundle(result: TrainResult) -> Bundle:
    return Bundle.load(result.bundle)


@pytest.fixture(scope="module")
def client(bundle: Bundle) -> Iterator[httpx.Client]:
    with (
        ServerThread(bundle, version="1") as server,
        httpx.Client(base_url=server.url, trust_env=False, timeout=60) as client,
    ):
        yield client


@pytest.mark.parametrize("family", ["boosted_tree_classifier", "dnn_classifier"])
def test_families_learn_from_arrays(family: str, workspace: Workspace) -> None:
    assert trained(family, workspace).evaluation.metrics["roc_auc"] > 0.85


def test_rows_and_tables_are_answered_the_same(result: TrainResult, bundle: Bundle, tmp_path: Path) -> None:
    assert result.evaluation.metrics["roc_auc"] > 0.9
    rows = table_of_lists()
    instances = rows.drop_columns(["late"]).to_pylist()
    by_row = bundle.predict(instances)
    alone = [bundle.predict([instance]).probabilities[0] for instance in instances[:80]]
    (batch,) = rows.combine_chunks().to_batches()
    by_column = bundle.predict_columns(columns_data(batch, schema_of(bundle)), chunk_rows=77)
    assert np.array_equal(by_row.probabilities, by_column.probabilities)
    assert np.array_equal(by_row.probabilities[:80], alone)
    predict_file(result.bundle, rows, tmp_path / "answers.parquet", workspace=Workspace(tmp_path))
    answered = pq.read_table(tmp_path / "answers.parquet")
    probs = [{each["label"]: each["prob"] for each in row} for row in answered["predicted_late_probs"].to_pylist()]
    assert [row["yes"] for row in probs] == by_row.probabilities[:, 1].tolist()
    assert answered["tags"].to_pylist() == rows["tags"].to_pylist()


def test_lists_over_http(client: httpx.Client, bundle: Bundle) -> None:
    answer = client.post("/predict", json={"instances": [ROW]})
    assert answer.status_code == 200, answer.text
    assert answer.json()["predictions"] == bundle.predict([ROW]).rows()
    assert answer.json()["predictions"][0]["predicted_late"] == "yes"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"tags": [["iron"]]}, "instances[0].tags[0]"),
        ({"tags": ["iron", 3]}, "instances[0].tags[1]"),
        ({"tags": ["\ud800"]}, "surrogates"),
        ({"tags": {"0": "iron"}}, "received an object of 1 field"),
        ({"tags": "iron"}, "received 'iron' (a string)"),
        ({"sizes": [1, 2.5]}, "received 2.5 (a number)"),
        ({"sizes": [True]}, "received true (a bool)"),
        ({"sizes": [2**63]}, "from -9223372036854775808"),
        ({"sizes": ["3"]}, "without quotes"),
        ({"point": [0.5, "x", 1]}, "received 'x' (a string)"),
        ({"point": 0.5}, "a list of FLOAT64"),
        ({"point": [0.5]}, "instances[0].point"),
        ({"point": []}, "instances[0].point"),
        ({"point": [0.5, None, 1.0]}, "instances[0].point"),
        ({"point": ["Infinity", 1.0, 1.0]}, "instances[0].point"),
    ],
    ids=str,
)
@pytest.mark.parametrize("num_rows", [1, 3])
def test_lists_that_do_not_fit(client: httpx.Client, change: dict[str, Any], told: str, num_rows: int) -> None:
    answer = client.post("/predict", content=json.dumps({"instances": [ROW | change, *[ROW] * (num_rows - 1)]}))
    assert answer.status_code == 400, answer.text
    assert told in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "change",
    [
        {"tags": None},
        {"tags": []},
        {"tags": [None, None]},
        {"tags": ["no such tag"] * 100_000},
        {"sizes": [None, 1] * 50_000},
        {"point": None},
        {"point": [1.0] * 100_000},
        {"point": [1e308, -1e308, 1e308]},
        {"note": "hot " * 30_000},
    ],
    ids=lambda change: str(change)[:40],
)
def test_odd_lists_are_answered(client: httpx.Client, change: dict[str, Any]) -> None:
    answers = [client.post("/predict", json={"instances": rows}) for rows in ([ROW | change], [ROW, ROW | change])]
    assert [answer.status_code for answer in answers] == [200, 200], answers[0].text
    alone, together = (answer.json()["predictions"] for answer in answers)
    assert alone[0] == together[1]
    assert 0 <= alone[0]["predicted_late_probs"][0]["prob"] <= 1


def test_a_list_that_is_not_named_is_null(client: httpx.Client) -> None:
    short = {name: value for name, value in ROW.items() if name not in ("tags", "point")}
    bodies = [{"instances": [short]}, {"instances": [ROW | {"tags": None, "point": None}]}]
    answers = [client.post("/predict", json=body).json()["predictions"] for body in bodies]
    assert answers[0] == answers[1]


def test_the_example_is_answered(bundle: Bundle, client: httpx.Client) -> None:
    assert len(bundle.signature.example["point"]) == 3
    assert client.post("/predict", json={"instances": [bundle.signature.example]}).status_code == 200


def test_all_faults_of_all_lists_at_once(bundle: Bundle) -> None:
    with pytest.raises(RequestError) as found:
        bundle.predict([ROW | {"tags": [1]}, ROW | {"point": [None, "x", 3], "sizes": 1}])
    assert [fault.where for fault in found.value.faults] == [
        "instances[0].tags[0]", "instances[1].sizes", "instances[1].point[1]",
    ]  # fmt: skip


def test_arrays_of_different_lengths_are_left_out_by_themselves(workspace: Workspace) -> None:
    """Without a transform; written by hand, the transform is refused with the way out."""
    lists = [[1.5] * (row % 4) for row in range(ROWS)]
    rows = pa.table({"late": table_of_lists()["late"], "age": table_of_lists()["age"], "ragged": lists})
    spec = Spec(data="(a frame)", label="late", model=Model(type="logistic_reg"))
    result = train(spec, workspace=workspace, frame=rows)
    assert set(result.spec.transform or {}) == {"age"}
    assert [note for note in result.notes if "'ragged' was left out: its arrays have from 0 to 3 elements" in note]
    with pytest.raises(ExpressionError, match="ARRAY_LENGTH"):
        train(msgspec.structs.replace(spec, transform={"r": "ragged"}), workspace=workspace, frame=rows)

"""A model without a label behind every serving protocol, on the page and in the log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import hagane as hg
from hagane.bundle.bundle import Bundle
from hagane.serving import ServerThread
from hagane.serving.request_log.file_metadata import LoggedModel
from hagane.serving.request_log.row_schema import row_schema

ROWS: list[dict[str, Any]] = [{"x": 1.0, "kind": "a"}, {"x": 90.0, "kind": None}, {"x": None, "kind": "never seen"}]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    random = np.random.default_rng(0)
    x = np.concatenate([random.normal(size=60), 90 + random.normal(size=60)])
    table = pa.table({"x": x, "kind": ["a"] * 60 + [None] * 60})
    folder = tmp_path_factory.mktemp("served")
    model = hg.train(table, model="kmeans", options={"num_clusters": 2}, defaults="bigquery", workspace=folder)
    return Bundle.load(model.bundle.folder)


def test_every_protocol_answers_the_columns(bundle: Bundle) -> None:
    expected = bundle.predict(ROWS).rows()
    with ServerThread(bundle, version="1") as server:
        vertex = httpx.post(f"{server.url}/predict", json={"instances": ROWS}, trust_env=False).json()
        assert vertex["predictions"] == expected
        page = httpx.post(f"{server.url}/page/predict", json={"instances": ROWS}, trust_env=False).json()
        assert page["predictions"] == expected
        assert "kmeans" in httpx.get(server.url, headers={"accept": "text/html"}, trust_env=False).text
        facts = httpx.get(f"{server.url}/metadata", trust_env=False).json()
        assert (facts["task"], facts["label"]) == ("clustering", "")
        assert httpx.get(f"{server.url}/openapi.json", trust_env=False).status_code == 200
        columns = {"inputs": [
            {"name": "x", "datatype": "FP64", "shape": [2], "data": [1.0, 90.0]},
            {"name": "kind", "datatype": "BYTES", "shape": [2], "data": ["a", "a"]},
        ]}  # fmt: skip
        name = bundle.name
        v2 = httpx.post(f"{server.url}/v2/models/{name}/infer", json=columns, trust_env=False).json()
        answered = {each["name"]: each for each in v2["outputs"]}
        two = bundle.predict([{"x": 1.0, "kind": "a"}, {"x": 90.0, "kind": "a"}]).rows()
        assert answered["CENTROID_ID"]["data"] == [row["CENTROID_ID"] for row in two]
        assert answered["NEAREST_CENTROIDS_DISTANCE.DISTANCE"]["shape"] == [2, 2]
        distances = [each["DISTANCE"] for row in two for each in row["NEAREST_CENTROIDS_DISTANCE"]]
        assert answered["NEAREST_CENTROIDS_DISTANCE.DISTANCE"]["data"] == distances
        tensorflow = {"instances": [{"x": 1.0, "kind": "a"}]}
        answer = httpx.post(f"{server.url}/v1/models/{name}:predict", json=tensorflow, trust_env=False).json()
        assert answer["predictions"][0]["CENTROID_ID"] == two[0]["CENTROID_ID"]


def test_the_log_has_them(bundle: Bundle, tmp_path: Path) -> None:
    model = LoggedModel(endpoint="e", deployed_model_id="d", model="m", version="1", signature=bundle.signature)
    fields = row_schema(model).field("prediction").type
    assert [field.name for field in fields] == ["CENTROID_ID", "NEAREST_CENTROIDS_DISTANCE"]
    pq.write_table(pa.table({"p": pa.array([bundle.predict(ROWS).rows()[0]], fields)}), tmp_path / "log.parquet")
    assert pq.read_table(tmp_path / "log.parquet")["p"].to_pylist() == bundle.predict(ROWS).rows()[:1]

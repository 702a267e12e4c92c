"""Vertex AI's protocol: its exact shapes as golden files, over a real socket."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
import requests

from hagane.bundle.bundle import Bundle
from hagane.bundle.predictions import Predictions
from hagane.serving import ServerThread
from hagane.serving.http import HttpError, Request, Response, Rows
from hagane.serving.protocol import Predict, Protocol
from hagane.serving.protocols import PROTOCOLS
from hagane.serving.served_model import ServedModel

ROW: dict[str, Any] = {
    "age": 40,
    "fare": 1.5,
    "job": "pilot",
    "member": True,
    "seen": "2013-01-01T05:00:00Z",
    "born": "1970-01-02",
}
Golden = Callable[..., Any]
CASES: dict[str, tuple[str, str, Any]] = {
    "predict": (
        "POST",
        "/v1/projects/p/locations/europe-west1/endpoints/42:predict",
        {"instances": [ROW, {"age": 10}]},
    ),
    "predict_list": ("POST", "/predict", {"instances": [list(ROW.values())], "parameters": {}}),
    "raw_predict": ("POST", "/v1/projects/p/locations/l/endpoints/42:rawPredict", {"instances": [ROW]}),
    "explain": ("POST", "/v1/projects/p/locations/l/endpoints/42:explain", {"instances": [ROW]}),
    "predict_no_rows": ("POST", "/predict", {"instances": []}),
    "every_fault": (
        "POST",
        "/predict",
        {"instances": [{"age": 3.5, "agee": 1, "fare": "9.5"}, 7, {"seen": "soon"}], "instance": 1},
    ),
    "row_error": ("POST", "/predict", {"instances": [ROW, {**ROW, "fare": -0.5}]}),
    "no_instances": ("POST", "/predict", {"rows": []}),
    "not_an_object": ("POST", "/predict", [ROW]),
    "parameters": ("POST", "/predict", {"instances": [ROW], "parameters": {"top_k": 3}}),
    "too_many_rows": ("POST", "/predict", {"instances": [ROW] * 101}),
    "no_such_path": ("GET", "/v1/projects/p/locations/l/endpoint/42", None),
    "no_such_action": ("POST", "/v1/projects/p/locations/l/endpoints/42:tune", {"instances": [ROW]}),
    "wrong_method": ("GET", "/predict", None),
    "metadata": ("GET", "/metadata", None),
    "index": ("GET", "/", None),
    "health": ("GET", "/healthz", None),
}


@pytest.mark.parametrize("case", CASES)
def test_golden(golden: Golden, case: str) -> None:
    golden("vertex", case, *CASES[case])


def test_vertex_shapes(client: httpx.Client, flights: Bundle) -> None:
    """What a client of Vertex AI relies on, spelled out apart from the golden files."""
    answer = client.post("/v1/projects/p/locations/l/endpoints/e:predict", json={"instances": [ROW]}).json()
    assert set(answer) == {"predictions", "deployedModelId", "model", "modelDisplayName", "modelVersionId"}
    assert answer["deployedModelId"] == flights.bundle_id
    assert answer["model"] == "projects/p/locations/l/models/flights"
    assert (answer["modelDisplayName"], answer["modelVersionId"]) == ("flights", "3")
    error = client.post("/predict", json={"instances": [{"age": "x"}]}).json()
    assert set(error) == {"error"}
    assert set(error["error"]) == {"code", "message", "status", "details"}
    assert (error["error"]["code"], error["error"]["status"]) == (400, "INVALID_ARGUMENT")
    (detail,) = error["error"]["details"]
    assert detail["@type"] == "type.googleapis.com/google.rpc.BadRequest"
    assert detail["fieldViolations"][0]["field"] == "instances[0].age"


@pytest.mark.parametrize(
    "path",
    [
        "/v1/projects/p/locations/l/endpoints/1:predict",
        "/v1beta1/projects/p/locations/l/endpoints/1:predict",
        "/v1/endpoints/1/deployedModels/2:predict",
        "/v1/projects/p/locations/l/endpoints/1:rawPredict",
        "/predict",
    ],
)
def test_every_way_to_predict_answers_the_same(client: httpx.Client, flights: Bundle, path: str) -> None:
    rows = [ROW, {"age": 7}, {}]
    expected = flights.predict(rows).rows()
    assert client.post(path, json={"instances": rows}).json()["predictions"] == expected
    with_requests = requests.post(f"{client.base_url}{path}", json={"instances": rows}, timeout=10)
    assert with_requests.json()["predictions"] == expected


def test_the_metadatas_example_can_be_sent_as_it_is(client: httpx.Client) -> None:
    example = client.get("/metadata").json()["example"]
    assert example == {"instances": [ROW]}
    assert client.post("/predict", json=example).status_code == 200


def test_more_faults_than_a_message_holds_are_in_the_details(client: httpx.Client) -> None:
    error = client.post("/predict", json={"instances": [{"age": "x"}] * 8}).json()["error"]
    assert error["message"].endswith("(and 3 more: see details)")
    fields = [violation["field"] for violation in error["details"][0]["fieldViolations"]]
    assert fields == [f"instances[{row}].age" for row in range(8)]


def test_rows_that_err_are_answered_where_the_model_says_null(doubler_folder: Path) -> None:
    with ServerThread(doubler_folder) as server:
        answer = httpx.post(f"{server.url}/predict", json={"instances": [{"x": -1}, {"x": 2}]}, trust_env=False)
    assert answer.json()["predictions"] == [{"predicted_y": -2.0, "row_error": True}, {"predicted_y": 4.0}]


def test_the_routes_of_a_serving_container(flights: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIP_PREDICT_ROUTE", "/custom/infer")
    monkeypatch.setenv("AIP_HEALTH_ROUTE", "alive")
    with ServerThread(flights) as server, httpx.Client(base_url=server.url, trust_env=False) as client:
        assert client.post("/custom/infer", json={"instances": [ROW]}).status_code == 200
        assert client.get("/alive").status_code == 200
        assert client.get("/v1/endpoints/1/deployedModels/2").status_code == 200


def test_numbers_that_are_no_json(client: httpx.Client, flights: Bundle) -> None:
    """Bare NaN and Infinity, as Python's own json module writes them."""
    rows: list[dict[str, Any]] = [{"fare": float("nan")}, {"fare": float("inf")}]
    answer = client.post("/predict", content=json.dumps({"instances": rows}))
    assert answer.json()["predictions"] == flights.predict(rows).rows()


def test_fields_beside_the_models_own_when_asked(flights: Bundle) -> None:
    with ServerThread(flights, extra_fields=True) as server:
        answer = httpx.post(f"{server.url}/predict", json={"instances": [{**ROW, "id": 7}]}, trust_env=False)
    assert answer.status_code == 200


def csv_protocol(model: ServedModel) -> Protocol:
    """A protocol of somebody else's: rows as lines of text, errors as plain text."""

    def decode(request: Request) -> Rows:
        return Rows([{"age": int(line)} for line in request.body.split()], encode)

    def encode(predictions: Predictions) -> Response:
        return Response(200, "\n".join(row["predicted_late"] for row in predictions.rows()).encode(), b"text/plain")

    def error(error: HttpError) -> Response:
        return Response(error.status, f"{len(error.faults)} wrong".encode(), b"text/plain")

    return Protocol("csv", (Predict("/csv/{model}", decode),), error)


def test_a_protocol_more_is_a_module_and_a_line(flights: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("protocol_of_somebody_else")
    module.protocol = csv_protocol  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(PROTOCOLS, "csv", module.__name__)
    with ServerThread(flights, max_rows=3) as server, httpx.Client(base_url=server.url, trust_env=False) as client:
        assert client.post("/csv/flights", content=b"90\n10").text == "yes\nno"
        refused = client.post("/csv/flights", content=b"1 2 3 4")
        assert (refused.status_code, refused.text, refused.headers["content-type"]) == (413, "1 wrong", "text/plain")
        assert client.post("/predict", json={"instances": [ROW]}).status_code == 200
        assert client.get("/nothing").json()["error"]["status"] == "NOT_FOUND"


def test_raw_predict_names_endpoint_and_model_in_headers(client: httpx.Client, flights: Bundle) -> None:
    answer = client.post("/v1/projects/p/locations/l/endpoints/42:rawPredict", json={"instances": [ROW]})
    assert set(answer.json()) == {"predictions"}
    assert answer.headers["X-Vertex-AI-Endpoint-Id"] == "42"
    assert answer.headers["X-Vertex-AI-Deployed-Model-Id"] == flights.bundle_id


def test_the_deployed_models_id_is_the_containers(flights: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIP_DEPLOYED_MODEL_ID", "7788")
    with ServerThread(flights) as server:
        answer = httpx.post(f"{server.url}/predict", json={"instances": [ROW]}, trust_env=False)
    assert answer.json()["deployedModelId"] == "7788"

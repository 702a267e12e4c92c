"""`:explain` in every protocol that has it, on a model whose right answers are known by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest

from hagane.bundle.bundle import Bundle
from hagane.serving import ServerThread

ENDPOINT = "/v1/projects/p/locations/l/endpoints/42"
ROW = {"fare": 3.0, "job": "pilot"}


@pytest.fixture(scope="module")
def client(rides: Bundle) -> Iterator[httpx.Client]:
    with ServerThread(rides, version="3") as server, httpx.Client(base_url=server.url) as client:
        yield client


def sigmoid(x: float) -> float:
    return float(1 / (1 + np.exp(-x)))


def explained(client: httpx.Client, body: dict[str, Any], status: int = 200) -> dict[str, Any]:
    response = client.post(f"{ENDPOINT}:explain", json=body)
    assert response.status_code == status, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_vertex_answers_in_its_exact_shape(client: httpx.Client, rides: Bundle) -> None:
    answer = explained(client, {"instances": [ROW]})
    assert [*answer] == ["explanations", "deployedModelId", "predictions"]
    assert answer["deployedModelId"] == rides.bundle_id
    assert answer["predictions"] == rides.predict([ROW]).rows()
    (attribution,) = answer["explanations"][0]["attributions"]
    assert [*attribution] == ["baselineOutputValue", "instanceOutputValue", "featureAttributions", "outputIndex",
                              "outputDisplayName", "approximationError", "outputName"]  # fmt: skip
    low, high = sigmoid(-0.5), sigmoid(2.5)
    slope = (high - low) / 3.0
    assert attribution["baselineOutputValue"] == pytest.approx(low)
    assert attribution["instanceOutputValue"] == pytest.approx(high)
    assert attribution["featureAttributions"] == pytest.approx({"fare": 1.0 * slope, "job": 2.0 * slope})
    assert (attribution["outputIndex"], attribution["outputDisplayName"]) == ([1], "yes")
    assert attribution["outputName"] == "predicted_late_probs"
    assert attribution["approximationError"] < 1e-12


def test_what_a_vertex_request_may_override(client: httpx.Client) -> None:
    override = {
        "parameters": {"topK": -1},
        "metadata": {"inputs": {"fare": {"inputBaselines": [3.0]}}},
    }
    answer = explained(client, {"instances": [ROW], "explanationSpecOverride": override})
    yes, no = answer["explanations"][0]["attributions"]
    assert (yes["outputIndex"], no["outputIndex"]) == ([1], [0])
    assert yes["featureAttributions"]["fare"] == 0.0
    assert yes["featureAttributions"]["job"] == pytest.approx(sigmoid(2.5) - sigmoid(0.5))
    assert no["featureAttributions"]["job"] == pytest.approx(sigmoid(0.5) - sigmoid(2.5))
    asked = {"instances": [ROW], "explanationSpecOverride": {"parameters": {"outputIndices": [0]}}}
    (only,) = explained(client, asked)["explanations"][0]["attributions"]
    assert only["outputDisplayName"] == "no"


def test_every_fault_of_an_override_is_named(client: httpx.Client) -> None:
    override = {
        "parameters": {"topk": 1, "outputIndices": ["a"], "xraiAttribution": {}},
        "metadata": {"inputs": {"fare": {"inputBaselines": []}, "job": 3}},
        "examplesOverride": {},
    }
    answer = explained(client, {"instances": [{"fare": "x"}], "explanationSpecOverride": override, "y": 1}, status=400)
    (details, *_) = answer["error"]["details"]
    places = [each["field"] for each in details["fieldViolations"]]
    where = "explanationSpecOverride"
    assert sorted(places) == sorted(["", f"{where}.examplesOverride", f"{where}.parameters",
                                     f"{where}.parameters.xraiAttribution", f"{where}.parameters.outputIndices",
                                     f"{where}.metadata.inputs.fare.inputBaselines", f"{where}.metadata.inputs.job",
                                     f"{where}.metadata.inputs.job.inputBaselines", "instances[0].fare"])  # fmt: skip


@pytest.mark.parametrize(
    ("more", "status", "told"),
    [({"deployedModelId": "another"}, 404, "no such model is deployed here"),
     ({"explanationSpecOverride": {"parameters": {"outputIndices": [2]}}}, 400, "there is no output 2"),
     ({"explanationSpecOverride": {"metadata": {"inputs": {"far": {"inputBaselines": [1]}}}}}, 400, "far"),
     ({"explanationSpecOverride": 7}, 400, "not an object")],
)  # fmt: skip
def test_what_is_refused(client: httpx.Client, more: dict[str, Any], status: int, told: str) -> None:
    assert told in explained(client, {"instances": [ROW], **more}, status)["error"]["message"]


def test_kserve(client: httpx.Client, rides: Bundle) -> None:
    response = client.post("/v1/models/rides:explain", json={"instances": [ROW, {"fare": 0, "job": None}]})
    answer = response.json()
    assert answer["predictions"] == rides.predict([ROW, {"fare": 0, "job": None}]).rows()
    first, second = answer["explanations"]
    assert first["output"] == "yes"
    assert [each["feature"] for each in first["top_feature_attributions"]] == ["job", "fare"]
    assert second["prediction_value"] == pytest.approx(1 - sigmoid(-1.0))
    assert client.post("/v1/models/other:explain", json={"instances": [ROW]}).status_code == 404


def test_the_page_says_why(client: httpx.Client) -> None:
    assert 'id="why"' in client.get("/", headers={"accept": "text/html"}).text
    (told,) = client.post("/page/explain", json={"instances": [ROW]}).json()["explanations"][0]
    assert [each["name"] for each in told["columns"]] == ["job", "fare"]
    assert told["output"] == "yes"


def test_openapi_has_an_explanation_that_is_real(client: httpx.Client) -> None:
    operation = client.get("/openapi.json").json()["paths"]["/v1/models/rides:explain"]["post"]
    example = operation["responses"]["200"]["content"]["application/json"]["example"]
    assert [*example] == ["predictions", "explanations"]


def test_rows_of_a_request_do_not_change_each_other(client: httpx.Client) -> None:
    rows = [{"fare": number / 7, "job": "pilot" if number % 3 else "clerk"} for number in range(300)]
    together = explained(client, {"instances": rows})["explanations"]
    for place in (0, 1, 299):
        assert explained(client, {"instances": [rows[place]]})["explanations"][0] == together[place]
    assert explained(client, {"instances": []})["explanations"] == []

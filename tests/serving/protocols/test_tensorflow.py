"""TensorFlow Serving's REST API: its exact shapes as golden files, and what `requests` sends to it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import requests

from hagane.bundle.bundle import Bundle

ROW: dict[str, Any] = {
    "age": 40,
    "fare": 1.5,
    "job": "pilot",
    "member": True,
    "seen": "2013-01-01T05:00:00Z",
    "born": "1970-01-02",
}
COLUMNS = {name: [value, None] for name, value in ROW.items()}
MODEL = "/v1/models/flights"
CASES: dict[str, tuple[str, str, Any]] = {
    "rows": ("POST", f"{MODEL}:predict", {"signature_name": "serving_default", "instances": [ROW, {"age": 10}]}),
    "columns": ("POST", f"{MODEL}/versions/3:predict", {"inputs": COLUMNS}),
    "no_rows": ("POST", f"{MODEL}:predict", {"instances": []}),
    "no_columns": ("POST", f"{MODEL}:predict", {"inputs": {name: [] for name in ROW}}),
    "classify": (
        "POST",
        f"{MODEL}/labels/stable:classify",
        {"context": {"age": 40}, "examples": [{}, {"job": ["pilot"]}]},
    ),
    "status": ("GET", MODEL, None),
    "status_of_version": ("GET", f"{MODEL}/versions/3", None),
    "metadata": ("GET", f"{MODEL}/metadata", None),
    "every_fault_of_rows": (
        "POST",
        f"{MODEL}:predict",
        {
            "instances": [{"age": 3.5, "agee": 1, "fare": "9.5"}, 7, {"seen": "soon"}],
            "instance": 1,
            "signature_name": "x",
        },
    ),
    "every_fault_of_columns": (
        "POST",
        f"{MODEL}:predict",
        {"inputs": {"age": [1, 3.5], "agee": [1, None], "job": [{"b64": "/w=="}, 5]}},
    ),
    "columns_of_different_lengths": ("POST", f"{MODEL}:predict", {"inputs": {"age": [1, 2], "fare": [1], "job": "x"}}),
    "both_forms": ("POST", f"{MODEL}:predict", {"inputs": {}, "instances": []}),
    "neither_form": ("POST", f"{MODEL}:predict", {"examples": []}),
    "regress_with_a_classifier": ("POST", f"{MODEL}:regress", {"examples": [ROW]}),
    "no_json": ("POST", f"{MODEL}:predict", b"{"),
    "no_such_model": ("POST", "/v1/models/flight:predict", {"instances": [ROW]}),
    "no_such_version": ("GET", f"{MODEL}/versions/9", None),
    "no_such_label": ("POST", f"{MODEL}/labels/canary:predict", {"instances": [ROW]}),
    "no_such_action": ("POST", f"{MODEL}:rank", {"instances": [ROW]}),
    "too_many_rows": ("POST", f"{MODEL}:predict", {"inputs": {"age": [1] * 101}}),
}
Golden = Callable[..., Any]


@pytest.mark.parametrize("case", CASES)
def test_golden(golden: Golden, case: str) -> None:
    golden("tensorflow", case, *CASES[case])


def predict(client: httpx.Client, body: Any, path: str = f"{MODEL}:predict") -> Any:
    """As a client of TensorFlow Serving's sends it."""
    answer = requests.post(f"{client.base_url}{path}", data=json.dumps(body), timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_rows_and_columns_answer_what_the_bundle_does(client: httpx.Client, flights: Bundle) -> None:
    rows = [ROW, {**ROW, "job": None}, {**ROW, "age": 7}]
    columns = {name: [row[name] for row in rows] for name in ROW}
    by_row, by_column = predict(client, {"instances": rows}), predict(client, {"inputs": columns})
    expected = flights.predict(rows)
    assert expected.probabilities is not None
    assert expected.labels is not None
    outputs = by_column["outputs"]
    assert outputs["predicted_late"] == expected.labels.tolist()
    assert outputs["predicted_late_probs"] == expected.probabilities.tolist()
    assert outputs["predicted_late_labels"] == [["no", "yes"]] * 3
    assert by_row["predictions"] == [{name: column[row] for name, column in outputs.items()} for row in range(3)]


def test_a_model_of_one_output_drops_its_name(doubler: httpx.Client, doubler_folder: Any, tmp_path: Any) -> None:
    """Of `half_plus_two`'s kind: bare values in, bare values out, in both forms."""
    import msgspec

    from hagane.bundle.write_bundle import write_bundle
    from hagane.serving import ServerThread

    bundle = Bundle.load(doubler_folder)
    signature = msgspec.structs.replace(bundle.signature, on_error="refuse")
    folder = write_bundle(tmp_path / "alone", model=bundle.document("model.onnx"), signature=signature)
    with ServerThread(folder) as server, httpx.Client(base_url=server.url, trust_env=False) as alone:
        path = "/v1/models/doubler:predict"
        assert predict(alone, {"instances": [1.0, 2.0, 5]}, path) == {"predictions": [2.0, 4.0, 10.0]}
        assert predict(alone, {"instances": [[1.0], {"x": [2.0]}]}, path) == {"predictions": [2.0, 4.0]}
        assert predict(alone, {"inputs": [1.0, 2.0]}, path) == {"outputs": [2.0, 4.0]}
        assert predict(alone, {"inputs": {"x": [[1.0], [2.0]]}}, path) == {"outputs": [2.0, 4.0]}
        regressed = predict(alone, {"examples": [{"x": 3}]}, "/v1/models/doubler:regress")
        assert regressed == {"results": [6.0]}


def test_rows_that_err_are_an_output_where_they_are_answered(doubler: httpx.Client) -> None:
    answer = predict(doubler, {"inputs": {"x": [-1, 2, None]}}, "/v1/models/doubler:predict")
    assert answer == {"outputs": {"predicted_y": [-2.0, 4.0, None], "row_error": [True, False, False]}}
    refused = doubler.post("/v1/models/doubler:classify", json={"examples": [{"x": 1}]})
    assert (refused.status_code, "no classifier" in refused.json()["error"]) == (400, True)


def test_texts_in_base64(client: httpx.Client, flights: Bundle) -> None:
    encoded = {"b64": base64.b64encode(b"pilot").decode()}
    plain = predict(client, {"instances": [{"age": 40, "job": "pilot"}]})
    assert predict(client, {"instances": [{"age": 40, "job": encoded}]}) == plain
    assert predict(client, {"inputs": {"age": [[40]], "job": [[encoded]]}})["outputs"]["predicted_late"] == ["yes"]


def test_bare_nan_is_null(client: httpx.Client) -> None:
    """`json.dumps` writes NaN and Infinity bare, and TensorFlow Serving reads them."""
    assert (
        predict(client, {"inputs": {"fare": [float("nan"), float("inf")]}})["outputs"]["predicted_late"] == ["no"] * 2
    )


def test_faults_are_where_they_stand_in_the_request(client: httpx.Client) -> None:
    refused = client.post(f"{MODEL}:predict", json={"inputs": {"age": [1, "x"], "fare": [True, 1]}})
    assert [line.split(":")[0] for line in refused.json()["error"].splitlines()] == ["inputs.fare[0]", "inputs.age[1]"]
    refused = client.post(f"{MODEL}:classify", json={"examples": [{"age": "x"}]})
    assert refused.json()["error"].startswith("examples[0].age: ")


def test_metadata_names_every_tensor_that_is_answered(client: httpx.Client) -> None:
    metadata = client.get(f"{MODEL}/metadata").json()["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert set(metadata["inputs"]) == set(ROW)
    assert set(metadata["outputs"]) == set(predict(client, {"instances": [ROW]})["predictions"][0])


def test_beside_kserve_the_status_is_for_both(client: httpx.Client) -> None:
    """All protocols are on: `GET /v1/models/N` is one path for two kinds of clients."""
    status = client.get(MODEL).json()
    assert status["model_version_status"][0]["state"] == "AVAILABLE"
    assert (status["name"], status["ready"]) == ("flights", True)

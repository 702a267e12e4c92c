"""The Open Inference Protocol over REST: its exact shapes as golden files, and tensors in JSON and in bytes."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import pytest

from hagane.bundle.bundle import Bundle

MODEL = "/v2/models/flights"
INFER = f"{MODEL}/infer"


def tensor(name: str, datatype: str, data: list[Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "shape": [len(data)], "datatype": datatype, "data": data, **more}


INPUTS = [
    tensor("age", "INT64", [40, 10]),
    tensor("fare", "FP64", [1.5, None]),
    tensor("job", "BYTES", ["pilot", "cook"]),
    tensor("member", "BOOL", [True, False]),
    tensor("seen", "BYTES", ["2013-01-01T05:00:00Z", None]),
]
CASES: dict[str, tuple[str, str, Any]] = {
    "infer": ("POST", INFER, {"id": "42", "parameters": {"priority": 1}, "inputs": INPUTS}),
    "infer_some_outputs": (
        "POST",
        f"{MODEL}/versions/3/infer",
        {
            "inputs": INPUTS[:1],
            "outputs": [
                {"name": "predicted_late_probs", "parameters": {"classification": 1}},
                {"name": "predicted_late"},
            ],
        },
    ),
    "no_rows": ("POST", INFER, {"inputs": [tensor("age", "INT64", [])]}),
    "server": ("GET", "/v2", None),
    "live": ("GET", "/v2/health/live", None),
    "ready": ("GET", "/v2/health/ready", None),
    "model_ready": ("GET", f"{MODEL}/ready", None),
    "metadata": ("GET", f"{MODEL}/versions/3", None),
    "every_fault": (
        "POST",
        INFER,
        {
            "id": 7,
            "input": 1,
            "inputs": [
                tensor("age", "INT64", [3.5, 2]),
                tensor("agee", "INT32", [1, 2]),
                tensor("fare", "FP31", [1, 2]),
                {"name": "job", "shape": [2], "datatype": "BYTES", "data": ["x"]},
                {"name": "member", "shape": [2, 1, 1], "datatype": "BOOL", "data": [True, True]},
                {"name": "seen", "datatype": "BYTES", "data": ["x"]},
                {"shape": [2]},
            ],
            "outputs": [{"name": "predicted_lat"}, {"name": "predicted_late", "parameters": {"classification": 2}}],
        },
    ),
    "no_inputs": ("POST", INFER, {"outputs": []}),
    "rows_that_differ": ("POST", INFER, {"inputs": [tensor("age", "INT64", [1]), tensor("fare", "FP32", [1, 2])]}),
    "tensor_twice": ("POST", INFER, {"inputs": [tensor("age", "INT64", [1]), tensor("age", "INT64", [1])]}),
    "too_many_rows": (
        "POST",
        INFER,
        {"inputs": [{"name": "age", "shape": [10**15, 0], "datatype": "INT64", "data": []}]},
    ),
    "no_such_model": ("POST", "/v2/models/flight/infer", {"inputs": INPUTS}),
    "no_such_version": ("GET", f"{MODEL}/versions/9/ready", None),
    "no_such_path": ("GET", f"{MODEL}/config", None),
}
Golden = Callable[..., Any]


@pytest.mark.parametrize("case", CASES)
def test_golden(golden: Golden, case: str) -> None:
    golden("open_inference", case, *CASES[case])


def outputs(answer: dict[str, Any]) -> dict[str, Any]:
    return {each["name"]: np.array(each["data"]).reshape(each["shape"]).tolist() for each in answer["outputs"]}


def test_tensors_answer_what_rows_do(client: httpx.Client, flights: Bundle) -> None:
    rows = [{each["name"]: each["data"][row] for each in INPUTS} for row in range(2)]
    expected = flights.predict(rows)
    assert expected.labels is not None
    assert expected.probabilities is not None
    found = outputs(client.post(INFER, json={"inputs": INPUTS}).json())
    assert found["predicted_late"] == expected.labels.tolist()
    assert found["predicted_late_probs"] == expected.probabilities.tolist()


def test_nested_and_flat_data_are_the_same(client: httpx.Client) -> None:
    flat = client.post(INFER, json={"inputs": [{**tensor("age", "INT64", [40, 10]), "shape": [2, 1]}]}).json()
    nested = [{"name": "age", "datatype": "INT64", "shape": [2, 1], "data": [[40], [10]]}]
    assert client.post(INFER, json={"inputs": nested}).json() == flat
    assert client.post(INFER, json={"inputs": [tensor("age", "INT64", [40, 10])]}).json() == flat


def encoded(values: list[Any], dtype: str) -> bytes:
    if dtype == "BYTES":
        return b"".join(struct.pack("<I", len(each.encode())) + each.encode() for each in values)
    return np.array(values, dtype).tobytes()


BINARY = [
    ("age", "INT16", "<i2", [40, 10]),
    ("fare", "FP32", "<f4", [1.5, float("nan")]),
    ("job", "BYTES", "BYTES", ["pilot", "été"]),
    ("member", "BOOL", "?", [True, False]),
]


def binary_request(asked: dict[str, Any], tensors: list[Any] = BINARY) -> tuple[bytes, dict[str, str]]:
    blobs = [encoded(values, dtype) for _, _, dtype, values in tensors]
    inputs = [
        {"name": name, "shape": [len(values)], "datatype": datatype, "parameters": {"binary_data_size": len(blob)}}
        for (name, datatype, _, values), blob in zip(tensors, blobs, strict=True)
    ]
    head = json.dumps({"inputs": inputs, **asked}).encode()
    return head + b"".join(blobs), {"Inference-Header-Content-Length": str(len(head))}


def test_binary_tensors_in_and_out(client: httpx.Client, flights: Bundle) -> None:
    """Bytes that this test packs and unpacks itself."""
    rows = [{name: values[row] for name, _, _, values in BINARY} for row in range(2)]
    expected = flights.predict(rows)
    assert expected.probabilities is not None
    body, headers = binary_request({"parameters": {"binary_data_output": True}})
    answer = client.post(INFER, content=body, headers=headers)
    assert answer.headers["content-type"] == "application/octet-stream"
    length = int(answer.headers["inference-header-content-length"])
    told, blob = json.loads(answer.content[:length]), answer.content[length:]
    sizes = [each["parameters"]["binary_data_size"] for each in told["outputs"]]
    assert sum(sizes) == len(blob)
    assert [each["name"] for each in told["outputs"]] == [
        "predicted_late",
        "predicted_late_labels",
        "predicted_late_probs",
    ]
    assert blob[: sizes[0]] == encoded(expected.labels.tolist(), "BYTES")  # type: ignore[union-attr]
    assert np.array_equal(np.frombuffer(blob[-sizes[2] :], "<f8").reshape(2, 2), expected.probabilities)


def test_an_output_says_whether_it_is_binary(client: httpx.Client) -> None:
    asked = [{"name": "predicted_late", "parameters": {"binary_data": True}}, {"name": "predicted_late_probs"}]
    body, headers = binary_request({"outputs": asked})
    answer = client.post(INFER, content=body, headers=headers)
    length = int(answer.headers["inference-header-content-length"])
    told = json.loads(answer.content[:length])["outputs"]
    assert "data" not in told[0]
    assert len(told[1]["data"]) == 4
    body, headers = binary_request({})
    assert client.post(INFER, content=body, headers=headers).headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda body: body[:-1], "not those of its tensors"),
        (lambda body: body + b"x", "not those of its tensors"),
        (lambda body: body.replace(b"\x05\x00\x00\x00pilot", b"\xff\xff\xff\xffpilot"), "ends behind"),
        (lambda body: body.replace(b"pilot", b"pil\xfft"), "not UTF-8"),
        (lambda body: body.replace(b'"shape": [2]', b'"shape": [3]', 1), "another size"),
    ],
)
def test_bytes_that_are_no_tensors(client: httpx.Client, change: Callable[[bytes], bytes], told: str) -> None:
    body, headers = binary_request({})
    refused = client.post(INFER, content=change(body), headers=headers)
    assert (refused.status_code, told in refused.json()["error"]) == (400, True), refused.text


@pytest.mark.parametrize("length", ["-1", "x", "999999", "0" * 30 + "5", ""])
def test_a_header_that_is_no_length(client: httpx.Client, length: str) -> None:
    refused = client.post(INFER, content=b"{}", headers={"Inference-Header-Content-Length": length})
    assert (refused.status_code, "Inference-Header" in refused.json()["error"]) == (400, True)


def test_a_body_without_json(doubler: httpx.Client, client: httpx.Client) -> None:
    """Header 0: the bytes of the only column, as Triton takes them."""
    headers = {"Inference-Header-Content-Length": "0"}
    raw = np.array([1.5, -2.0], "<f8").tobytes()
    answer = doubler.post("/v2/models/doubler/infer", content=raw, headers=headers)
    assert outputs(answer.json()) == {"predicted_y": [3.0, -4.0], "row_error": [False, True]}
    assert doubler.post("/v2/models/doubler/infer", content=raw[:-3], headers=headers).status_code == 400
    assert client.post(INFER, content=raw, headers=headers).status_code == 400


def test_numbers_that_are_not_finite(doubler: httpx.Client) -> None:
    body = {"inputs": [tensor("x", "FP64", [None, 1.0])]}
    assert outputs(doubler.post("/v2/models/doubler/infer", json=body).json())["predicted_y"] == [None, 2.0]
    body["parameters"] = {"binary_data_output": True}  # type: ignore[assignment]
    answer = doubler.post("/v2/models/doubler/infer", json=body)
    length = int(answer.headers["inference-header-content-length"])
    numbers = np.frombuffer(answer.content[length : length + 16], "<f8")
    assert np.array_equal(numbers, [np.nan, 2.0], equal_nan=True)

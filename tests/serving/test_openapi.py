"""The OpenAPI document: what it shows is what the server does."""

from __future__ import annotations

import json
import os
import re
import subprocess
from typing import Any

import httpx
import pytest

from hagane.serving.protocols import PROTOCOLS

CLIENTS = os.environ.get("HAGANE_CLIENTS", "")


@pytest.fixture(scope="module")
def document(client: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/openapi.json").json()
    return found


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, each) for path, methods in document["paths"].items() for method, each in methods.items()]


def filled(path: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: found[1].upper(), path)


def test_every_example_is_answered_as_it_says(client: httpx.Client, document: dict[str, Any]) -> None:
    shown = 0
    for path, method, operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {})
        for kind, body in content.items():
            sent = body["example"] if kind == "text/csv" else json.dumps(body["example"])
            answer = client.request(method, filled(path), content=sent.encode(), headers={"content-type": kind})
            assert str(answer.status_code) in operation["responses"], (path, answer.text)
            if kind == "application/json":
                told = operation["responses"][str(answer.status_code)]["content"]["application/json"]["example"]
                assert answer.json() == told, path
                shown += answer.status_code == 200
    assert shown > 10


def test_every_path_that_reads_is_there(client: httpx.Client, document: dict[str, Any]) -> None:
    for path, method, _ in operations(document):
        if method == "get":
            assert client.get(filled(path)).status_code == 200, path


def test_it_tells_of_every_protocol(document: dict[str, Any]) -> None:
    tags = {operation["tags"][0] for _, _, operation in operations(document)}
    assert tags >= set(PROTOCOLS)
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(ids)) == len(ids)
    assert document["openapi"].startswith("3.1")


def test_parameters_are_those_of_the_path(document: dict[str, Any]) -> None:
    for path, _, operation in operations(document):
        assert re.findall(r"\{(\w+)\}", path) == [each["name"] for each in operation.get("parameters", [])]


@pytest.mark.slow
@pytest.mark.skipif(not CLIENTS, reason="needs openapi-spec-validator: make test-clients")
def test_the_specifications_validator_takes_it(client: httpx.Client) -> None:
    """The document against OpenAPI's own schema, and every example against the schema beside it."""
    script = (
        "import json, sys, jsonschema, openapi_spec_validator\n"
        "document = json.load(sys.stdin)\n"
        "openapi_spec_validator.validate(document)\n"
        "count = 0\n"
        "for methods in document['paths'].values():\n"
        "    for operation in methods.values():\n"
        "        for each in operation.get('requestBody', {}).get('content', {}).values():\n"
        "            schema = {**each['schema'], 'components': document['components']}\n"
        "            jsonschema.Draft202012Validator(schema).validate(each['example'])\n"
        "            count += 1\n"
        "print(count)\n"
    )
    text = client.get("/openapi.json").text
    ran = subprocess.run([CLIENTS, "-c", script], input=text, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert int(ran.stdout) > 10


TENSOR = {"name": "age", "shape": [1], "datatype": "INT64", "data": [3]}


@pytest.mark.parametrize(
    ("path", "content_type", "body", "where"),
    [
        ("/predict", "application/json", {"instances": [{}], "parameters": []}, "parameters"),
        ("/predict", "application/json", {"instances": [{}], "parameters": 0}, "parameters"),
        ("/invocations", "application/json", {"instances": [{}], "params": False}, "params"),
        ("/v2/models/flights/infer", "application/json", {"inputs": [TENSOR], "parameters": [None]}, "parameters"),
        ("/v2/models/flights/infer", "application/json", {"inputs": [TENSOR | {"parameters": "x"}]}, "inputs[0]"),
        ("/v2/models/flights/infer", "application/json", {"inputs": [TENSOR], "outputs": ""}, "outputs"),
        (
            "/v1/models/flights:classify", "application/json",
            {"context": {"born": "", "agee": 1}, "examples": [{"born": "1970-01-02"}, {}]}, "context.born",
        ),
        ("/invocations", "text/csv", "agee\n", "line 1"),
    ],
)  # fmt: skip
def test_what_the_schema_does_not_let_through_is_refused(
    client: httpx.Client, path: str, content_type: str, body: Any, where: str
) -> None:
    content = body if isinstance(body, str) else json.dumps(body)
    response = client.post(path, content=content, headers={"content-type": content_type})
    assert response.status_code == 400, response.text
    assert response.text.count(f"{where}: ") + response.text.count(f"{where}.parameters: ") == 1, response.text


@pytest.mark.parametrize("nothing", [None, {}])
def test_null_is_as_good_as_nothing(client: httpx.Client, nothing: Any) -> None:
    assert client.post("/predict", json={"instances": [{}], "parameters": nothing}).status_code == 200
    body = {"inputs": [TENSOR | {"parameters": nothing}], "outputs": None, "id": None, "parameters": nothing}
    assert client.post("/v2/models/flights/infer", json=body).status_code == 200


def test_a_path_that_is_not_for_the_model_is_not_told_of(client: httpx.Client) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert "/v1/models/flights:classify" in paths
    assert not any(path.endswith((":regress", ":explain")) for path in paths)

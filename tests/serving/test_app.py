"""Whatever comes over the wire, the server answers it, and with no traceback."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import subprocess
import sys
from collections.abc import MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hagane.bundle.bundle import Bundle
from hagane.serving import ServerThread, create_app
from hagane.serving.app import App

ROW: dict[str, Any] = {
    "age": 40,
    "fare": 1.5,
    "job": "pilot",
    "member": True,
    "seen": "2013-01-01T05:00:00Z",
    "born": "1970-01-02",
}
DEEP = 100_000


@pytest.fixture(scope="module")
def app(flights: Bundle) -> App:
    """Speaks every protocol."""
    return create_app(flights)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "no body"),
        (b"  \n", "no body"),
        (b"{", "not JSON"),
        (b"age=3&fare=2", "not JSON"),
        (b"\xff\xfe{\x00}\x00", "not JSON"),
        (b'{"instances": ["\xff"]}', "not UTF-8"),
        (b"[" * DEEP, "nested too deeply"),
        (b'{"instances":' * 10_000, "nested too deeply"),
        (b"NaN" + b"[" * DEEP, "not JSON"),
        (b'{"NaN":' + b"[" * DEEP, "nested too deeply"),
        (b'{"instances": [{"fare": 1e400}]}', "out of range"),
        (b'{"instances": [{"job": "\\ud800"}]}', "job is not a STRING"),
        (b'{"instances": [{"job": "\\ud800"}], "x": NaN}', "job is not a STRING"),
        (b'{"instances": [{"\\ud800": "NaN"}], "x": NaN}', "is not a column"),
        (b"null", "not an object"),
        (b'{"instances": null}', "not a list"),
        (b'{"instances": {"age": 3}}', "not a list"),
        (b'{"instances": [[[]]]}', "not a row"),
        (b'{"instances": [{"age": 9223372036854775808}]}', "age is not an INT64"),
        (b'{"instances": [{"age": ' + b"9" * 5000 + b"}]}", ""),
        (b'{"instances": [{"fare": ' + b"9" * 4000 + b"}]}", ""),
    ],
    ids=lambda part: repr(part)[:40],
)
def test_bad_bodies(client: httpx.Client, body: bytes, told: str) -> None:
    response = client.post("/predict", content=body)
    assert response.status_code == 400
    assert told in response.json()["error"]["message"]


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=utf-8", "application/x-www-form-urlencoded", "text/plain", "x"],
)
def test_the_content_type_does_not_matter(client: httpx.Client, content_type: str) -> None:
    body = json.dumps({"instances": [ROW]}).encode()
    for content in (body, b"\xef\xbb\xbf" + body):
        assert client.post("/predict", content=content, headers={"content-type": content_type}).status_code == 200


def test_compressed_bodies_are_refused(client: httpx.Client) -> None:
    response = client.post("/predict", content=b"\x1f\x8b", headers={"content-encoding": "gzip"})
    assert response.status_code == 415


def test_of_a_field_given_twice_the_last_counts(client: httpx.Client, flights: Bundle) -> None:
    response = client.post("/predict", content=b'{"instances": [{"age": "x", "age": 40}]}')
    assert response.json()["predictions"] == flights.predict([{"age": 40}]).rows()


def test_large_bodies(client: httpx.Client) -> None:
    def chunks() -> Any:
        for _ in range(30):
            yield b" " * 10_000

    for content in (b" " * 300_000, chunks()):
        response = client.post("/predict", content=content)
        assert response.status_code == 413
        assert "at most 200000 bytes" in response.json()["error"]["message"]
    assert client.get("/healthz").status_code == 200


def test_bodies_in_pieces(client: httpx.Client) -> None:
    body = json.dumps({"instances": [ROW] * 90}).encode()

    def pieces() -> Any:
        for start in range(0, len(body), 7):
            yield body[start : start + 7]

    assert client.post("/predict", content=pieces()).json() == client.post("/predict", content=body).json()


@pytest.mark.parametrize(
    "path", ["/", "/healthz", "/readyz", "/metadata", "/v1/models", "/v1/models/flights", "/v1/models/flights/metadata"]
)
def test_head_is_get_without_the_body(client: httpx.Client, path: str) -> None:
    get, head = client.get(path), client.head(path)
    assert (get.status_code, head.status_code, head.content) == (200, 200, b"")
    assert head.headers["content-length"] == str(len(get.content))


def test_options_and_methods(client: httpx.Client) -> None:
    options = client.options("/predict")
    assert (options.status_code, options.headers["allow"], options.content) == (204, "OPTIONS, POST", b"")
    assert client.options("/healthz").headers["allow"] == "GET, HEAD, OPTIONS"
    for method, path in (("GET", "/predict"), ("HEAD", "/predict"), ("DELETE", "/metadata"), ("PUT", "/predict")):
        response = client.request(method, path)
        assert response.status_code == 405
        assert "allow" in response.headers
    assert client.options("/nothing").status_code == 404


JSON_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
FIELD = st.sampled_from([*ROW, "Age", "", "instances"])
INSTANCES = st.lists(
    st.dictionaries(FIELD, JSON_VALUE) | st.lists(JSON_VALUE, min_size=6, max_size=6) | JSON_VALUE, max_size=4
)
BODY = st.one_of(
    st.binary(),
    JSON_VALUE.map(lambda value: json.dumps(value).encode()),
    st.fixed_dictionaries({"instances": INSTANCES}).map(lambda value: json.dumps(value).encode()),
    st.fixed_dictionaries({"instances": INSTANCES}, optional={"parameters": JSON_VALUE, "x": JSON_VALUE}).map(
        lambda value: json.dumps(value, ensure_ascii=False).encode()
    ),
)


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(BODY)
def test_any_body_is_answered_or_refused(client: httpx.Client, body: bytes) -> None:
    response = client.post("/predict", content=body)
    assert response.status_code in (200, 400), response.text
    answer = response.json()
    if response.status_code == 200:
        assert len(answer["predictions"]) == len(json.loads(body)["instances"])
    else:
        assert answer["error"]["details"][0]["fieldViolations"]
        assert "Traceback" not in response.text


FORM = st.sampled_from(
    [
        "instances",
        "inputs",
        "examples",
        "context",
        "signature_name",
        "parameters",
        "b64",
        "x",
        "outputs",
        "dataframe_split",
        "dataframe_records",
        "columns",
        "data",
        "params",
        "id",
        "name",
        "shape",
        "datatype",
    ]
)
COLUMNS = st.dictionaries(FIELD, st.lists(JSON_VALUE | st.dictionaries(st.just("b64"), JSON_VALUE), max_size=3))
TENSOR = st.fixed_dictionaries(
    {"name": FIELD, "shape": st.lists(st.integers(-1, 4) | st.integers(), max_size=3)},
    optional={
        "datatype": st.sampled_from(["BYTES", "INT64", "FP16", "UINT8", "x"]) | JSON_VALUE,
        "data": st.lists(JSON_VALUE, max_size=4) | JSON_VALUE,
        "parameters": st.dictionaries(
            st.sampled_from(["binary_data_size", "binary_data", "classification"]), JSON_VALUE
        ),
    },
)
SPLIT = st.fixed_dictionaries(
    {"data": st.lists(JSON_VALUE, max_size=3)}, optional={"columns": JSON_VALUE | st.lists(FIELD)}
)
ANY_FORM = st.dictionaries(FORM, INSTANCES | COLUMNS | st.lists(TENSOR, max_size=3) | SPLIT | JSON_VALUE, max_size=4)


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data(), ANY_FORM)
def test_any_json_to_any_route_is_answered_or_refused(app: App, data: st.DataObject, body: object) -> None:
    """Straight into the application. 501 is what the server says that it does not do."""
    method, path = data.draw(st.sampled_from(app.paths))
    status, answer = asyncio.run(ask(app, method, path, [json.dumps(body).encode()]))
    assert status < 500 or (status == 501 and path.endswith(":explain")), answer
    assert b"Traceback" not in answer


@pytest.mark.parametrize("key", ["instances", "inputs", "examples", "dataframe_records"])
@pytest.mark.parametrize("depth", [200, 900, 2_000])
def test_values_within_values(app: App, key: str, depth: int) -> None:
    """Deep, but not too deep for the reader of JSON: nothing after it may run out of stack."""
    nested = b"[" * depth + b"]" * depth
    bodies = [
        b'{"%s": %s}' % (key.encode(), each) for each in (nested, b'[{"age": %s}]' % nested, b'{"age": %s}' % nested)
    ]
    for method, path in app.paths:
        for body in bodies:
            assert asyncio.run(ask(app, method, path, [body]))[0] < 500 or path.endswith(":explain")


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=30), st.sampled_from(["GET", "POST", "HEAD", "OPTIONS", "DELETE", "PATCH", "TRACE"]))
def test_any_path_is_answered(flights: Bundle, path: str, method: str) -> None:
    """Straight into the application: an HTTP client would not send such paths."""
    status, body = asyncio.run(ask(create_app(flights), method, "/" + path, [b""]))
    assert 200 <= status < 500
    assert method == "HEAD" or status == 204 or json.loads(body)


async def ask(app: App, method: str, path: str, chunks: list[bytes | None]) -> tuple[int, bytes]:
    """One request given to the application itself; None in `chunks` is a client going away. (0, b"") for no answer."""
    messages: list[MutableMapping[str, Any]] = [
        {"type": "http.request", "body": chunk, "more_body": index < len(chunks) - 1}
        if chunk is not None
        else {"type": "http.disconnect"}
        for index, chunk in enumerate(chunks)
    ]
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return messages.pop(0)

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    await app({"type": "http", "method": method, "path": path, "headers": []}, receive, send)
    return (sent[0]["status"], sent[1]["body"]) if sent else (0, b"")


def test_a_client_that_goes_away_gets_nothing(flights: Bundle) -> None:
    assert asyncio.run(ask(create_app(flights), "POST", "/predict", [b'{"inst', None])) == (0, b"")


def test_lifespan(flights: Bundle) -> None:
    messages: list[MutableMapping[str, Any]] = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent: list[Any] = []

    async def receive() -> MutableMapping[str, Any]:
        return messages.pop(0)

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message["type"])

    asyncio.run(create_app(flights)({"type": "lifespan"}, receive, send))
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_our_own_failures_get_an_id_and_are_logged(
    flights: Bundle, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(flights)

    def fail(*args: object, **options: object) -> None:
        raise RuntimeError("the secret inside")

    monkeypatch.setattr(flights, "_run", fail)
    with caplog.at_level(logging.ERROR, "hagane.serving"):
        status, body = asyncio.run(ask(app, "POST", "/predict", [json.dumps({"instances": [ROW]}).encode()]))
    error = json.loads(body)["error"]
    assert (status, error["status"]) == (500, "INTERNAL")
    assert b"secret" not in body
    (detail,) = error["details"]
    assert detail["requestId"] in error["message"]
    assert detail["requestId"] in caplog.text
    assert "the secret inside" in caplog.text


def test_large_requests_run_beside_the_event_loop(flights: Bundle) -> None:
    """While big requests are worked on, health is answered."""
    body = json.dumps({"instances": [ROW] * 10_000}).encode()
    with (
        ServerThread(flights) as server,
        httpx.Client(base_url=server.url, trust_env=False, timeout=60) as client,
        ThreadPoolExecutor() as pool,
    ):
        working = [pool.submit(client.post, "/predict", content=body) for _ in range(3)]
        answered = 0
        while not all(work.done() for work in working):
            answered += client.get("/healthz").status_code == 200
        assert [work.result().status_code for work in working] == [200] * 3
    assert answered >= 3


def test_many_at_once(client: httpx.Client, flights: Bundle) -> None:
    def ask_for(age: int) -> object:
        return client.post("/predict", json={"instances": [{"age": age}]}).json()["predictions"]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask_for, range(100)))
    assert answers == [flights.predict([{"age": age}]).rows() for age in range(100)]


def test_broken_http(client: httpx.Client) -> None:
    address = (client.base_url.host, client.base_url.port)
    for content in (
        b"\x00\xff\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
    ):
        with socket.create_connection(address, timeout=5) as connection:  # type: ignore[arg-type]
            connection.sendall(content)
            connection.shutdown(socket.SHUT_WR)
            assert b" 5" not in connection.recv(100)[8:11]
    assert client.get("/healthz").status_code == 200


SERVE_ALONE = """
import sys
import hagane.serving
from hagane.serving import ServerThread
with ServerThread(sys.argv[1]) as server:
    from urllib.request import urlopen, ProxyHandler, build_opener
    assert build_opener(ProxyHandler({})).open(server.url + "/healthz").status == 200
heavy = set("grpc torch lightgbm duckdb pyarrow sklearn onnx scipy pandas polars sqlglot matplotlib".split())
print(sorted(heavy & set(sys.modules)))
"""


def test_serving_needs_little(flights: Bundle) -> None:
    run = subprocess.run(
        [sys.executable, "-c", SERVE_ALONE, str(flights.folder)], capture_output=True, text=True, check=True
    )
    assert run.stdout == "[]\n"

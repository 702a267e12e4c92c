"""Requests that were right, with some of it changed: whatever comes is answered, and never with our fault.

The requests are those of the OpenAPI document: every path of every protocol, and gRPC. They go straight into the
application, so that thousands can be tried, and as bytes over a socket.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import socket
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import grpc
import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hagane.bundle.bundle import Bundle
from hagane.serving import ServerThread, create_app
from hagane.serving.app import App
from hagane.serving.grpc_messages import SERVICE, message_class
from hagane.serving.http import Request, Response
from hagane.serving.protocol import Predict

HEADERS = {
    b"content-type": [b"text/csv", b"application/json; charset=x", b"", b"\xff"],
    b"inference-header-content-length": [b"0", b"1", b"99999999999999999999", b"-1", b"x", b"10"],
    b"accept": [b"text/html", b"application/openmetrics-text", b"*/*;q=x"],
    b"x-request-timeout": [b"0", b"-1", b"1e9", b"soon", b"0.00001"],
    b"content-encoding": [b"gzip", b"identity", b""],
    b"authorization": [b"Bearer x", b"Basic", b"\x00"],
    b"traceparent": [b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", b"00-0-0-0", b"\xff"],
    b"x-request-id": [b"a" * 1000, b"\r\n", b"ok"],
    b"priority": [b"u=7", b"u=99", b"?"],
}
VALUES: list[Any] = [
    None, True, -1, 0,
    2**63, -(2**63), 2**64, 1e308, 1e-320, float("nan"), float("inf"), "", "\x00", "\ud800", "a" * 300,
    "2013-13-45", [], [[]], {}, {"b64": "/w=="}, {"b64": 3}, [1, "x", None], {"": {}}, "NaN", "é", "9" * 400,
]  # fmt: skip
BYTES = [
    b"\x00",
    b"\xff",
    b'"',
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\\u0000",
    b"\\ud800",
    b"NaN",
    b"1e999",
    b"\n",
    b"-",
]


class Asked(NamedTuple):
    method: str
    path: str
    headers: dict[bytes, bytes]
    body: bytes


def right_requests(app: App) -> list[Asked]:
    """Every path with the bodies that its protocol shows."""
    deployment = app.endpoint.first
    found = []
    for protocol in deployment.protocols:
        for route in protocol.routes:
            path = deployment.model.path(route.template)
            bodies = route.bodies if isinstance(route, Predict) else ()
            for body in bodies:
                sent = body.example if isinstance(body.example, str) else json.dumps(body.example)
                found.append(Asked(route.method, path, {b"content-type": body.content_type.encode()}, sent.encode()))
            if not bodies:
                found.append(Asked(route.method, path, {}, b'{"instances": [{"age": 3}]}'))
    found += [Asked("POST", "/v2/models/flights/infer", *binary_tensors()), Asked("GET", "/metrics", {}, b"")]
    return found


def binary_tensors() -> tuple[dict[bytes, bytes], bytes]:
    tensor = {"name": "age", "datatype": "INT64", "shape": [2], "parameters": {"binary_data_size": 16}}
    head = json.dumps(
        {"inputs": [tensor], "outputs": [{"name": "predicted_late", "parameters": {"binary_data": True}}]}
    )
    return {b"inference-header-content-length": str(len(head)).encode()}, head.encode() + bytes(16)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


def with_value(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copied = value.copy()
    copied[path[0]] = with_value(value[path[0]], path[1:], new)
    return copied


def changed_json(chance: random.Random, body: bytes) -> bytes:
    """A value anywhere in it is another, a field is renamed, or doubled."""
    try:
        value = json.loads(body)
    except ValueError:
        return changed_bytes(chance, body)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        path = chance.choice(list(places(value)))
        new = chance.choice(VALUES)
        if path and isinstance(path[-1], str) and chance.random() < 0.3:
            parent = value
            for key in path[:-1]:
                parent = parent[key]
            value = with_value(
                value, path[:-1], {**parent, chance.choice(["", "instance", path[-1] + "s", "inputs"]): new}
            )
        else:
            value = with_value(value, path, new)
    return json.dumps(value, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")


def changed_bytes(chance: random.Random, body: bytes) -> bytes:
    """Cut, doubled, put in, turned over."""
    for _ in range(chance.choice((1, 1, 2, 5))):
        at = chance.randrange(len(body) + 1)
        end = min(len(body), at + chance.choice((0, 1, 1, 2, 8, 64)))
        put = chance.choice((b"", chance.choice(BYTES), body[at:end] * chance.choice((1, 2, 50)), chance.randbytes(3)))
        body = body[:at] + put + body[end:]
    return body


def changed(chance: random.Random, asked: Asked) -> Asked:
    method, path, headers, body = asked
    body = chance.choice((changed_json, changed_json, changed_bytes, lambda _, same: same))(chance, body)
    if chance.random() < 0.2:
        name = chance.choice(list(HEADERS))
        headers = {**headers, name: chance.choice(HEADERS[name])}
    if chance.random() < 0.1:
        path = changed_bytes(chance, path.encode()).decode("latin-1")
    if chance.random() < 0.05:
        method = chance.choice(["GET", "POST", "PUT", "HEAD", "OPTIONS", "", "GRPC"])
    return Asked(method, path, headers, body)


@pytest.fixture(scope="module")
def app(flights: Bundle) -> App:
    return create_app(flights, max_rows=1000, num_threads=1)


@pytest.fixture(scope="module")
def right(app: App) -> list[Asked]:
    return right_requests(app)


def answers_of(app: App, requests: Iterable[Asked]) -> list[Response]:
    """One after another, on an event loop."""

    async def ask() -> list[Response]:
        loop = asyncio.get_running_loop()
        answers = []
        for method, path, headers, body in requests:
            answer: asyncio.Future[Response] = loop.create_future()
            app.handle(Request(method, path, {}, headers, body), answer.set_result)
            answers.append(await answer)
        return answers

    return asyncio.run(ask())


def check(answer: Response, asked: Asked) -> None:
    """501 is what a path says that it does not do; 504 a client whose own time was over."""
    late = b"x-request-timeout" in asked.headers
    assert answer.status < 500 or answer.status == 501 or (answer.status == 504 and late), (asked, answer)
    assert b"Traceback" not in answer.body
    if answer.content_type == b"application/json" and answer.body.strip():
        json.loads(answer.body)


def test_the_requests_are_right(app: App, right: list[Asked]) -> None:
    answers = zip(right, answers_of(app, right), strict=True)
    wrong = [(asked, answer) for asked, answer in answers if answer.status not in (200, 501)]
    assert not [each for each in wrong if "explain" not in each[0].path and "regress" not in each[0].path]
    assert len(right) > 40


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32))
@example(0)
def test_changed_requests_are_answered(app: App, right: list[Asked], seed: int) -> None:
    chance = random.Random(seed)
    asked = [changed(chance, chance.choice(right)) for _ in range(5)]
    for each, answer in zip(asked, answers_of(app, asked), strict=True):
        check(answer, each)


@pytest.mark.slow
def test_a_hundred_thousand_changed_requests_are_answered(app: App, right: list[Asked]) -> None:
    chance = random.Random(7)
    for _ in range(1_000):
        asked = [changed(chance, chance.choice(right)) for _ in range(100)]
        for each, answer in zip(asked, answers_of(app, asked), strict=True):
            check(answer, each)


TENSOR = b'{"name": "fare", "datatype": "FP64", "shape": [1], "data": [NaN]}'
HALVES = [
    ("/v2/models/flights/infer", b'{"id": "\\ud800", "x": NaN, "inputs": []}'),
    ("/v2/models/flights/infer", b'{"id": "\\ud800", "inputs": [%s]}' % TENSOR),
    ("/v2/models/flights/infer", b'{"inputs": [{"name": "\\ud800", "shape": 3, "data": NaN}]}'),
    ("/v1/models/flights:predict", b'{"\\ud800": NaN, "inputs": {"\\udfff": [1]}}'),
    ("/v1/models/flights:classify", b'{"signature_name": "\\ud800", "examples": [{"\\ud800": NaN}]}'),
    ("/invocations", b'{"dataframe_split": {"columns": ["\\ud800", "\\ud800"], "data": [[NaN, 1]]}}'),
    ("/predict", b'{"instances": [{"\\ud800": NaN}], "parameters": {"\\ud800": 1}}'),
    ("/page/predict", b'{"instances": [{"job": "\\ud800", "age": NaN}]}'),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body"), HALVES)
def test_halves_of_surrogate_pairs_are_refused(app: App, path: str, body: bytes) -> None:
    """Python's reader of JSON lets them in, and no answer can hold them: here an answer never came."""
    (answer,) = answers_of(app, [Asked("POST", path, {}, body)])
    assert answer.status == 400
    answer.body.decode()


@pytest.fixture(scope="module")
def server(flights: Bundle) -> Iterator[ServerThread]:
    with ServerThread(flights, grpc_port=0, max_rows=1000) as server:
        yield server


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32))
def test_changed_bytes_over_a_socket(server: ServerThread, right: list[Asked], seed: int) -> None:
    """Heads and bodies, several requests on one connection: each is answered, or the connection ends; none hangs."""
    chance = random.Random(seed)
    sent = b""
    for _ in range(3):
        method, path, headers, body = chance.choice(right)
        lines = [f"{method} {path} HTTP/1.1".encode(), b"Host: x", b"Content-Length: %d" % len(body)]
        lines += [name + b": " + value for name, value in headers.items()]
        one = b"\r\n".join(lines) + b"\r\n\r\n" + body
        sent += changed_bytes(chance, one) if chance.random() < 0.7 else one
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        answered = b""
        try:
            while more := connection.recv(65_536):
                answered += more
        except ConnectionResetError:
            pass
    for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answered):
        assert status < b"500" or status in (b"501", b"504", b"505"), (sent, answered)
    assert httpx.get(server.url + "/healthz", trust_env=False).status_code == 200


CALLS = {
    "ServerLive": {}, "ServerReady": {}, "ModelReady": {"name": "flights"}, "ServerMetadata": {},
    "ModelMetadata": {"name": "flights", "version": "1"},
    "ModelInfer": {
        "model_name": "flights", "id": "7",
        "inputs": [
            {"name": "age", "datatype": "INT64", "shape": [2], "contents": {"int64_contents": [40, 10]}},
            {"name": "job", "datatype": "BYTES", "shape": [2, 1], "contents": {"bytes_contents": [b"pilot", b"x"]}},
        ],
        "outputs": [{"name": "predicted_late"}],
    },
}  # fmt: skip
RAW = {
    "model_name": "flights",
    "inputs": [{"name": "fare", "datatype": "FP32", "shape": [2]}],
    "raw_input_contents": [bytes(8)],
}


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32))
def test_changed_messages_over_grpc(channel: grpc.Channel, seed: int) -> None:
    chance = random.Random(seed)
    name = chance.choice([*CALLS, "ModelInfer", "ModelInfer"])
    fields: Any = RAW if name == "ModelInfer" and chance.random() < 0.5 else CALLS[name]
    message = message_class(f"{name}Request")(**fields).SerializeToString()
    message = changed_bytes(chance, message) if chance.random() < 0.9 else message
    same: Any = bytes
    call = channel.unary_unary(f"/{SERVICE}/{name}", request_serializer=same, response_deserializer=same)
    try:
        call(message, timeout=60)
    except grpc.RpcError as error:
        told = error.code().name, error.details()
        broken = told[1] == "Exception deserializing request!"  # gRPC's own word for what is no message
        assert told[0] in ("INVALID_ARGUMENT", "NOT_FOUND", "UNIMPLEMENTED") or broken, told


@pytest.fixture(scope="module")
def channel(server: ServerThread) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(server.grpc_address, options=[("grpc.enable_http_proxy", 0)]) as made:
        yield made

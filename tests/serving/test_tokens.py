"""Tokens: who bears a valid one is answered, for what it is for; nobody learns one from a file, a log or a process."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hagane.bundle.bundle import Bundle
from hagane.errors import DataError, NotFoundError, SpecError
from hagane.fronts.cli.run import run
from hagane.serving import ServerThread, create_app
from hagane.serving.app import App
from hagane.serving.grpc_messages import SERVICE, message_class
from hagane.serving.http import Request, Response
from hagane.serving.secure_app import SecurityOptions
from hagane.serving.tokens.failed_attempts import BURST
from hagane.serving.tokens.token import SCOPES, SECRET, Scope
from hagane.serving.tokens.token_file import TokenFile
from hagane.serving.tokens.token_guard import LOOK_SECONDS

BODY = b'{"instances": [{"age": 40}]}'
PREDICT_PATHS = {
    "/predict": BODY,
    "/v1/models/flights:predict": BODY,
    "/v2/models/flights/infer": b'{"inputs": [{"name": "age", "datatype": "INT64", "shape": [1], "data": [40]}]}',
    "/invocations": BODY,
    "/page/predict": BODY,
}


@pytest.fixture
def tokens(tmp_path: Path) -> TokenFile:
    return TokenFile(tmp_path / "tokens.json")


def answer_of(app: App, request: Request) -> Response:
    """As a server would have it: on an event loop."""

    async def ask() -> Response:
        answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        app.handle(request, answer.set_result)
        return await answer

    return asyncio.run(ask())


class Asked:
    """An application on a clock of its own: half a second passes between any two requests."""

    def __init__(self, app: App, seconds: float = LOOK_SECONDS * 1.1) -> None:
        self._app, self._now, self._step = app, time.monotonic(), seconds

    def __call__(self, path: str = "/predict", token: str = "", method: str = "", body: bytes = BODY) -> Response:
        self._now += self._step
        headers = {b"authorization": f"Bearer {token}".encode()} if token else {}
        method = method or ("GET" if path in ("/healthz", "/readyz", "/metrics", "/metadata", "/") else "POST")
        return answer_of(self._app, Request(method, path, {}, headers, body, received=self._now))


@pytest.fixture
def ask(flights: Bundle, tokens: TokenFile) -> Callable[..., Response]:
    return Asked(create_app(flights, security=SecurityOptions(tokens=str(tokens.path))))


def test_a_server_is_open_until_there_is_a_token_for_it(ask: Any, tokens: TokenFile) -> None:
    assert ask().status == 200
    tokens.create("other", endpoint="another")
    assert ask().status == 200
    secret, _ = tokens.create("shop", endpoint="flights")
    assert ask().status == 401
    assert ask(token=secret).status == 200


def test_a_server_may_be_closed_before(flights: Bundle, tokens: TokenFile) -> None:
    app = create_app(flights, security=SecurityOptions(tokens=str(tokens.path), require_token=True))
    assert Asked(app)().status == 401


def test_several_are_valid_at_once_and_are_rotated_without_a_restart(ask: Any, tokens: TokenFile) -> None:
    old, token = tokens.create("shop")
    new, _ = tokens.create("shop")
    assert (ask(token=old).status, ask(token=new).status) == (200, 200)
    tokens.revoke(token.id)
    assert (ask(token=old).status, ask(token=new).status) == (401, 200)
    tokens.revoke("shop")
    assert (ask(token=old).status, ask(token=new).status, ask().status) == (401, 401, 401)


def test_it_expires(flights: Bundle, tmp_path: Path) -> None:
    yesterday = TokenFile(tmp_path / "tokens.json", now=lambda: datetime.now(UTC) - timedelta(days=1))
    short, _ = yesterday.create("short", lifetime=timedelta(hours=1))
    long, _ = yesterday.create("long", lifetime=timedelta(days=2))
    ask = Asked(create_app(flights, security=SecurityOptions(tokens=str(yesterday.path))))
    assert (ask(token=short).status, ask(token=long).status) == (401, 200)


@pytest.mark.parametrize("scope", SCOPES)
def test_each_scope_opens_what_it_is_for(flights: Bundle, tokens: TokenFile, tmp_path: Path, scope: Scope) -> None:
    secret, _ = tokens.create("one", scopes=(scope,))
    log = {"logs": str(tmp_path / "logs")}
    ask = Asked(create_app(flights, security=SecurityOptions(tokens=str(tokens.path)), request_log=log))
    asked = {
        "predict": "/predict", "explain": "/v1/models/flights:explain", "feedback": "/feedback", "metrics": "/metrics"
    }  # fmt: skip
    for needed, path in asked.items():
        status = ask(path, secret).status
        assert (status == 403) == (needed != scope), path
    for path in ("/metadata", "/"):
        assert ask(path, secret).status == 200
        assert ask(path).status == 401
    for path in ("/healthz", "/readyz"):
        assert ask(path).status == 200


def test_refusals_say_how_in_each_protocols_shape(ask: Any, tokens: TokenFile) -> None:
    secret, _ = tokens.create("m", scopes=("metrics",))
    for path, body in PREDICT_PATHS.items():
        for token, status in (("", 401), (secret, 403)):
            answer = ask(path, token, body=body)
            assert answer.status == status, path
            assert dict(answer.headers)[b"www-authenticate"].startswith(b'Bearer realm="hagane"')
            assert json.loads(answer.body)
    vertex = json.loads(ask("/predict").body)["error"]
    assert (vertex["code"], vertex["status"]) == (401, "UNAUTHENTICATED")
    assert json.loads(ask("/invocations").body)["error_code"] == "UNAUTHENTICATED"
    assert set(json.loads(ask("/v2/models/flights/infer").body)) == {"error"}
    bad = ask(token="hgn_wrong")
    assert b'error="invalid_token"' in dict(bad.headers)[b"www-authenticate"]


@given(st.binary(max_size=100))
def test_no_other_header_opens_it(closed: tuple[App, str], header: bytes) -> None:
    app, secret = closed
    right = b"Bearer " + secret.encode()
    for each in (header, b"Bearer " + header, right[:-1] + header[:1], right + header[:1], b"Basic " + right[7:]):
        received = next(TIMES)  # refusals do not run out
        answer = answer_of(app, Request("POST", "/predict", {}, {b"authorization": each}, BODY, received=received))
        assert answer.status == (200 if each.strip(b" \t") == right else 401), each


TIMES = itertools.count(time.monotonic() + 3600, 1.0)  # a busy machine passes no deadline


@pytest.fixture(scope="module")
def closed(flights: Bundle, tmp_path_factory: pytest.TempPathFactory) -> tuple[App, str]:
    tokens = TokenFile(tmp_path_factory.mktemp("tokens") / "tokens.json")
    secret, _ = tokens.create("shop")
    return create_app(flights, security=SecurityOptions(tokens=str(tokens.path))), secret


def test_who_has_none_is_slowed_down_and_logged_once(
    flights: Bundle, tokens: TokenFile, caplog: pytest.LogCaptureFixture
) -> None:
    secret, _ = tokens.create("shop")
    # ten more a second are let off: in 2 * BURST steps far less than one
    ask = Asked(create_app(flights, security=SecurityOptions(tokens=str(tokens.path))), seconds=0.0001)
    wrong = secret[:-4] + "AAAA"
    with caplog.at_level(logging.WARNING, "hagane.serving"):
        statuses = [ask(token=wrong).status for _ in range(BURST * 2)]
    assert statuses[:BURST] == [401] * BURST
    assert statuses[-1] == 429
    assert ask(token=wrong).headers[0][0] == b"retry-after"
    assert ask(token=secret).status == 200
    assert len(caplog.records) == 1
    assert "an unknown token" in caplog.text
    assert wrong not in caplog.text
    assert secret[13:] not in caplog.text


def test_a_damaged_or_removed_file_never_opens_what_was_closed(
    ask: Any, tokens: TokenFile, caplog: pytest.LogCaptureFixture
) -> None:
    secret, _ = tokens.create("shop")
    assert ask(token=secret).status == 200
    good = tokens.path.read_bytes()
    tokens.path.write_bytes(good[: len(good) // 2])
    assert (ask().status, ask(token=secret).status) == (401, 200)
    assert caplog.text.count("cannot be read") == 1
    tokens.path.unlink()
    assert (ask().status, ask(token=secret).status) == (401, 401)
    tokens.path.write_bytes(good)
    assert ask(token=secret).status == 200


def test_a_file_that_is_damaged_from_the_start_closes_it(flights: Bundle, tokens: TokenFile) -> None:
    tokens.path.write_text("{")
    assert Asked(create_app(flights, security=SecurityOptions(tokens=str(tokens.path))))().status == 401
    with pytest.raises(DataError, match="damaged"):
        tokens.tokens()


def test_only_hashes_are_kept_and_only_the_owner_reads_them(tokens: TokenFile) -> None:
    secrets = [tokens.create(f"n{number}")[0] for number in range(5)]
    assert stat.S_IMODE(tokens.path.stat().st_mode) == 0o600
    text = tokens.path.read_text()
    assert not any(secret[13:] in text for secret in secrets)
    assert len(set(secrets)) == 5
    assert all(SECRET.fullmatch(secret) for secret in secrets)


def test_many_processes_may_create_at_once(tokens: TokenFile) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: TokenFile(tokens.path).create(f"n{number}"), range(24)))
    assert {token.name for token in tokens.tokens()} == {f"n{number}" for number in range(24)}


def test_faults_are_told_together(tokens: TokenFile) -> None:
    scopes: Any = ("predict", "expalin")
    with pytest.raises(SpecError) as caught:
        tokens.create("", scopes=scopes, lifetime=timedelta(0))
    assert len(caught.value.faults) == 3
    assert caught.value.faults[1].nearest == "explain"
    tokens.create("shop")
    with pytest.raises(NotFoundError) as missing:
        tokens.revoke("shob")
    assert missing.value.faults[0].nearest == "shop"


def command(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert run([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = ("--workspace", str(tmp_path))
    made = command(
        capsys, "tokens", "create", "shop", "--endpoint", "late", "--scope", "metrics", "--expires", "90d", *place
    )
    assert SECRET.fullmatch(made["token"])
    assert (made["endpoint"], made["scopes"]) == ("late", ["metrics"])
    (listed,) = command(capsys, "tokens", "list", "--endpoint", "late", *place)["tokens"]
    assert (listed["id"], listed["name"]) == (made["id"], "shop")
    assert "sha256" not in listed
    assert command(capsys, "tokens", "list", "--endpoint", "other", *place) == {"tokens": []}
    (revoked,) = command(capsys, "tokens", "revoke", "shop", *place)["revoked"]
    assert revoked["revoked"]


@pytest.fixture
def closed_server(flights: Bundle, tokens: TokenFile) -> Iterator[tuple[ServerThread, str]]:
    secret, _ = tokens.create("shop", scopes=("predict",))
    security = SecurityOptions(tokens=str(tokens.path))
    with ServerThread(flights, version="3", security=security, grpc_port=0) as server:
        yield server, secret


def test_grpc_takes_it_as_metadata(closed_server: tuple[ServerThread, str]) -> None:
    server, secret = closed_server
    with grpc.insecure_channel(server.grpc_address, options=[("grpc.enable_http_proxy", 0)]) as channel:

        def call(name: str, token: str = "", /, **fields: Any) -> str:
            metadata = [("authorization", f"Bearer {token}")] if token else []
            method = channel.unary_unary(
                f"/{SERVICE}/{name}",
                request_serializer=message_class(f"{name}Request").SerializeToString,
                response_deserializer=message_class(f"{name}Response").FromString,
            )
            try:
                method(message_class(f"{name}Request")(**fields), timeout=20, metadata=metadata)
            except grpc.RpcError as error:
                return str(error.code().name)
            return "OK"

        infer = {"model_name": "flights", "inputs": [{"name": "age", "datatype": "INT64", "shape": [1]}]}
        infer["inputs"][0]["contents"] = {"int64_contents": [40]}  # type: ignore[index]
        assert call("ModelInfer", **infer) == "UNAUTHENTICATED"
        assert call("ModelInfer", secret[:-1] + "x", **infer) == "UNAUTHENTICATED"
        assert call("ModelInfer", secret, **infer) == "OK"
        assert call("ModelMetadata", name="flights") == "UNAUTHENTICATED"
        assert call("ModelMetadata", secret, name="flights") == "OK"
        assert (call("ServerLive"), call("ServerReady"), call("ModelReady", name="flights")) == ("OK",) * 3


SERVE = (
    "import logging, sys; logging.basicConfig(level=logging.DEBUG); "
    "from hagane.fronts.cli.run import run; run(sys.argv[1:])"
)


def test_no_secret_is_in_what_a_server_says_or_is_told(flights_folder: Path, tmp_path: Path) -> None:
    """Everything that the process writes, logs at the finest level, and shows in the list of processes."""
    secret, _ = TokenFile(tmp_path / "tokens.json").create("shop")
    sent = [secret, "hgn_00000000_" + "s" * 43]
    words = ["serve", str(flights_folder), "--port", "0", "--workspace", str(tmp_path)]
    words += ["--access-log", str(tmp_path / "access.log")]
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        url = ""
        while not url:
            line = process.stdout.readline()
            assert line, process.stderr.read() if process.stderr else ""
            url = next((word for word in line.split() if word.startswith("http://")), "")
        statuses = []
        for token in sent:
            headers = {"Authorization": f"Bearer {token}", "X-Request-Id": "named"}
            for path in ("/predict", "/v2/models/x/infer", f"/predict?token={token}"):
                statuses.append(httpx.post(url + path, content=BODY, headers=headers, trust_env=False).status_code)
            statuses.append(httpx.get(url + "/metrics", headers=headers, trust_env=False).status_code)
        assert statuses == [200, 404, 200, 403, 401, 401, 401, 401]
        shown = Path(f"/proc/{process.pid}/cmdline").read_bytes() + Path(f"/proc/{process.pid}/environ").read_bytes()
    finally:
        process.terminate()
        out, error = process.communicate()
    written = "".join([out, error, (tmp_path / "access.log").read_text(), shown.decode("utf-8", "replace")])
    assert "named" in written
    for token in sent:
        assert token[13:] not in written
    assert os.path.exists(tmp_path / "tokens.json")


@pytest.mark.parametrize(("more", "told"), [([], "whoever reaches 0.0.0.0 is answered"), (["--require-token"], "")])
def test_who_is_answered_is_said_where_others_reach_it(
    flights_folder: Path, tmp_path: Path, more: list[str], told: str
) -> None:
    words = ["serve", str(flights_folder), "--port", "0", "--host", "0.0.0.0", "--workspace", str(tmp_path), *more]
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    message = ""
    while "Ctrl+C" not in message:
        line = process.stdout.readline()
        assert line, message
        message += line
    process.terminate()
    process.communicate()
    assert "\nWarning: " in message
    assert "nothing is encrypted" in message
    assert ("is answered" in message) == bool(told)
    assert told in message

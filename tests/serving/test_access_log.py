"""The access log: a line a request, whole, and nothing in it that is secret."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hagane.bundle.bundle import Bundle
from hagane.errors import ServeError
from hagane.serving import access_log
from hagane.serving.access_log import AccessLog
from hagane.serving.app import App, create_app
from hagane.serving.exchange import Exchange
from hagane.serving.http import Request, Response


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def wait_for(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.01)


@pytest.fixture
def app(flights: Bundle) -> App:
    return create_app(flights, version="3")


def ask(app: App, method: str, path: str, body: bytes = b"", **headers: str) -> None:
    told = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    request = Request(method, path, {}, told, body, query=b"token=hush", id="named")

    async def answered() -> None:
        answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        app.handle(request, answer.set_result)
        await answer

    asyncio.run(answered())


def test_a_line_says_what_was_asked_and_answered(app: App, tmp_path: Path) -> None:
    log = AccessLog(str(tmp_path / "access.log"), "late")
    app.observers = (log,)
    ask(app, "POST", "/predict", b'{"instances": [{"job": "secret job"}, {}]}', authorization="Bearer hush")
    ask(app, "GET", "/healthz")
    ask(app, "POST", "/v1/models/other:predict", b"{}")
    ask(app, "GET", "/no\nwhere\ud800")
    log.close()
    first, health, refused, unknown = lines(tmp_path / "access.log")
    assert first.pop("time").endswith("Z")
    assert 0 < first.pop("ms") < 1e5
    assert first.pop("bytes") > 50
    assert first == {
        "id": "named", "method": "POST", "path": "/predict", "status": 200, "endpoint": "late", "model": "flights",
        "version": "3", "protocol": "vertex", "kind": "predict", "rows": 2,
    }  # fmt: skip
    assert (health["kind"], health["status"], health["rows"]) == ("live", 200, None)
    assert (refused["status"], refused["protocol"], refused["rows"]) == (404, "tensorflow", None)
    assert (unknown["status"], unknown["path"]) == (404, "/no\nwhere\\ud800")
    assert "hush" not in (tmp_path / "access.log").read_text()
    assert "secret job" not in (tmp_path / "access.log").read_text()


def test_a_file_that_was_moved_is_made_anew(app: App, tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    log = AccessLog(str(path), "e")
    app.observers = (log,)
    ask(app, "GET", "/a")
    wait_for(lambda: len(lines(path)) == 1)
    path.rename(tmp_path / "access.log.1")
    ask(app, "GET", "/b")
    wait_for(lambda: path.exists() and len(lines(path)) == 1)
    path.unlink()
    ask(app, "GET", "/c")
    log.close()
    assert [line["path"] for line in lines(path)] == ["/c"]
    assert [line["path"] for line in lines(tmp_path / "access.log.1")] == ["/a"]


def test_a_folder_that_goes_and_comes_back(app: App, tmp_path: Path) -> None:
    """Meanwhile nothing is written to whatever has the closed file's number."""
    path = tmp_path / "logs" / "access.log"
    path.parent.mkdir()
    dropped: list[int] = []
    log = AccessLog(str(path), "e", dropped.append)
    app.observers = (log,)
    ask(app, "GET", "/a")
    wait_for(lambda: len(lines(path)) == 1)
    path.parent.rename(tmp_path / "away")
    ask(app, "GET", "/lost")
    wait_for(lambda: sum(dropped) == 1)
    reader, writer = os.pipe()
    ask(app, "GET", "/lost too")
    wait_for(lambda: sum(dropped) == 2)
    os.close(writer)
    assert os.read(reader, 1) == b""
    os.close(reader)
    path.parent.mkdir()
    ask(app, "GET", "/b")
    log.close()
    assert [line["path"] for line in lines(path)] == ["/b"]


def test_two_logs_append_to_one_file(app: App, tmp_path: Path) -> None:
    path = str(tmp_path / "access.log")
    logs = [AccessLog(path, "a"), AccessLog(path, "b")]
    app.observers = tuple(logs)
    for _ in range(500):
        ask(app, "GET", "/x" * 400)
    for log in logs:
        log.close()
    assert sorted(line["endpoint"] for line in lines(Path(path))) == ["a"] * 500 + ["b"] * 500


def test_what_finds_no_room_is_dropped_and_counted(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_log, "MOST_WAITING", 3)
    monkeypatch.setattr(access_log, "WRITE_SECONDS", 3600)
    dropped: list[int] = []
    log = AccessLog(str(tmp_path / "access.log"), "e", dropped.append)
    app.observers = (log,)
    for _ in range(10):
        ask(app, "GET", "/healthz")
    log.close()
    assert (len(lines(tmp_path / "access.log")), dropped) == (3, [7])


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_loses_lines_and_says_so_once(app: App, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    dropped: list[int] = []
    log = AccessLog("/dev/full", "e", dropped.append)
    app.observers = (log,)
    for _ in range(2):
        ask(app, "GET", "/healthz")
        wait_for(lambda: not log._waiting)
    log.close()
    assert sum(dropped) == 2
    assert caplog.text.count("cannot be written") == 1


def test_a_place_where_no_file_can_be(tmp_path: Path) -> None:
    with pytest.raises(ServeError, match="access log cannot be opened"):
        AccessLog(str(tmp_path / "none" / "access.log"), "e")


def test_standard_error(app: App, capfd: pytest.CaptureFixture[str]) -> None:
    log = AccessLog("-", "e")
    app.observers = (log,)
    ask(app, "GET", "/healthz")
    log.close()
    assert json.loads(capfd.readouterr().err)["path"] == "/healthz"


@given(st.lists(st.tuples(st.text(), st.text()), max_size=5))
def test_any_method_and_path_is_one_line(
    app_once: App, tmp_path_factory: pytest.TempPathFactory, asked: list[tuple[str, str]]
) -> None:
    path = tmp_path_factory.mktemp("log") / "access.log"
    log = AccessLog(str(path), "e")
    for method, where in asked:
        log.observe(Exchange(Request(method, where, {}, {}), app_once.endpoint.first, response=Response(200, b"")))
    log.close()
    written = path.read_bytes().split(b"\n")
    assert written.pop() == b""
    assert [set(json.loads(line)) for line in written] == [set(access_log.AccessLine.__struct_fields__)] * len(asked)


@pytest.fixture(scope="module")
def app_once(flights: Bundle) -> App:
    return create_app(flights)


def test_over_a_socket(flights: Bundle, tmp_path: Path) -> None:
    from hagane.serving import ServerThread

    with ServerThread(flights, watch={"access_log": str(tmp_path / "access.log")}) as server:
        httpx.post(server.url + "/predict", json={"instances": [{}]}, headers={"X-Request-Id": "r-1"}, trust_env=False)
    (line,) = lines(tmp_path / "access.log")
    assert (line["id"], line["status"], line["rows"]) == ("r-1", 200, 1)

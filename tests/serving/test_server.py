"""The process: how it starts, what it says, how it ends."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec
import pytest

from hagane.bundle.bundle import Bundle
from hagane.bundle.signature import JsonScalar
from hagane.bundle.write_bundle import write_bundle
from hagane.errors import BundleError, ServeError
from hagane.serving import ServerThread, create_app, serve
from hagane.serving.listen import listen, url_of
from hagane.serving.start_message import curl_command, start_message

SERVE = "import sys; from hagane.serving import serve; serve(sys.argv[1] if len(sys.argv) > 1 else None, port={port})"


@contextmanager
def running(*arguments: str, port: str = "0", **environment: str) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """A server in a process of its own: the process, its start message and its URL."""
    command = [sys.executable, "-c", SERVE.format(port=port), *arguments]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment}
    )
    assert process.stdout is not None
    message = ""
    try:
        while "Ctrl+C" not in message:
            line = process.stdout.readline()
            assert line, process.stderr.read() if process.stderr else ""
            message += line
        yield process, message, re.findall(r"http://\S+", message)[0]
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_zero(flights_folder: Path, number: signal.Signals) -> None:
    with running(str(flights_folder)) as (process, _, url):
        assert httpx.get(f"{url}/healthz", trust_env=False).status_code == 200
        process.send_signal(number)
        assert process.wait(10) == 0
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


def test_what_is_in_flight_is_finished(flights_folder: Path) -> None:
    """SIGTERM falls between the two halves of a request's body."""
    body = json.dumps({"instances": [{"age": 40}]}).encode()
    with running(str(flights_folder)) as (process, _, url):
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(
                b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body[:10]
            )
            time.sleep(0.2)
            process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            assert process.poll() is None
            connection.sendall(body[10:])
            answer = b"".join(iter(lambda: connection.recv(10_000), b""))
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"predicted_late" in answer
        assert process.wait(10) == 0


def test_the_start_message_shows_a_command_that_works(flights_folder: Path) -> None:
    with running(str(flights_folder)) as (_, message, url):
        assert message.startswith(f"Serving flights version 1 (logistic_reg of late) at {url}\n")
        assert url.startswith("http://127.0.0.1:")
        (command,) = [line.strip() for line in message.splitlines() if "curl" in line]
        words = shlex.split(command)
        assert words[:3] == ["curl", "-s", f"{url}/predict"]
        answer = httpx.post(words[2], content=words[-1], trust_env=False)
        assert answer.json()["predictions"][0]["predicted_late"] == "yes"
        try:
            ran = subprocess.run(["sh", "-c", f"{command} --noproxy '*'"], capture_output=True, check=False)
        except FileNotFoundError:
            return
        if ran.returncode != 127:
            assert json.loads(ran.stdout) == answer.json()


def test_the_curl_command_survives_a_shell(flights: Bundle, tmp_path: Path) -> None:
    example: dict[str, JsonScalar] = {"job": 'it\'s `$HOME` "鋼" \\ \n!', "age": 3}
    signature = msgspec.structs.replace(flights.signature, example=example, model_name="a name; rm -rf")
    folder = write_bundle(tmp_path / "odd", model=flights.document("model.onnx"), signature=signature)
    model = create_app(Bundle.load(folder), protocols=["tensorflow"]).model
    echoed = subprocess.run(
        ["sh", "-c", curl_command(model, "http://h:1").replace("curl", "printf '%s\\0'", 1)],
        capture_output=True,
        check=True,
    )
    words = echoed.stdout.decode().split("\0")
    assert words[1] == "http://h:1/v1/models/a%20name%3B%20rm%20-rf:predict"
    assert json.loads(words[-2]) == {"instances": [example]}
    only_tensors = dataclasses.replace(model, protocols=("open_inference",))
    assert curl_command(only_tensors, "http://h:1") == "curl -s http://h:1/metadata"
    assert curl_command(model, "http://h:1") in start_message(model, "http://h:1")
    with ServerThread(folder) as server:
        again = httpx.post(words[1].replace("http://h:1", server.url), content=words[-2], trust_env=False)
    assert again.status_code == 200


def test_a_serving_containers_environment(flights_folder: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {"AIP_STORAGE_URI": f"file://{flights_folder}", "AIP_HTTP_PORT": str(port), "AIP_PREDICT_ROUTE": "/p"}
    with running(port="None", **environment) as (_, _, url):
        assert url == f"http://127.0.0.1:{port}"
        assert httpx.post(f"{url}/p", json={"instances": [{}]}, trust_env=False).status_code == 200


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("AIP_STORAGE_URI", "gs://bucket/model", "only a bundle on a local disk"),
        ("AIP_STORAGE_URI", "", "no bundle to serve"),
        ("AIP_HTTP_PORT", "http", "AIP_HTTP_PORT is no port"),
    ],
)
def test_environments_that_cannot_be(
    flights_folder: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, told: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ServeError, match=told):
        serve(flights_folder if variable == "AIP_HTTP_PORT" else None)


def test_a_port_in_use(flights_folder: Path) -> None:
    with ServerThread(flights_folder) as server, pytest.raises(ServeError) as caught:
        serve(flights_folder, port=int(server.url.rpartition(":")[2]))
    (fault,) = caught.value.faults
    assert "is in use" in fault.what
    assert "--port" in fault.next_step


@pytest.mark.parametrize(
    ("host", "port"), [("no.such.host.invalid", 0), ("127.0.0.1", 70_000), ("127.0.0.1", -1), ("203.0.113.7", 0)]
)
def test_addresses_that_cannot_be_listened_on(host: str, port: int) -> None:
    with pytest.raises(ServeError):
        listen(host, port)


@pytest.mark.parametrize(
    ("host", "shown"), [("0.0.0.0", "127.0.0.1"), ("localhost", "127.0.0.1"), ("::1", "[::1]"), ("::", "[::1]")]
)
def test_urls(host: str, shown: str) -> None:
    try:
        listener = listen(host, 0)
    except ServeError:
        pytest.skip("no IPv6 here")
    with listener:
        assert re.fullmatch(rf"http://({re.escape(shown)}|\[::1\]):\d+", url_of(listener))


def test_a_damaged_bundle_is_not_served(tmp_path: Path) -> None:
    with pytest.raises(BundleError):
        serve(tmp_path / "absent")


def test_threads_start_and_stop(flights: Bundle) -> None:
    server = ServerThread(flights).start()
    url = server.url
    assert httpx.get(f"{url}/healthz", trust_env=False).status_code == 200
    server.stop()
    server.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/healthz", trust_env=False)

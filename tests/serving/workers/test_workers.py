"""Several workers on one port: whatever happens to one of them, the others answer, and nothing is left behind."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from hagane.bundle.bundle import Bundle
from hagane.errors import ServeError
from hagane.serving import serve

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")

SERVE = """
import json, logging, sys
from hagane.errors import HaganeError
from hagane.serving.listen import listen
from hagane.serving.workers.serve_with_workers import serve_with_workers
logging.basicConfig(level="INFO")
options = json.loads(sys.argv[2])
try:
    announce = lambda text: print(text, flush=True)
    serve_with_workers(listen("127.0.0.1", 0), sys.argv[1], 2, announce=announce, **{"options": {}, **options})
except HaganeError as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""
WAIT_SECONDS = 120


def until(condition: Callable[[], Any]) -> Any:
    """What it answers, once it is true."""
    end = time.monotonic() + WAIT_SECONDS
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
    return found


class Served:
    """A supervisor with two workers, in processes of their own."""

    def __init__(self, folder: Path, **options: Any) -> None:
        command = [sys.executable, "-c", SERVE, str(folder), json.dumps(options)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.message = ""
        while "Ctrl+C" not in self.message:
            line = self.process.stdout.readline()
            assert line, self.process.communicate()[1]
            self.message += line
        self.url = re.findall(r"http://\S+", self.message)[0]

    @property
    def workers(self) -> list[int]:
        """The processes that serve, the oldest first."""
        return [
            int(pid) for pid in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        ]

    def ask(self) -> int:
        return httpx.post(f"{self.url}/predict", json={"instances": [{}]}, trust_env=False, timeout=60).status_code

    def metric(self, name: str) -> float:
        """Summed over the workers; NaN where none answers."""
        try:
            text = httpx.get(f"{self.url}/metrics", trust_env=False, timeout=60).text
        except httpx.TransportError:
            return float("nan")
        return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if re.match(rf"{name}[{{ ]", line))

    def is_whole(self) -> bool:
        """Whether two workers are there, and take connections."""
        return len(self.workers) == 2 and self.metric("hagane_ready") == 2

    def end(self) -> str:
        """What it said, after SIGTERM; its exit code is 0 and nothing is left of it."""
        workers = self.workers
        self.process.send_signal(signal.SIGTERM)
        told = self.process.communicate(timeout=WAIT_SECONDS)[1]
        assert self.process.returncode == 0, told
        assert not any(Path(f"/proc/{pid}").exists() for pid in workers)
        assert "Traceback" not in told
        return told


@contextlib.contextmanager
def served(folder: Path, **options: Any) -> Iterator[Served]:
    server = Served(folder, **options)
    try:
        yield server
    finally:
        server.process.kill()
        server.process.communicate()


class Clients:
    """Clients that keep their connections, as long as the block lasts: what they were answered, and what failed."""

    def __init__(self, url: str, count: int = 3) -> None:
        self.statuses: list[int] = []
        self.failures: list[Exception] = []
        self._url, self._is_over = url, False
        self._threads = [threading.Thread(target=self._run) for _ in range(count)]

    def _run(self) -> None:
        with httpx.Client(trust_env=False, timeout=60) as client:
            while not self._is_over:
                try:
                    answer = client.post(f"{self._url}/predict", json={"instances": [{}]})
                    self.statuses.append(answer.status_code)
                except httpx.HTTPError as error:
                    self.failures.append(error)
                time.sleep(0.005)

    def __enter__(self) -> Clients:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._is_over = True
        for thread in self._threads:
            thread.join()


def test_a_worker_that_is_killed_is_replaced(flights_folder: Path) -> None:
    """New connections are answered at once, by the one that is left; only what was in flight can fail."""
    with served(flights_folder) as server:
        before = server.workers
        assert len(before) == 2
        for _ in range(2):
            victim = server.workers[0]
            os.kill(victim, signal.SIGKILL)
            assert [server.ask() for _ in range(5)] == [200] * 5
            until(lambda gone=victim: gone not in server.workers and len(server.workers) == 2)
        assert not set(before) & set(server.workers)
        until(lambda: server.metric("hagane_replaced_workers_total") == 2)
        told = server.end()
    assert told.count("was killed by SIGKILL; another one is started") == 2


def test_sighup_replaces_all_and_no_request_fails(flights_folder: Path) -> None:
    with served(flights_folder) as server, Clients(server.url) as clients:
        before = set(server.workers)
        server.process.send_signal(signal.SIGHUP)
        until(lambda: not before & set(server.workers))
        done = len(clients.statuses)
        until(lambda: len(clients.statuses) > done + 20)
    assert clients.failures == []
    assert set(clients.statuses) == {200}


def test_a_worker_that_hangs_is_replaced(flights_folder: Path) -> None:
    with served(flights_folder, hang_seconds=3) as server:
        hung = server.workers[0]
        os.kill(hung, signal.SIGSTOP)
        until(lambda: hung not in server.workers and len(server.workers) == 2)
        assert "has not moved for 3 s: it is killed" in server.end()


def test_they_count_together(flights_folder: Path) -> None:
    with served(flights_folder) as server:
        assert [server.ask() for _ in range(6)] == [200] * 6

        until(lambda: server.metric("hagane_requests_total") >= 6)
        until(lambda: server.metric("hagane_predicted_rows_total") >= 6)  # each worker writes its counts now and then
        assert server.metric("hagane_predicted_rows_total") == 6


def test_workers_end_with_their_supervisor(flights_folder: Path) -> None:
    with served(flights_folder) as server:
        workers = server.workers
        assert len({os.getsid(pid) for pid in (*workers, server.process.pid)}) == 3
        server.process.kill()
        until(lambda: not any(Path(f"/proc/{pid}/cmdline").exists() for pid in workers))


@pytest.mark.slow
def test_whatever_is_done_to_workers_only_what_they_had_in_hand_fails(flights_folder: Path) -> None:
    """Replaced eight times, told to end six times, killed six times, under load from clients that keep connections."""
    with served(flights_folder) as server:
        with Clients(server.url, 6) as clients:
            for _ in range(8):
                before = set(server.workers)
                server.process.send_signal(signal.SIGHUP)
                until(lambda before=before: not before & set(server.workers))
            for number in [signal.SIGTERM] * 6:
                victim = server.workers[0]
                os.kill(victim, number)
                until(lambda victim=victim: victim not in server.workers and server.is_whole())
            assert all(isinstance(each, httpx.RemoteProtocolError | httpx.ReadError) for each in clients.failures)
            closed_while_sending = len(clients.failures)
            for _ in range(6):
                victim = server.workers[0]
                os.kill(victim, signal.SIGKILL)
                until(lambda victim=victim: victim not in server.workers and server.is_whole())
        assert closed_while_sending <= 6
        assert len(clients.failures) <= closed_while_sending + 6 * 6
        assert set(clients.statuses) == {200}
        server.end()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_with_a_drain_no_request_that_was_taken_fails(flights_folder: Path, seed: int) -> None:
    """SIGTERM: clients are answered until nobody listens any more; then they cannot connect."""
    with served(flights_folder, drain_seconds=2) as server, Clients(server.url) as clients:
        until(lambda: len(clients.statuses) > 50 * (1 + seed))
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(WAIT_SECONDS) == 0
    assert clients.failures
    assert all(isinstance(each, httpx.ConnectError) for each in clients.failures)
    assert set(clients.statuses) == {200}


def test_what_is_in_flight_is_finished(flights_folder: Path) -> None:
    """SIGTERM falls into a request; a second one does not wait for another."""
    body = b'{"instances": [{"age": 40}]}'
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
    with served(flights_folder) as server:
        host, _, port = server.url.removeprefix("http://").partition(":")
        with (
            socket.create_connection((host, int(port)), timeout=60) as first,
            socket.create_connection((host, int(port)), timeout=60) as second,
        ):
            for each in (first, second):
                each.sendall(head + body[:10])
            time.sleep(0.3)
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            assert server.process.poll() is None
            first.sendall(body[10:])
            answer = b"".join(iter(lambda: first.recv(10_000), b""))
            assert answer.startswith(b"HTTP/1.1 200")
            assert server.process.poll() is None
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(WAIT_SECONDS) == 0


def test_workers_retire(flights_folder: Path) -> None:
    with served(flights_folder, max_requests=40) as server, Clients(server.url) as clients:
        before = set(server.workers)
        until(lambda: not before & set(server.workers))
    assert clients.failures == []
    assert set(clients.statuses) == {200}


def test_a_drain_that_others_see(flights_folder: Path) -> None:
    """For a while it answers as before, tells clients to go elsewhere, and is not ready."""
    with served(flights_folder, drain_seconds=2) as server, httpx.Client(trust_env=False) as client:
        assert client.get(f"{server.url}/readyz").status_code == 200
        server.process.send_signal(signal.SIGTERM)

        def is_draining() -> bool:
            return client.get(f"{server.url}/readyz").status_code == 503

        until(is_draining)
        answer = client.post(f"{server.url}/predict", json={"instances": [{}]})
        assert (answer.status_code, answer.headers["connection"]) == (200, "close")
        assert server.process.wait(WAIT_SECONDS) == 0


def test_grpc_is_shared(flights_folder: Path, flights: Bundle) -> None:
    """The port is one; each worker answers on it."""
    grpc = pytest.importorskip("grpc")
    from hagane.serving.grpc_messages import SERVICE, message_class

    with served(flights_folder, grpc_address=["127.0.0.1", 0]) as server:
        (address,) = re.findall(r"GRPCInferenceService: (\S+)", server.message)
        for _ in range(4):
            with grpc.insecure_channel(address) as channel:
                ready = channel.unary_unary(
                    f"/{SERVICE}/ModelReady",
                    request_serializer=message_class("ModelReadyRequest").SerializeToString,
                    response_deserializer=message_class("ModelReadyResponse").FromString,
                )
                assert ready(message_class("ModelReadyRequest")(name=flights.name), timeout=60).ready
        server.end()


def test_a_bundle_that_does_not_load_ends_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SERVE, str(tmp_path), "{}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=WAIT_SECONDS)
    assert done.returncode == 1
    assert done.stderr.startswith("BundleError: not a bundle: no MANIFEST.json in it")


def test_they_need_the_main_thread(flights_folder: Path) -> None:
    caught: list[Exception] = []

    def run() -> None:
        try:
            serve(flights_folder, port=0, workers=2)
        except Exception as error:
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert isinstance(caught[0], ServeError)

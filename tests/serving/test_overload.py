"""Too much at once: who is let in, who is told to come back, and what is never turned away."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from hagane.bundle.bundle import Bundle
from hagane.serving import ServerThread, create_app, refusal_pace
from hagane.serving.adaptive_admission import AdaptiveAdmission
from hagane.serving.exchange import Exchange
from hagane.serving.http import HttpError, Request
from hagane.serving.overload_options import OverloadOptions


class Held:
    """A server whose model waits until it is let go."""

    def __init__(self, bundle: Bundle, monkeypatch: pytest.MonkeyPatch, **options: Any) -> None:
        self.gate, self.runs = threading.Event(), 0
        self.gate.set()
        self.server = ServerThread(bundle, num_threads=2, overload=OverloadOptions(**options)).start()
        app = self.server.app
        app.endpoint.first.inline_bytes = 0
        predict = type(app.model).predict

        def waiting(model: Any, *arguments: Any, **named: Any) -> Any:
            self.runs += 1
            assert self.gate.wait(30)
            return predict(model, *arguments, **named)

        monkeypatch.setattr(type(app.model), "predict", waiting)
        self.pool = ThreadPoolExecutor(20)

    def ask(self, path: str = "/predict", **headers: str) -> httpx.Response:
        return httpx.post(
            self.server.url + path,
            json={"instances": [{}]},
            headers={name.replace("_", "-"): value for name, value in headers.items()},
            trust_env=False,
            timeout=60,
        )

    def fill(self, count: int) -> list[Any]:
        """So many requests inside, two of them in the model."""
        self.gate.clear()
        asked = [self.pool.submit(self.ask) for _ in range(count)]
        end = time.monotonic() + 60
        while self.server.app.admission.waiting < count or self.runs < 2:
            assert time.monotonic() < end
            time.sleep(0.005)
        return asked


@pytest.fixture
def held(flights: Bundle, monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    held = Held(flights, monkeypatch, queue_seconds=0.1, most_waiting=4)
    yield held
    held.gate.set()
    held.pool.shutdown()
    held.server.stop()


def test_one_too_many_is_told_when_to_come_back(held: Held) -> None:
    asked = held.fill(4)
    refused = held.ask()
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1
    error = refused.json()["error"]
    assert error["status"] == "RESOURCE_EXHAUSTED"
    assert "4 requests in work and waiting" in error["message"]
    held.gate.set()
    assert {each.result().status_code for each in asked} == {200}
    assert held.ask().status_code == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/predict", {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}}),
        ("/v1/models/flights:predict", {"error": "the server has too much"}),
        ("/invocations", {"error_code": "REQUEST_LIMIT_EXCEEDED"}),
    ],
)
def test_each_protocol_refuses_in_its_own_shape(held: Held, path: str, body: dict[str, Any]) -> None:
    held.fill(4)
    refused = held.ask(path)
    assert refused.status_code == 429
    assert refused.headers["retry-after"]
    told = refused.json()
    for key, value in body.items():
        found = told[key]
        if isinstance(value, dict):
            assert {name: found[name] for name in value} == value
        else:
            assert found.startswith(value)


def test_very_many_refusals_are_kept_back(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sends again as soon as it was refused would keep the server from its work."""
    monkeypatch.setattr(refusal_pace, "BURST", 0)
    monkeypatch.setattr(refusal_pace, "MOST_A_SECOND", 2)
    asked = held.fill(4)
    begin = time.monotonic()
    assert held.ask().status_code == 429
    assert time.monotonic() - begin > 0.4
    held.gate.set()
    assert {each.result().status_code for each in asked} == {200}


def test_explanations_have_the_places_of_threads(exchange: Exchange) -> None:
    admission = AdaptiveAdmission(OverloadOptions())
    exchange.kind = "explain"
    admission.enter(exchange)
    assert {name: limit.inside for name, limit in admission.limits.items()} == {"inline": 0, "threads": 1}


def test_health_is_never_turned_away(held: Held) -> None:
    held.fill(4)
    for path in ("/healthz", "/readyz", "/metadata", "/v2/health/ready"):
        assert httpx.get(held.server.url + path, trust_env=False).status_code == 200


def test_who_waited_too_long_is_not_run(held: Held) -> None:
    held.fill(2)
    late = held.pool.submit(held.ask, X_Request_Timeout="50ms")
    while held.server.app.admission.waiting < 3:
        time.sleep(0.005)
    time.sleep(0.06)
    held.gate.set()
    response = late.result()
    assert response.status_code == 504
    assert response.json()["error"]["status"] == "DEADLINE_EXCEEDED"
    assert "within 0.05 s" in response.json()["error"]["message"]
    assert held.runs == 2


def test_less_urgent_requests_leave_room(held: Held) -> None:
    held.fill(2)
    assert held.ask(Priority="u=6").status_code == 429
    urgent = held.pool.submit(held.ask, Priority="u=0")
    while held.server.app.admission.waiting < 3:
        time.sleep(0.005)
    held.gate.set()
    assert urgent.result().status_code == 200


def test_a_timeout_that_is_none(client: httpx.Client) -> None:
    response = client.post("/predict", json={"instances": [{}]}, headers={"X-Request-Timeout": "soon"})
    assert response.status_code == 400
    message = response.json()["error"]["message"]
    assert message.startswith("X-Request-Timeout: X-Request-Timeout is no time; expected seconds")
    assert message.endswith("received soon")


@pytest.fixture
def exchange(flights: Bundle) -> Exchange:
    return Exchange(Request("POST", "/predict", {}, {}, b"x" * 100), create_app(flights).endpoint.first)


def copy_of(exchange: Exchange, **request: Any) -> Exchange:
    fields = {"method": "POST", "path": "/predict", "parameters": {}, "headers": {}, "body": b"x" * 100}
    return Exchange(Request(**{**fields, **request}), exchange.deployment)


def test_the_bytes_that_wait_are_bounded(exchange: Exchange) -> None:
    admission = AdaptiveAdmission(OverloadOptions(most_bytes=250))
    others = [copy_of(exchange), copy_of(exchange), copy_of(exchange)]
    admission.enter(others[0])
    admission.enter(others[1])
    with pytest.raises(HttpError) as caught:
        admission.enter(others[2])
    assert caught.value.status == 429
    admission.leave(others[0])
    admission.enter(others[2])
    for each in others[1:]:
        admission.leave(each)
    admission.enter(copy_of(exchange, body=b"x" * 1_000))  # a large one alone is no reason
    assert admission.refused == 1


def test_a_refusal_is_written_once_for_many(exchange: Exchange) -> None:
    """For so long as it is still true: what it says of the queue is that of a moment ago."""
    now = 100.0
    admission = AdaptiveAdmission(OverloadOptions(most_waiting=1), clock=lambda: now)
    admission.enter(copy_of(exchange, received=now))
    refusals = []
    for later in (0.0, 0.01, 0.5):
        now = 100.0 + later
        with pytest.raises(HttpError) as caught:
            admission.enter(copy_of(exchange, received=now))
        refusals.append(caught.value)
    assert refusals[0] is refusals[1]
    assert refusals[1] is not refusals[2]
    assert len(traceback.extract_tb(refusals[1].__traceback__)) == len(traceback.extract_tb(refusals[2].__traceback__))


def test_a_deadline_that_has_passed_before_the_request_was_whole(exchange: Exchange) -> None:
    admission = AdaptiveAdmission(OverloadOptions())
    late = copy_of(exchange, headers={b"grpc-timeout": b"10m"}, received=time.monotonic() - 1)
    with pytest.raises(HttpError) as caught:
        admission.enter(late)
    assert caught.value.status == 504
    assert admission.waiting == 0


def test_slow_requests_do_not_take_the_places_of_short_ones(exchange: Exchange) -> None:
    admission = AdaptiveAdmission(OverloadOptions(most_waiting=2), num_threads=1)
    large = [copy_of(exchange, body=b"x" * 40_000) for _ in range(3)]
    admission.enter(large[0])
    admission.enter(large[1])
    with pytest.raises(HttpError):
        admission.enter(large[2])
    admission.enter(copy_of(exchange))
    assert {name: limit.inside for name, limit in admission.limits.items()} == {"inline": 1, "threads": 2}

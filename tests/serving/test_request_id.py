"""Every answer names its request, and what goes wrong inside is found in the log by that name."""

from __future__ import annotations

import logging

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hagane.bundle.bundle import Bundle
from hagane.serving import ServerThread
from hagane.serving.request_id import HEADER, new_request_id, request_id


@pytest.mark.parametrize("path", ["/healthz", "/metadata", "/nothing", "/predict"])
def test_every_answer_has_one(client: httpx.Client, path: str) -> None:
    for method in ("GET", "POST", "HEAD", "OPTIONS"):
        ids = {client.request(method, path).headers["x-request-id"] for _ in range(3)}
        assert len(ids) == 3
        assert client.request(method, path, headers={"X-Request-Id": "mine-1"}).headers["x-request-id"] == "mine-1"


def test_refusals_of_large_bodies_have_one_too(client: httpx.Client) -> None:
    response = client.post("/predict", content=b" " * 300_000, headers={"X-Request-Id": "mine-2"})
    assert (response.status_code, response.headers["x-request-id"]) == (413, "mine-2")


@given(st.binary(max_size=300))
def test_what_no_log_could_hold_is_not_taken(given_id: bytes) -> None:
    named = request_id({HEADER: given_id})
    assert named.isascii()
    assert named.isprintable()
    assert " " not in named
    assert 1 <= len(named) <= 128
    assert named.encode() == given_id or len(named) == 16


def test_they_do_not_repeat() -> None:
    assert len({new_request_id() for _ in range(100_000)}) == 100_000


def test_the_log_of_a_failure_has_it(
    flights: Bundle, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: object, **options: object) -> None:
        raise RuntimeError("inside")

    with (
        ServerThread(flights) as server,
        httpx.Client(base_url=server.url, trust_env=False) as client,
        caplog.at_level(logging.ERROR, "hagane.serving"),
    ):
        for method in ("predict", "_run", "predict_columns"):
            monkeypatch.setattr(flights, method, fail)
        response = client.post("/predict", json={"instances": [{}]}, headers={"X-Request-Id": "mine-3"})
    assert response.status_code == 500
    assert "mine-3" in response.json()["error"]["message"]
    assert "request mine-3 failed" in caplog.text

"""KServe's protocol version 1: its exact shapes as golden files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from hagane.bundle.bundle import Bundle
from hagane.errors import ServeError
from hagane.serving import ServerThread, create_app

ROW: dict[str, Any] = {
    "age": 40,
    "fare": 1.5,
    "job": "pilot",
    "member": True,
    "seen": "2013-01-01T05:00:00Z",
    "born": "1970-01-02",
}
MODEL = "/v1/models/flights"
CASES: dict[str, tuple[str, str, Any]] = {
    "predict": ("POST", f"{MODEL}:predict", {"instances": [ROW, {"age": 10}]}),
    "predict_inputs": ("POST", f"{MODEL}:predict", {"inputs": [list(ROW.values())]}),
    "no_rows": ("POST", f"{MODEL}:predict", {"instances": []}),
    "explain": ("POST", f"{MODEL}:explain", {"instances": [ROW]}),
    "ready": ("GET", MODEL, None),
    "models": ("GET", "/v1/models", None),
    "every_fault": ("POST", f"{MODEL}:predict", {"inputs": [{"age": "x"}, 7], "x": 1}),
    "no_instances": ("POST", f"{MODEL}:predict", {}),
    "no_such_model": ("GET", "/v1/models/flight", None),
    "wrong_method": ("GET", f"{MODEL}:predict", None),
}


@pytest.mark.parametrize("case", CASES)
def test_golden(golden: Callable[..., None], case: str) -> None:
    golden("kserve", case, *CASES[case])


def test_the_order_of_protocols_says_who_answers(flights: Bundle) -> None:
    """The same path and body; TensorFlow Serving answers tensors, KServe rows."""
    expected = flights.predict([ROW]).rows()
    answers = []
    for protocols in (["kserve", "tensorflow"], ["tensorflow", "kserve"], None):
        with ServerThread(flights, protocols=protocols) as server:
            answer = httpx.post(f"{server.url}{MODEL}:predict", json={"instances": [ROW]}, trust_env=False)
            answers.append(answer.json()["predictions"])
    assert answers[0] == expected
    assert answers[1] == answers[2]
    assert answers[1][0]["predicted_late_probs"] == sorted(each["prob"] for each in expected[0]["predicted_late_probs"])


def test_only_the_chosen_protocols_are_spoken(flights: Bundle) -> None:
    with (
        ServerThread(flights, protocols=["kserve"]) as server,
        httpx.Client(base_url=server.url, trust_env=False) as own,
    ):
        assert own.post("/predict", json={"instances": [ROW]}).status_code == 404
        assert own.post(f"{MODEL}:predict", json={"instances": [ROW]}).status_code == 200
        assert own.get("/healthz").status_code == 200
        assert set(own.get("/nothing").json()) == {"error"}


def test_protocols_that_do_not_exist(flights: Bundle) -> None:
    with pytest.raises(ServeError) as caught:
        create_app(flights, protocols=["kserv", "vertex"])
    (fault,) = caught.value.faults
    assert fault.nearest == "kserve"

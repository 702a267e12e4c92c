"""Ground truth is kept with its type, or refused with every reason."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from hagane.bundle.signature import OneLabel, Signature
from hagane.errors import RequestError
from hagane.serving import ServerThread
from hagane.serving.request_log.feedback import label_types, read_feedback
from hagane.serving.request_log.feedback_rows import feedback_batch
from hagane.serving.request_log.log_folder import LogFolder
from hagane.serving.request_log.log_options import LogOptions
from hagane.serving.request_log.log_settings import LogSettings
from hagane.serving.request_log.log_worker import MOST_FEEDBACK_ROWS
from hagane.types import SqlType

ROW: dict[str, Any] = {"age": 40, "fare": 1.5, "job": "pilot"}


@pytest.fixture
def server(flights_folder: Path, tmp_path: Path) -> Iterator[ServerThread]:
    settings = LogSettings(logs=str(tmp_path), options=LogOptions(rate=0))
    with ServerThread(flights_folder, request_log=settings) as server:
        yield server


@pytest.fixture
def client(server: ServerThread) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        yield client


def test_truth_is_kept_by_the_id_of_the_answer(
    server: ServerThread, client: httpx.Client, tmp_path: Path, read_log: Callable[..., Any]
) -> None:
    answer = client.post("/predict", json={"instances": [ROW, ROW]})
    request_id = answer.headers["x-request-id"]
    rows = [
        {"request_id": request_id, "truth": "yes", "time": "2026-11-21T10:00:00Z"},
        {"request_id": request_id, "row": 1, "truth": "no"},
        {"request_id": "never seen", "truth": "a new class"},
        {"request_id": request_id, "row": 1, "truth": "yes"},
    ]
    response = client.post("/feedback", json={"feedback": rows})
    assert (response.status_code, response.json()) == (202, {"received": 4})
    server.stop()
    kept = read_log(tmp_path / "flights", "SELECT * FROM log ORDER BY arrived", "feedback")
    assert [(row["request_id"], row["row"], row["truth"]["late"]) for row in kept] == [
        (request_id, 0, "yes"),
        (request_id, 1, "no"),
        ("never seen", 0, "a new class"),
        (request_id, 1, "yes"),
    ]
    assert [row["time"] for row in kept] == [datetime.datetime(2026, 11, 21, 10, tzinfo=datetime.UTC), None, None, None]
    assert not (tmp_path / "flights" / "requests").exists(), "at a rate of 0 no request is logged"


def test_every_fault_is_told(client: httpx.Client) -> None:
    rows = [
        {"request_id": "a", "truth": 3},
        {"truth": "yes"},
        {"request_id": "a"},
        {"request_id": "a", "truth": "yes", "row": "x", "tim": 1},
        7,
    ]
    response = client.post("/feedback", json={"feedback": rows, "feedbak": []})
    assert response.status_code == 400
    places = [each["field"] for each in response.json()["error"]["details"][0]["fieldViolations"]]
    assert {"feedback[0].truth", "feedback[3].row", "feedback[3].tim", "feedback[4]"} <= set(places)
    later = client.post(
        "/feedback",
        json={"feedback": [{"truth": "yes"}, {"request_id": "a"}, {"request_id": "b", "truth": "no", "row": -1}]},
    )
    assert later.status_code == 400
    places = [each["field"] for each in later.json()["error"]["details"][0]["fieldViolations"]]
    assert places == ["feedback[0].request_id", "feedback[1].truth", "feedback[2].row"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"feedback": 3}', b'{"feedback": null}'])
def test_bodies_that_are_no_feedback_are_refused(client: httpx.Client, body: bytes) -> None:
    assert client.post("/feedback", content=body).status_code == 400
    assert client.get("/feedback").status_code == 405


def test_without_a_log_there_is_no_such_path(flights_folder: Path) -> None:
    with ServerThread(flights_folder) as server:
        response = httpx.post(server.url + "/feedback", json={"feedback": []}, trust_env=False)
    assert response.status_code == 404


def test_the_openapi_document_has_an_example_that_works(client: httpx.Client) -> None:
    operation = client.get("/openapi.json").json()["paths"]["/feedback"]["post"]
    example = operation["requestBody"]["content"]["application/json"]["example"]
    assert client.post("/feedback", json=example).status_code == 202
    assert "202" in operation["responses"]


def test_too_much_is_refused_and_not_dropped(logged: Callable[..., Any]) -> None:
    log = logged(rate=0).log
    log._begin = lambda: None  # a thread that never gets a turn
    labels = {"late": SqlType.STRING}
    many = read_feedback([{"request_id": f"r{n}", "truth": "yes"} for n in range(MOST_FEEDBACK_ROWS // 2)], labels)
    assert [log.feedback(many) for _ in range(3)] == [True, True, False]
    del log._begin
    assert log.flush(60)
    assert log.counts.feedback_rows == MOST_FEEDBACK_ROWS
    assert log.feedback(many)


def test_feedback_waits_for_a_disk_that_is_full(logged: Callable[..., Any]) -> None:
    logs = logged(rate=0)
    labels = {"late": SqlType.STRING}
    logs.log.folder.path.mkdir(parents=True)
    (logs.log.folder.path / "feedback").write_text("a file where the folder is to be")
    assert logs.log.feedback(read_feedback([{"request_id": "a", "truth": "yes"}], labels))
    assert logs.log.flush(60)
    assert not logs.log.feedback(read_feedback([{"request_id": "b", "truth": "yes"}], labels)), "nothing is written now"
    (logs.log.folder.path / "feedback").unlink()
    assert [row["request_id"] for row in logs.rows("SELECT request_id FROM log", "feedback")] == ["a"]
    assert logs.log.feedback(read_feedback([{"request_id": "c", "truth": "yes"}], labels))


def test_several_labels_have_a_truth_each() -> None:
    each = tuple(OneLabel(name=name, type=SqlType.BOOL, classes=(False, True)) for name in ("fog", "rain"))
    signature = Signature(
        inputs=(), task="classification", label="fog, rain", label_type=SqlType.BOOL, labels=each, model_type="dnn"
    )
    labels = label_types(signature)
    rows = [{"request_id": "a", "truth": {"fog": True}}, {"request_id": "a", "truth": {"fog": False, "rain": True}}]
    batch = feedback_batch(read_feedback(rows, labels))
    assert batch.column("truth").to_pylist() == [{"fog": True, "rain": None}, {"fog": False, "rain": True}]
    with pytest.raises(RequestError, match="has no truth"):
        read_feedback([{"request_id": "a", "truth": {}}], labels)
    with pytest.raises(RequestError, match=r"truth\.snow"):
        read_feedback([{"request_id": "a", "truth": {"snow": True}}], labels)


def test_the_hour_is_that_of_arrival() -> None:
    feedback = read_feedback(
        [{"request_id": "a", "truth": 1.5, "time": "1970-01-01T05:00:00Z"}], {"y": SqlType.FLOAT64}
    )
    now = datetime.datetime.now(datetime.UTC)
    assert abs(feedback.hour - int(now.timestamp()) // 3600) <= 1
    assert LogFolder(Path("x"), "e").hour_path("feedback", 0).as_posix() == "x/e/feedback/dt=1970-01-01/hh=00"

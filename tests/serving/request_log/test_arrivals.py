"""What came is counted, refused or not, by reason and column; what the counts cost nobody waits for."""

from __future__ import annotations

import gc
import json
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from hagane.bundle.bundle import Bundle
from hagane.serving import create_app
from hagane.serving.exchange import Exchange
from hagane.serving.http import Request, Response
from hagane.serving.request_log import arrival_writer, arrivals
from hagane.serving.request_log.arrival_writer import ArrivalWriter
from hagane.serving.request_log.arrivals import Arrivals
from hagane.serving.request_log.file_metadata import LoggedModel
from hagane.serving.request_log.hour_writer import HourWriter
from hagane.serving.request_log.log_folder import LogFolder
from hagane.serving.request_log.model_file import model_files

ROW: dict[str, Any] = {
    "age": 40, "fare": 1.5, "job": "pilot", "member": True, "seen": "2013-01-01T05:00:00", "born": "1970-01-02",
}  # fmt: skip
SUMS = "SELECT of, name, reason, sum(count)::BIGINT AS n FROM log GROUP BY ALL"


def counts(log: Any) -> dict[tuple[str, str, str], int]:
    return {(row["of"], row["name"], row["reason"]): row["n"] for row in log.rows(SUMS, "arrivals")}


def test_answered_rows_are_counted_whether_they_are_logged_or_not(logged: Callable[..., Any]) -> None:
    log = logged(rate=0.01)
    for number in range(30):
        log.ask([ROW, ROW], f"r{number}")
    found = counts(log)
    assert found["request", "", "answered"] == 30
    assert found["row", "", "answered"] == 60
    assert not any(of in ("absent", "unknown", "fault") for of, _, _ in found)


def test_a_field_that_is_not_there_is_no_null(logged: Callable[..., Any]) -> None:
    log = logged()
    log.ask([ROW | {"job": None}], "null")
    log.ask([{name: value for name, value in ROW.items() if name != "job"}, ROW], "absent")
    log.ask([ROW], "whole")
    found = counts(log)
    assert found["looked", "", "answered"] == 4
    assert found["absent", "job", "answered"] == 1
    assert sum(n for (of, _, _), n in found.items() if of == "absent") == 1


@pytest.mark.parametrize("path", ["/v1/models/flights:predict", "/invocations", "/v2/models/flights/infer"])
def test_every_protocol_tells_what_was_not_sent(logged: Callable[..., Any], path: str) -> None:
    log = logged()
    rows = {"age": [40, None], "fare": [1.0, 2.0], "member": [True, True], "seen": [ROW["seen"]] * 2,
            "born": [ROW["born"]] * 2}  # fmt: skip
    types = {"age": "INT64", "fare": "FP64", "member": "BOOL"}
    if path.endswith("infer"):
        rows["age"] = [40, 41]
        body: Any = {"inputs": [{"name": name, "shape": [2], "datatype": types.get(name, "BYTES"), "data": values}
                                for name, values in rows.items()]}  # fmt: skip
    else:
        body = {"inputs": rows}
    response = ask(log, path, json.dumps(body).encode())
    assert response.status == 200, response.body
    found = counts(log)
    assert found["absent", "job", "answered"] == 2
    assert found["looked", "", "answered"] == 2


def ask(log: Any, path: str, body: bytes, **headers: str) -> Response:
    import asyncio

    from tests.serving.request_log.conftest import answer

    return asyncio.run(answer(log.app, Request("POST", path, {}, {}, body)))


def test_refused_rows_are_counted_by_reason_and_column(logged: Callable[..., Any]) -> None:
    log = logged()
    assert log.ask([ROW, ROW | {"age": "forty"}, ROW | {"age": 3.5, "fare": "x"}], "type").status == 400
    assert log.ask([ROW | {"age": 2**70}], "range").status == 400
    assert log.ask([ROW | {"tip": 3, "address": {"city": "x"}}], "unknown").status == 400
    assert log.ask([[1, 2]], "row").status == 400
    assert ask(log, "/predict", b'{"instances": [').status == 400
    assert ask(log, "/predict", b'{"rows": []}').status == 400
    assert ask(log, "/nowhere", b"{}").status == 404
    found = counts(log)
    reasons = {reason: n for (of, _, reason), n in found.items() if of == "request"}
    assert reasons == {"type": 1, "range": 1, "unknown": 1, "row": 1, "body": 2}
    faults = {(name, reason): n for (of, name, reason), n in found.items() if of == "fault"}
    assert faults == {("age", "type"): 2, ("fare", "type"): 1, ("age", "range"): 1}
    unknown = {name: n for (of, name, _), n in found.items() if of == "unknown"}
    assert unknown == {"": 1, "tip": 1, "address": 1}
    assert found["row", "", "refused"] == 3 + 1 + 1 + 1 + 1 + 1
    assert found["looked", "", "refused"] == 6


def test_nan_is_told_from_null(logged: Callable[..., Any]) -> None:
    log = logged()
    log.ask([ROW | {"fare": "NaN"}, ROW | {"fare": float("nan")}, ROW | {"fare": None}, ROW | {"job": "NaN"}])
    assert counts(log)["nan", "fare", "answered"] == 2


def test_fields_that_the_model_does_not_know_are_seen_where_they_are_let_in(
    flights: Bundle, logged: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = logged()
    lenient = create_app(flights, version="3", extra_fields=True)
    lenient.endpoint.first.inline_bytes = 10**9
    lenient.observers = log.app.observers
    log.app = lenient
    monkeypatch.setattr(arrival_writer, "MOST_NAMES", 5)
    log.ask([ROW | {"tip": 1}, ROW, ROW | {"\ud800": 1}], "some")
    log.ask([ROW | {f"field {number}": 1} for number in range(50)], "many")
    found = counts(log)
    names = {name: n for (of, name, _), n in found.items() if of == "unknown"}
    assert names.pop("") == 52
    assert names["tip"] == 1
    assert "\\ud800" in names
    assert len(names) == 5


@pytest.fixture
def exchange(flights: Bundle) -> Iterator[Callable[[int, int], Exchange]]:
    app = create_app(flights)

    def make(status: int, num_bytes: int = 10) -> Exchange:
        made = Exchange(Request("POST", "/predict", {}, {}, bytes(num_bytes)), app.endpoint.first)
        made.kind, made.response = "predict", Response(status, b"")
        if status == 200:
            made.predictions = app.model.bundle.predict([ROW] * 3)
        return made

    yield make
    app.close()


def test_refused_requests_wait_in_bounded_room(
    exchange: Callable[..., Exchange], monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = Arrivals()
    monkeypatch.setattr(arrivals, "MOST_WAITING_BYTES", 1_000)
    assert [counted.observe(exchange(400, 400)) for _ in range(5)] == [True] * 5
    assert [counted.observe(exchange(status)) for status in (429, 413, 500)] == [True] * 3
    assert [counted.observe(exchange(status)) for status in (404, 401)] == [False] * 2
    counted.observe(exchange(200))
    taken = counted.take()
    assert len(taken.waiting) == 2
    assert {reason: n for (_, reason), n in taken.refused.items()} == {
        "unlooked": 3, "overload": 1, "body": 1, "failure": 1}  # fmt: skip
    assert list(taken.answered.values()) == [(1, 3)]
    assert counted.take() == ({}, {}, [])
    assert counted.observe(exchange(400, 900)), "there is room again"


def test_counts_wait_for_room_on_the_disk(logged: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    log = logged(flush_seconds=0.05)
    log.ask([ROW], "one")
    assert counts(log)["request", "", "answered"] == 1
    real = arrival_writer.HourWriter.flush

    def full(self: Any) -> list[int]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(arrival_writer.HourWriter, "flush", full)
    monkeypatch.setattr("hagane.serving.request_log.log_worker.RETRY_SECONDS", 0.01)
    assert log.ask([ROW], "two").status == 200
    assert log.log.flush(60)
    monkeypatch.setattr(arrival_writer.HourWriter, "flush", real)
    assert np.all([log.ask([ROW], f"later {n}").status == 200 for n in range(2)])
    assert log.log.flush(60)
    import time

    time.sleep(0.05)
    assert counts(log)["request", "", "answered"] == 4, "nothing was forgotten"


def logged_model(deployment: Any) -> LoggedModel:
    bundle = deployment.model.bundle
    return LoggedModel(
        endpoint="e", deployed_model_id=deployment.id, model="m", version="1", signature=bundle.signature
    )


def test_what_was_written_before_the_disk_was_full_is_not_written_again(
    exchange: Callable[..., Exchange], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    counted, hours = Arrivals(), iter([100, 100, 101])
    folder = LogFolder(tmp_path, "e")
    writer = ArrivalWriter(folder, counted, logged_model)
    for _ in range(3):
        monkeypatch.setattr(arrivals, "time", Clock(next(hours)))
        counted.observe(exchange(503))
    monkeypatch.undo()
    writer.take_in()
    real = HourWriter._write

    def full(self: HourWriter, hour: int, table: Any) -> int:
        if hour == 101:
            raise OSError(28, "No space left on device")
        return real(self, hour, table)

    monkeypatch.setattr(HourWriter, "_write", full)
    for _ in range(2):
        with pytest.raises(OSError, match="No space"):
            writer.flush()
    monkeypatch.undo()
    assert len(writer.flush()) == 1
    assert writer.flush() == []
    assert [model.deployed_model_id for model in model_files(folder)] == [exchange(503).deployment.id]
    files = folder.path / "arrivals" / "dt=*" / "hh=*" / "*.parquet"
    sql = f"SELECT hh, sum(count)::BIGINT FROM '{files}' WHERE of = 'request' GROUP BY hh ORDER BY hh"
    assert [count for _, count in duckdb.sql(sql).fetchall()] == [2, 1]


class Clock:
    def __init__(self, hour: int) -> None:
        self.hour = hour

    def time_ns(self) -> int:
        return (self.hour * 3_600 + 60) * 10**9


def test_counts_that_wait_hold_no_model(flights: Bundle, tmp_path: Path) -> None:
    counted = Arrivals()
    writer = ArrivalWriter(LogFolder(tmp_path, "e"), counted, logged_model)
    app = create_app(flights)
    made = Exchange(Request("POST", "/predict", {}, {}, b"{}"), app.endpoint.first)
    made.kind, made.response = "predict", Response(400, b"")
    assert counted.observe(made)
    writer.take_in()
    held = weakref.ref(app.endpoint.first)
    app.close()
    del app, made
    gc.collect()
    assert held() is None
    assert len(writer.flush()) == 1

"""What was asked and answered is in the log, exactly; and whatever happens to the log, requests are answered."""

from __future__ import annotations

import asyncio
import datetime
import hashlib
import hmac
import json
import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from hagane.bundle.bundle import Bundle
from hagane.errors import SpecError, StorageError
from hagane.serving import ServerThread
from hagane.serving.app import App
from hagane.serving.exchange import Exchange
from hagane.serving.http import Request, Response
from hagane.serving.request_log import log_worker
from hagane.serving.request_log.file_metadata import logged_model
from hagane.serving.request_log.log_folder import LogFolder
from hagane.serving.request_log.log_options import LogOptions
from hagane.serving.request_log.log_settings import LogSettings
from hagane.serving.request_log.model_file import model_files
from hagane.serving.request_log.record import Record, held_bytes
from hagane.serving.request_log.request_log import RequestLog
from hagane.serving.request_log.ring import Ring

ROW: dict[str, Any] = {
    "age": 40,
    "fare": 1.5,
    "job": "pilot",
    "member": True,
    "seen": "2013-01-01T05:00:00.123456+01:00",
    "born": "1970-01-02",
}


def test_every_row_is_there_with_its_types(logged: Callable[..., Any]) -> None:
    log = logged()
    before = datetime.datetime.now(datetime.UTC)
    log.ask([ROW], "one")
    log.ask([{}, {"age": 50, "fare": float("nan"), "job": "鋼 '\"\n", "member": False}], "two")
    one, nulls, last = log.rows()
    assert (one["request_id"], one["row"], one["protocol"], one["mirror"], one["weight"]) == (
        "one",
        0,
        "vertex",
        False,
        1,
    )
    assert (one["endpoint"], one["model"], one["version"]) == ("flights", "flights", "3")
    assert one["deployed_model_id"] == log.app.endpoint.first.id
    assert before - datetime.timedelta(seconds=1) < one["time"] < datetime.datetime.now(datetime.UTC)
    assert 0 < one["model_seconds"] < one["latency_seconds"] < 60
    seen = datetime.datetime(2013, 1, 1, 4, 0, 0, 123456, datetime.UTC)
    born = datetime.date(1970, 1, 2)
    assert one["instance"] == {"age": 40, "fare": 1.5, "job": "pilot", "member": True, "seen": seen, "born": born}
    answer = log.app.model.predict([ROW])
    probs = [{"label": c, "prob": p} for c, p in zip(("no", "yes"), answer.probabilities[0].tolist(), strict=True)]
    assert one["prediction"] == {"predicted_late": "yes", "predicted_late_probs": probs}
    assert (nulls["request_id"], nulls["row"], last["row"]) == ("two", 0, 1)
    assert set(nulls["instance"].values()) == {None}
    assert last["instance"] | {"seen": 0, "born": 0} == {
        "age": 50, "fare": None, "job": "鋼 '\"\n", "member": False, "seen": 0, "born": 0,
    }  # fmt: skip


def test_large_requests_go_in_slices_and_in_order(logged: Callable[..., Any]) -> None:
    log = logged()
    log.ask([{"age": number % 97, "job": str(number)} for number in range(1_000)], "large")
    for number in range(70):
        log.ask([{"age": number}], f"small {number}")
    rows = log.rows(
        "SELECT row, instance.age AS age, instance.job AS job FROM log WHERE request_id = 'large' ORDER BY row"
    )
    assert rows == [{"row": n, "age": n % 97, "job": str(n)} for n in range(1_000)]
    assert log.rows("SELECT count(*) AS n, sum(instance.age) AS s FROM log WHERE request_id <> 'large'") == [
        {"n": 70, "s": sum(range(70))}
    ]


def test_what_was_not_predicted_is_not_logged(logged: Callable[..., Any]) -> None:
    log = logged()
    assert log.ask([{"age": "x"}]).status == 400
    assert log.ask([{"fare": -1}]).status == 400, "an expression errs, and the model refuses"
    assert log.ask([ROW], path="/nothing").status == 404
    assert log.ask([ROW], "good").status == 200
    assert [row["request_id"] for row in log.rows()] == ["good"]


def test_rows_that_err_are_marked_where_they_are_answered(logged: Callable[..., Any], doubler_folder: Path) -> None:
    log = logged(Bundle.load(doubler_folder), endpoint="doubler")
    log.ask([{"x": 2.5}, {"x": -1}], "a")
    errors = Bundle.load(doubler_folder).predict([{"x": 2.5}, {"x": -1}]).row_errors.tolist()
    rows = log.rows()
    assert [row["row_error"] for row in rows] == errors
    assert rows[0]["prediction"] == {"predicted_y": 5.0}


def test_a_file_tells_whose_rows_it_holds(logged: Callable[..., Any]) -> None:
    log = logged(sensitive={"job": "hash"})
    log.ask([ROW])
    assert log.log.flush(60)
    (file,) = log.log.folder.files("requests")
    model = logged_model(file)
    assert model.signature == log.app.model.bundle.signature
    assert (model.version, model.sensitive) == ("3", {"job": "hash"})
    assert model_files(log.log.folder) == [model]


def test_sensitive_columns_are_hashed_or_left_out(logged: Callable[..., Any], tmp_path: Path) -> None:
    treated = {"job": "hash", "fare": "hash", "born": "leave_out", "nobody": "hash"}
    log = logged(sensitive=treated)
    log.ask([ROW, {"job": "pilot"}, {"job": "nurse"}])
    one, two, three = (row["instance"] for row in log.rows())
    key = (tmp_path / "logs" / "pseudonyms.key").read_bytes()
    digest = hmac.new(key, b"job\0pilot", hashlib.sha256).hexdigest()[:32]
    assert one["job"] == two["job"] == digest != three["job"]
    assert one["fare"] == hmac.new(key, b"fare\x001.5", hashlib.sha256).hexdigest()[:32]
    assert two["fare"] is None
    assert "born" not in one
    for file in (tmp_path / "logs").rglob("*.parquet"):
        told = repr(pq.read_table(file).to_pylist())
        assert "pilot" not in told
        assert "1970" not in told


def test_a_hash_joins_over_endpoints_and_restarts(logged: Callable[..., Any]) -> None:
    found = set()
    for endpoint in ("a", "a", "b"):
        log = logged(endpoint=endpoint, sensitive={"job": "hash"})
        log.ask([ROW])
        found |= {row["instance"]["job"] for row in log.rows()}
    assert len(found) == 1


def test_only_its_owner_sees_log_and_key(logged: Callable[..., Any], tmp_path: Path) -> None:
    log = logged()
    log.ask([ROW])
    log.rows()
    assert (tmp_path / "logs").stat().st_mode & 0o777 == 0o700
    key = tmp_path / "logs" / "pseudonyms.key"
    assert key.stat().st_mode & 0o777 == 0o600
    key.chmod(0o644)
    with pytest.raises(StorageError, match="others may read"):
        logged()


def test_the_sample_is_the_same_everywhere_and_weighs_what_it_stands_for(logged: Callable[..., Any]) -> None:
    kept = {}
    for rate in (0.1, 0.5, 1.0):
        log = logged(endpoint=f"at {rate}", rate=rate)
        for number in range(400):
            log.ask([ROW, ROW], f"request {number}")
        rows = log.rows()
        kept[rate] = {row["request_id"] for row in rows}
        assert len(rows) == 2 * len(kept[rate]), "all rows of a request, or none"
        assert {row["weight"] for row in rows} == {1 / rate}
    assert kept[0.1] < kept[0.5] < kept[1.0]
    assert 20 < len(kept[0.1]) < 60
    assert 160 < len(kept[0.5]) < 240
    assert len(kept[1.0]) == 400


def test_a_mirrored_request_is_in_the_sample_with_its_original(logged: Callable[..., Any]) -> None:
    log = logged(rate=0.5)
    exchanges: list[Exchange] = []

    class Mirror:
        def observe(self, exchange: Exchange) -> None:
            log.log.observe_mirror(exchange)
            exchanges.append(exchange)

    log.app.observers = (log.log, Mirror())
    for number in range(50):
        log.ask([ROW], f"request {number}")
    rows = log.rows("SELECT request_id, list(mirror ORDER BY mirror) AS mirrors FROM log GROUP BY 1")
    assert 5 < len(rows) < 45
    assert all(row["mirrors"] == [False, True] for row in rows)


def test_where_the_buffer_is_full_requests_are_dropped_and_counted(logged: Callable[..., Any]) -> None:
    log = logged(buffer_bytes=2**20)
    log.log._begin = lambda: None  # a thread that never gets a turn
    for _ in range(1_000):
        assert log.ask([ROW]).status == 200
    waiting = len(log.log._ring)
    assert 100 < waiting < 1_000
    assert log.log.counts.dropped["buffer"] == 1_000 - waiting
    del log.log._begin
    assert len(log.rows()) == waiting
    assert log.log.waiting_bytes == 0
    assert (log.log.counts.requests, log.log.counts.rows) == (waiting, waiting)


def test_a_few_requests_of_many_rows_do_not_wait_for_others(
    logged: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hagane.serving.request_log.log_worker.GATHER_SECONDS", 0.5)
    log = logged(buffer_bytes=16 * 2**20)
    log.log._begin = lambda: None
    for _ in range(20):
        assert log.ask([ROW] * 100).status == 200
    assert log.log.waiting_bytes > 2**22
    del log.log._begin
    log.log._begin()
    until = time.monotonic() + 2.0
    while log.log.waiting_bytes > 2**21 and time.monotonic() < until:
        time.sleep(0.01)
    assert log.log.waiting_bytes <= 2**21, "two requests a gathering fill the buffer while the thread sleeps"
    assert len(log.rows()) == 2_000


@pytest.mark.parametrize("num_rows", [1, 50, 2_000])
@pytest.mark.parametrize("form", ["objects", "lists", "long"])
def test_the_bound_of_memory_holds_whatever_is_sent(flights: Bundle, num_rows: int, form: str) -> None:
    from hagane.serving import create_app

    app = create_app(flights)
    app.endpoint.first.inline_bytes = 10**9
    ring = Ring(2 * 2**20)

    class Keeper:
        def observe(self, exchange: Exchange) -> None:
            size = held_bytes(exchange, len(exchange.predictions or ()), 6)
            ring.put(Record(exchange, 0, False, len(exchange.predictions or ()), size))

    app.observers = (Keeper(),)
    rows = {"objects": '{"age":1.5e1,"fare":%d.5}', "lists": "[1,2.5,null,null,null,null]", "long": '{"job":"%0999d"}'}
    instance = rows[form]

    async def fill() -> int:
        tracemalloc.start()
        before, number = tracemalloc.get_traced_memory()[0], 0
        while ring.num_dropped == 0:
            instances = ",".join(instance % (number + n) if "%" in instance else instance for n in range(num_rows))
            await answered(app, Request("POST", "/predict", {}, {}, f'{{"instances":[{instances}]}}'.encode()))
            number += num_rows
        held = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
        return held

    held = asyncio.run(fill())
    assert held < 1.2 * 2 * 2**20, (held, len(ring))


def test_where_nothing_can_be_written_requests_are_answered_and_it_is_told_once(
    logged: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    log = logged()
    log.log.folder.path.mkdir(parents=True)
    (log.log.folder.path / "requests").write_text("a file where the folder is to be")
    with caplog.at_level(logging.WARNING, "hagane.serving"):
        for _ in range(3):
            assert log.ask([ROW]).status == 200
            assert log.log.flush(60)
    assert log.log.counts.dropped["disk"] == 3
    assert len([each for each in caplog.records if "cannot be written" in each.message]) == 1
    (log.log.folder.path / "requests").unlink()
    log.log._worker._paused_until = 0.0001  # its time is over
    log.ask([ROW], "after")
    assert [row["request_id"] for row in log.rows()] == ["after"]


NAMESPACE = ["unshare", "--map-root-user", "--mount"]


@pytest.mark.skipif(
    not sys.platform.startswith("linux")
    or subprocess.run([*NAMESPACE, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False).returncode
    != 0,
    reason="needs Linux, and leave to mount a small disk in a namespace",
)
def test_on_a_full_disk_requests_are_answered_and_later_ones_logged_again(flights_folder: Path, tmp_path: Path) -> None:
    """A real one: no half of a file is ever there, what was not kept is counted, and it goes on when there is room."""
    script = Path(__file__).with_name("full_disk.py")
    words = [*NAMESPACE, sys.executable, str(script), str(flights_folder), str(tmp_path)]
    ran = subprocess.run(words, capture_output=True, text=True, check=False, timeout=300)
    assert ran.returncode == 0, ran.stderr[-3000:]
    told = json.loads(ran.stdout)
    assert told["statuses"] == [200]
    assert told["dropped"]["disk"] >= 5
    assert told["dropped"]["error"] == 0
    assert told["after"] >= told["full"] + 15 > 15
    assert told["others"] == []
    assert ran.stderr.count("cannot be written") <= 2


def test_a_bug_in_the_log_ends_nothing(logged: Callable[..., Any], caplog: pytest.LogCaptureFixture) -> None:
    log = logged()
    exchange = Exchange(Request("POST", "/predict", {}, {}), log.app.endpoint.first)
    exchange.predictions, exchange.instances = log.app.model.predict([ROW]), [{"age": "no number"}]
    exchange.response = Response(200, b"")
    log.log.observe(exchange)
    assert log.log.flush(60)
    assert log.log.counts.dropped["error"] == 1
    log.ask([ROW], "after")
    assert [row["request_id"] for row in log.rows()] == ["after"]


def test_old_files_that_cannot_be_kept_in_order_cost_no_new_rows(
    logged: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise ValueError("a bug, or a file that is damaged")

    monkeypatch.setattr(log_worker, "maintain", fails)
    one = logged(flush_seconds=3600)
    one.log._worker._next_maintenance = 0.0
    one.ask([{"age": 1}], "a")
    end = time.monotonic() + 60
    while "could not be kept in order" not in caplog.text:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert [row["request_id"] for row in one.rows()] == ["a"]
    assert not any(one.log.counts.dropped.values())


def test_options_out_of_range_are_refused_all_at_once() -> None:
    with pytest.raises(SpecError) as caught:
        RequestLog(LogFolder(Path("x"), "e"), LogOptions(rate=-1, flush_seconds=float("nan"), max_bytes=-1))
    assert [fault.where for fault in caught.value.faults] == ["rate", "flush_seconds", "max_bytes"]


def test_rows_of_an_hour_lie_in_its_folder(logged: Callable[..., Any]) -> None:
    log = logged()
    answered = log.app.model.predict([ROW])
    for hour in (10, 11, 10):
        exchange = Exchange(Request("POST", "/predict", {}, {}), log.app.endpoint.first, instances=[ROW])
        exchange.predictions = answered
        log.log._ring.put(Record(exchange, hour * 3_600_000_000 + 5, False, 1, 100))
    assert log.log.flush(60)
    hours = log.log.folder.hours("requests")
    assert {hour: sum(pq.read_metadata(file).num_rows for file in path.iterdir()) for hour, path in hours.items()} == {
        10: 2,
        11: 1,
    }
    assert hours[11].as_posix().endswith("requests/dt=1970-01-01/hh=11")


async def answered(app: App, request: Request) -> Response:
    response: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
    app.handle(request, response.set_result)
    return await response


def _ask_many(folder: str, logs: str, worker: int) -> None:
    from hagane.serving import create_app
    from hagane.serving.request_log.log_settings import LogSettings

    app = create_app(
        Bundle.load(folder),
        request_log=LogSettings(
            logs=logs, endpoint="e", options=LogOptions(flush_seconds=0.05, sensitive={"job": "hash"})
        ),
    )
    for number in range(200):
        body = b'{"instances":[{"age":%d,"job":"pilot"}]}' % (number % 90)
        asyncio.run(answered(app, Request("POST", "/predict", {}, {}, body, id=f"{worker}-{number}")))
        time.sleep(0.001 if number % 10 else 0.02)
    app.close()


def test_several_processes_write_at_once(flights_folder: Path, tmp_path: Path, read_log: Callable[..., Any]) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [
        context.Process(target=_ask_many, args=(str(flights_folder), str(tmp_path), number)) for number in range(2)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    found = read_log(
        tmp_path / "e",
        "SELECT count(*) AS n, count(DISTINCT request_id) AS ids, count(DISTINCT instance.job) AS jobs FROM log",
    )
    assert found == [{"n": 400, "ids": 400, "jobs": 1}]


SERVER = """
import sys, time
from hagane.serving import ServerThread
from hagane.serving.request_log.log_options import LogOptions
from hagane.serving.request_log.log_settings import LogSettings
from hagane.serving.request_log.log_settings import LogSettings
settings = LogSettings(logs=sys.argv[2], endpoint="e", options=LogOptions(flush_seconds=float(sys.argv[3])))
with ServerThread(sys.argv[1], request_log=settings) as server:
    print(server.url, flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, None])
def test_a_server_that_is_killed_loses_no_more_than_the_flush_interval(
    flights_folder: Path, tmp_path: Path, how: int | None, read_log: Callable[..., Any]
) -> None:
    import httpx

    flush_seconds = 0.5 if how else 3_600
    command = [sys.executable, "-c", SERVER, str(flights_folder), str(tmp_path), str(flush_seconds)]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert server.stdin is not None
    assert server.stdout is not None
    url = server.stdout.readline().strip()
    with httpx.Client(trust_env=False) as client:
        for number in range(20):
            client.post(
                f"{url}/predict", json={"instances": [ROW]}, headers={"x-request-id": f"r{number}"}
            ).raise_for_status()
        if how:
            deadline = time.monotonic() + 60
            while not (seen := read_if_any(read_log, tmp_path / "e")) or len(seen) < 20:
                assert time.monotonic() < deadline
                time.sleep(0.1)
            client.post(f"{url}/predict", json={"instances": [ROW]}, headers={"x-request-id": "lost or not"})
            os.kill(server.pid, how)
        else:
            server.stdin.close()
    server.wait(60)
    rows = read_if_any(read_log, tmp_path / "e")
    assert {row["request_id"] for row in rows} - {"lost or not"} == {f"r{number}" for number in range(20)}
    assert len(rows) in (20, 21)


def read_if_any(read_log: Callable[..., Any], folder: Path) -> Any:
    return read_log(folder, "SELECT request_id FROM log") if list(folder.rglob("*/hh=*/[!.]*.parquet")) else []


def test_requests_from_many_threads_are_all_there(logged: Callable[..., Any]) -> None:
    log = logged()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: log.ask([ROW], f"r{number}"), range(300)))
    assert log.rows("SELECT count(DISTINCT request_id) AS n FROM log") == [{"n": 300}]
    assert log.log.waiting_bytes == 0


def test_a_server_without_a_log_loads_no_pyarrow(flights_folder: Path) -> None:
    program = (
        "import sys; from hagane.serving import ServerThread\n"
        f"with ServerThread({str(flights_folder)!r}): print('pyarrow' in sys.modules, 'duckdb' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False False"


def test_the_metrics_tell_what_was_kept_and_dropped(flights_folder: Path, tmp_path: Path) -> None:
    import httpx

    settings = LogSettings(logs=str(tmp_path), options=LogOptions(flush_seconds=0.05))
    with (
        ServerThread(flights_folder, request_log=settings) as server,
        httpx.Client(base_url=server.url, trust_env=False) as client,
    ):
        for _ in range(3):
            client.post("/predict", json={"instances": [ROW, ROW]}).raise_for_status()
        client.post("/feedback", json={"feedback": [{"request_id": "a", "truth": "yes"}]}).raise_for_status()
        wanted = [
            'hagane_request_log_rows_total{endpoint="flights"} 6',
            'hagane_feedback_rows_total{endpoint="flights"} 1',
        ]
        wanted.append('hagane_request_log_dropped_requests_total{endpoint="flights",reason="disk"} 0')
        deadline = time.monotonic() + 60
        while any(line not in client.get("/metrics").text.replace(".0\n", "\n") for line in wanted):
            assert time.monotonic() < deadline, client.get("/metrics").text
            time.sleep(0.1)


@pytest.mark.slow
def test_worker_processes_log_together(flights_folder: Path, tmp_path: Path, read_log: Callable[..., Any]) -> None:
    import httpx

    command = [sys.executable, "-m", "hagane.fronts.cli", "serve", str(flights_folder), "--workers", "2", "--port", "0"]
    command += ["--log-rate", "1", "--sensitive", "job", "--workspace", str(tmp_path), "--json"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    told = ""
    while not told.endswith("}\n"):
        told += server.stdout.readline()
    url = json.loads(told)["url"]
    for number in range(40):  # each by a connection of its own: both processes get some
        headers = {"x-request-id": f"r{number}"}
        httpx.post(f"{url}/predict", json={"instances": [ROW]}, headers=headers, trust_env=False).raise_for_status()
    server.terminate()
    assert server.wait(60) == 0
    rows = read_log(tmp_path / "logs" / "flights", "SELECT request_id, instance.job AS job FROM log")
    assert sorted(row["request_id"] for row in rows) == sorted(f"r{number}" for number in range(40))
    assert len({row["job"] for row in rows}) == 1

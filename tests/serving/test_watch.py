"""What a server counts of its requests, and what its health paths say: over sockets, read by Prometheus' parser."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open
from prometheus_client.parser import text_string_to_metric_families as parse_text

from hagane.bundle.bundle import Bundle
from hagane.serving import ServerThread, create_app
from hagane.serving.adaptive_admission import AdaptiveAdmission
from hagane.serving.app import App
from hagane.serving.grpc_messages import SERVICE, message_class
from hagane.serving.health import STUCK_SECONDS, Health
from hagane.serving.http import Request, Response
from hagane.serving.listen import listen, url_of
from hagane.serving.metrics.families import FAMILIES
from hagane.serving.metrics.metrics_port import metrics_port
from hagane.serving.metrics.registry import Registry
from hagane.serving.metrics.server_metrics import ServerMetrics
from hagane.serving.overload_objection import OverloadObjection
from hagane.serving.request_log.log_options import LogOptions
from hagane.serving.request_log.log_settings import LogSettings
from hagane.serving.watch_app import WatchOptions
from hagane.workflow.monitor_families import MONITOR_FAMILIES

Samples = dict[tuple[str, Any], float]


def scrape(client: httpx.Client) -> Samples:
    answer = client.get("/metrics", headers={"accept": "application/openmetrics-text"})
    assert answer.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    found = [each for family in parse_open(answer.text) for each in family.samples]
    return {(each.name, frozenset(each.labels.items())): each.value for each in found}


def total(samples: Samples, name: str, **labels: str) -> float:
    return sum(
        value for (each, having), value in samples.items() if each == name and labels.items() <= dict(having).items()
    )


@pytest.fixture
def client(flights: Bundle) -> Iterator[httpx.Client]:
    with ServerThread(flights, version="3") as server, httpx.Client(base_url=server.url, trust_env=False) as client:
        yield client


def test_requests_are_counted_by_what_they_were(client: httpx.Client) -> None:
    for rows in (1, 2, 3):
        assert client.post("/predict", json={"instances": [{}] * rows}).status_code == 200
    client.post("/predict", json={"instances": 3})
    client.post("/v1/models/flights:predict", json={"inputs": {"age": [1, 2]}})
    client.get("/nothing")
    samples = scrape(client)
    of_vertex = {"protocol": "vertex", "kind": "predict", "endpoint": "flights", "model": "flights", "version": "3"}
    assert total(samples, "hagane_requests_total", status="2xx", **of_vertex) == 3
    assert total(samples, "hagane_requests_total", status="4xx", **of_vertex) == 1
    assert total(samples, "hagane_requests_total", status="5xx") == 0
    assert total(samples, "hagane_requests_total", status="4xx", protocol="") == 1
    assert total(samples, "hagane_predicted_rows_total", **of_vertex) == 6
    assert total(samples, "hagane_predicted_rows_total", protocol="tensorflow") == 2
    for name, count in (("request", 4), ("queue", 3), ("model", 3)):
        assert total(samples, f"hagane_{name}_duration_seconds_count", **of_vertex) == count
        assert total(samples, f"hagane_{name}_duration_seconds_bucket", le="+Inf", **of_vertex) == count
        assert 0 < total(samples, f"hagane_{name}_duration_seconds_sum", **of_vertex) < 100 * count
    assert total(samples, "hagane_response_bytes_total", **of_vertex) > 300
    assert 6 <= total(samples, "hagane_batch_rows_sum", version="3") <= 8  # columns may be read the longer way
    assert 3 <= total(samples, "hagane_batch_requests_sum", version="3") <= 4
    assert total(samples, "hagane_model_loads_total", outcome="loaded") == 1
    assert total(samples, "hagane_deployed_model_info") == 1
    assert total(samples, "hagane_ready") == 1
    assert total(samples, "hagane_requests_in_flight", way="inline") == 0
    assert total(samples, "hagane_admission_limit_requests", way="inline") >= 1
    assert client.post("/predict", content=b" " * 11_000_000).status_code == 413
    assert total(scrape(client), "hagane_rejected_requests_total", reason="size") == 1
    assert total(samples, "hagane_workers") == 1
    assert total(samples, "process_resident_memory_bytes") > 1e6


def test_the_text_format_is_the_default_and_scrapes_agree(client: httpx.Client) -> None:
    client.get("/healthz")
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    names = {family.name for family in parse_text(answer.text)}
    assert "hagane_request_duration_seconds" in names
    assert client.head("/metrics").status_code == 200
    assert client.post("/metrics").status_code == 405
    assert client.options("/metrics").headers["allow"] == "GET, HEAD, OPTIONS"
    assert total(scrape(client), "hagane_requests_total", kind="metrics") == 2


def test_every_request_is_counted_however_many_are_held(client: httpx.Client) -> None:
    for _ in range(300):
        client.get("/healthz")
    assert total(scrape(client), "hagane_requests_total", kind="live") == 300


def test_a_port_of_its_own(flights: Bundle, tmp_path: Path) -> None:
    options = WatchOptions(metrics_folder=str(tmp_path), metrics_path=False)
    with (
        contextlib.closing(listen("127.0.0.1", 0)) as listener,
        metrics_port(listener, tmp_path),
        ServerThread(flights, watch=options) as server,
        httpx.Client(base_url=url_of(listener), trust_env=False) as client,
    ):
        while not total(scrape(client), "hagane_ready"):  # before anybody asks for anything
            pass
        assert httpx.get(server.url + "/metrics", trust_env=False).status_code == 404
        while total(scrape(client), "hagane_requests_total", status="4xx") < 1:
            pass
        assert total(scrape(client), "hagane_requests_total") == 1
        assert client.head("/metrics").status_code == 200
        assert client.get("/").status_code == 404
        assert client.post("/metrics").status_code == 405
        assert client.get("/metrics", headers={"x": "y" * 100_000}).status_code == 431
        assert client.request("GET", "/metrics", content=b"x" * 20_000).status_code == 413


def test_probes_on_the_metrics_port(flights: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Starting, ready, draining, with a loop that stands still, and ended."""
    options = WatchOptions(metrics_folder=str(tmp_path), metrics_path=False)
    with (
        contextlib.closing(listen("127.0.0.1", 0)) as listener,
        metrics_port(listener, tmp_path),
        httpx.Client(base_url=url_of(listener), trust_env=False) as client,
    ):

        def probed() -> tuple[int, int]:
            return client.get("/healthz").status_code, client.get("/readyz").status_code

        assert probed() == (200, 503)
        with ServerThread(flights, watch=options) as server:
            while probed() != (200, 200):
                pass
            monkeypatch.setattr("hagane.serving.metrics.metrics_port.STILL_SECONDS", 0.0)
            assert probed() == (503, 503)
            monkeypatch.undo()
            assert server.app is not None
            server.app.health.drain()
            while probed() != (200, 503):
                pass
        assert probed() == (200, 503)
        assert client.post("/readyz").status_code == 405


def test_serve_tells_metrics_there(flights_folder: Path) -> None:
    with contextlib.closing(listen("127.0.0.1", 0)) as free:
        port = int(url_of(free).rpartition(":")[2])
    script = "import sys; from hagane.serving import serve; serve(sys.argv[1], port=0, metrics_port=int(sys.argv[2]))"
    words = [sys.executable, "-c", script, str(flights_folder), str(port)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            while "Ctrl+C" not in (line := process.stdout.readline()):
                assert line
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
                assert total(scrape(client), "hagane_workers") == 1
        finally:
            process.terminate()
    assert process.returncode == 0


def test_a_body_too_large_for_a_path_of_the_servers_own(flights: Bundle) -> None:
    """It is refused as any other: with 413 where there is a POST, and 405 where there is none."""
    from hagane.serving import create_app
    from hagane.serving.http import HttpError, Request

    app = create_app(flights, max_body_bytes=10)
    told: list[Response] = []
    for path in ("/metrics", "/predict", "/nothing"):
        request = Request("POST", path, {}, {})
        try:
            app.check_size(11)
        except HttpError as error:
            app.refuse(request, error, told.append)
    assert [response.status for response in told] == [405, 413, 404]


def test_grpc_calls_are_counted(flights: Bundle) -> None:
    with (
        ServerThread(flights, grpc_port=0) as server,
        grpc.insecure_channel(server.grpc_address, options=[("grpc.enable_http_proxy", 0)]) as channel,
        httpx.Client(base_url=server.url, trust_env=False) as client,
    ):

        def call(name: str, /, **fields: Any) -> Any:
            method = channel.unary_unary(
                f"/{SERVICE}/{name}",
                request_serializer=message_class(f"{name}Request").SerializeToString,
                response_deserializer=message_class(f"{name}Response").FromString,
            )
            answer, told = method.with_call(message_class(f"{name}Request")(**fields), timeout=20)
            assert dict(told.trailing_metadata())["x-request-id"]
            return answer

        tensor = {"name": "age", "datatype": "INT64", "shape": [2], "contents": {"int64_contents": [40, 10]}}
        call("ModelInfer", model_name="flights", inputs=[tensor])
        with pytest.raises(grpc.RpcError):
            call("ModelInfer", model_name="other", inputs=[tensor])
        call("ServerLive")
        labels = {"protocol": "grpc", "kind": "predict"}
        while total(samples := scrape(client), "hagane_requests_total", protocol="grpc") < 3:
            pass
        assert total(samples, "hagane_requests_total", status="2xx", **labels) == 1
        assert total(samples, "hagane_requests_total", status="4xx", **labels) == 1
        assert total(samples, "hagane_predicted_rows_total", **labels) == 2
        assert total(samples, "hagane_model_duration_seconds_count", **labels) == 1


def test_servers_of_one_folder_tell_the_sum(flights: Bundle, tmp_path: Path) -> None:
    options = WatchOptions(metrics_folder=str(tmp_path))
    with ServerThread(flights, watch=options) as one, ServerThread(flights, watch=options) as other:
        for server, count in ((one, 3), (other, 5)):
            for _ in range(count):
                httpx.post(server.url + "/predict", json={"instances": [{}]}, trust_env=False)
        with httpx.Client(base_url=one.url, trust_env=False) as client:
            own = 3
            while total(samples := scrape(client), "hagane_requests_total", kind="predict") < 8:
                assert total(samples, "hagane_requests_total", kind="predict") >= own
            assert total(samples, "hagane_requests_total", kind="predict") == 8
            assert total(samples, "hagane_deployed_model_info") == 1
            assert total(samples, "hagane_workers") == 2


def test_what_the_request_log_counts_is_told(flights: Bundle, tmp_path: Path) -> None:
    log = LogSettings(logs=str(tmp_path), options=LogOptions(rate=1.0, flush_seconds=0.1))
    with (
        ServerThread(flights, request_log=log) as server,
        httpx.Client(base_url=server.url, trust_env=False) as client,
    ):
        client.post("/predict", json={"instances": [{}] * 3})
        name = "hagane_request_log_dropped_requests_total"
        assert total(scrape(client), name, reason="buffer") == 0
        assert sum(each == name for each, _ in scrape(client)) == 4
        while total(scrape(client), "hagane_request_log_rows_total") < 3:
            pass
        assert total(scrape(client), "hagane_request_log_requests_total") == 1


def test_without_metrics_there_is_no_such_path(flights: Bundle) -> None:
    assert ask(create_app(flights, watch={"metrics": False}), "/metrics").status == 404


def test_batches_versions_and_failures(flights: Bundle) -> None:
    app = create_app(flights)
    metrics = ServerMetrics(Registry(), "e")
    deployment = app.endpoint.first
    metrics.loaded(deployment, 0.5)
    metrics.load_failed("flights", "9")
    metrics.batch(deployment, 3, 40)
    text = metrics.answer(Request("GET", "/metrics", {}, {})).body.decode()
    found = {
        (each.name, each.labels.get("version"), each.labels.get("le")): each.value
        for family in parse_text(text)
        for each in family.samples
    }
    assert found["hagane_batch_rows_bucket", "1", "32.0"] == 0
    assert found["hagane_batch_rows_bucket", "1", "64.0"] == 1
    assert found["hagane_batch_requests_sum", "1", None] == 3
    assert found["hagane_model_load_duration_seconds_sum", "1", None] == 0.5
    assert 'hagane_model_loads_total{endpoint="e",model="flights",version="9",outcome="failed"} 1' in text
    assert f'deployed_model_id="{deployment.id}"' in text
    metrics.unloaded(deployment)
    assert "hagane_deployed_model_info{" not in metrics.answer(Request("GET", "/metrics", {}, {})).body.decode()


def test_a_client_that_goes_away_is_counted(flights: Bundle) -> None:
    app = create_app(flights)
    metrics = ServerMetrics(Registry(), "e")
    from hagane.serving.exchange import Exchange

    metrics.observe(Exchange(Request("POST", "/predict", {}, {}), app.endpoint.first, kind="predict"))
    assert 'status="gone"} 1' in metrics.answer(Request("GET", "/metrics", {}, {})).body.decode()


def test_every_metric_is_on_the_page() -> None:
    page = (Path(__file__).parents[2] / "docs" / "watching.md").read_text()
    for family in FAMILIES:
        suffix = "_total" if family.kind == "counter" else ""
        assert f"| `{family.name}{suffix}` |" in page, family.name


def test_the_dashboard_asks_for_what_there_is() -> None:
    dashboard = json.loads((Path(__file__).parents[2] / "docs" / "grafana.json").read_text())
    told = {}
    for family in (*FAMILIES, *MONITOR_FAMILIES):
        suffixes = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}[family.kind]
        told |= {family.name + suffix: family for suffix in suffixes}
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert len(asked) > 15
    for expression in asked:
        names = re.findall(r"\b(?:hagane|process|python)_\w+", expression)
        assert names, expression
        assert set(names) <= told.keys(), expression
        labels = {label for name in names for label in told[name].labels} | {"le"}
        matched = re.findall(r"(\w+)(?:=~|!~|=|!=)\"", expression)
        grouped = [each.strip() for group in re.findall(r"by \(([^)]*)\)", expression) for each in group.split(",")]
        assert {*matched, *grouped} <= labels, expression


def ask(app: App, path: str, method: str = "GET") -> Response:
    answers: list[Response] = []
    app.handle(Request(method, path, {}, {}), answers.append)
    return answers[0]


READY_PATHS = [
    "/readyz", "/health", "/ping", "/v2/health/ready", "/v2/models/flights/ready", "/v1/models/flights",
    "/v1/endpoints/e/deployedModels/d",
]  # fmt: skip
LIVE_PATHS = ["/healthz", "/v2/health/live"]


def statuses(app: App) -> tuple[set[int], set[int]]:
    return {ask(app, path).status for path in LIVE_PATHS}, {ask(app, path).status for path in READY_PATHS}


def test_every_protocol_says_the_same_of_the_servers_health(flights: Bundle) -> None:
    app = create_app(flights)
    assert statuses(app) == ({200}, {200})
    app.health.is_draining = True
    assert statuses(app) == ({200}, {503})
    assert b"the server is ending" in ask(app, "/readyz").body
    app.health.is_draining = False
    full = "overloaded for 12 s"
    app.health.ready_when(lambda: full)
    assert statuses(app) == ({200}, {503})
    full = ""
    assert statuses(app) == ({200}, {200})
    assert ask(app, "/predict", "OPTIONS").status == 204


def test_a_server_that_turns_most_away_for_long_is_not_ready(flights: Bundle) -> None:
    now, admission = 0.0, create_app(flights).admission
    assert isinstance(admission, AdaptiveAdmission)
    objection = OverloadObjection(admission, clock=lambda: now)
    told = []
    for entered, refused in [(9, 0), (1, 9), (1, 9), (1, 9), (1, 9), (0, 9), (5, 5), (1, 9), (0, 0)]:
        now += 5
        admission.entered += entered
        admission.refused += refused
        told.append(objection())
    half = "more than half of the predictions have been refused for "
    assert told == ["", "", "", f"{half}15 s", f"{half}20 s", f"{half}25 s", "", "", ""]


class Stuck(Executor):
    """Threads that take no work any more."""

    def submit(self, *args: Any, **options: Any) -> Future[Any]:
        return Future()


def test_a_server_whose_threads_are_stuck_does_not_live(flights: Bundle) -> None:
    now = 100.0
    app = create_app(flights)
    app.health = Health(Stuck(), clock=lambda: now)
    assert statuses(app) == ({200}, {200})
    now += STUCK_SECONDS - 1
    assert statuses(app) == ({200}, {200})
    now += 2
    assert statuses(app) == ({503}, {503})
    assert b"stuck" in ask(app, "/healthz").body


def test_threads_that_work_are_probed_and_live() -> None:
    from concurrent.futures import ThreadPoolExecutor

    now = 100.0
    with ThreadPoolExecutor(1) as pool:
        health = Health(pool, clock=lambda: now)
        assert health.why_dead() == ""
        assert health._probe is not None
        health._probe.result(60)
        now += STUCK_SECONDS * 2
        assert health.why_dead() == ""
    assert health.why_dead() == ""  # told to end is not stuck


def test_health_over_the_loop(flights: Bundle) -> None:
    """As ASGI: a path that is not ready has its protocol's error."""
    app = create_app(flights)
    app.health.is_draining = True

    async def through_asgi() -> int:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
            return (await client.get("/v2/health/ready")).status_code

    assert asyncio.run(through_asgi()) == 503

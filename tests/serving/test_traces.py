"""Traces: what a collector gets, in OpenTelemetry's own messages, over the loopback."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from hagane.bundle.bundle import Bundle
from hagane.serving import ServerThread
from hagane.serving.app import App, create_app
from hagane.serving.exchange import Exchange
from hagane.serving.http import Request, Response
from hagane.serving.traces import Traces
from hagane.serving.watch_app import WatchOptions

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Collector(HTTPServer):
    """Keeps the spans that it is sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.spans: list[Any] = []
        self.resources: list[dict[str, str]] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        assert isinstance(self.server, Collector)
        for each in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.server.resources.append({fact.key: fact.value.string_value for fact in each.resource.attributes})
            self.server.spans += [span for scope in each.scope_spans for span in scope.spans]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with Collector() as made:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{made.server_port}")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield made
        made.shutdown()


def attributes(span: Any) -> dict[str, Any]:
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


def test_a_collector_gets_a_request_its_wait_and_its_run(flights: Bundle, collector: Collector) -> None:
    with ServerThread(flights, version="3", watch=WatchOptions(traces=True)) as server:
        headers = {"traceparent": f"00-{TRACE}-{PARENT}-01", "x-request-id": "r-1"}
        for path, body in (("/predict", {"instances": [{}, {}]}), ("/predict", {"instances": 3})):
            httpx.post(server.url + path, json=body, headers=headers, trust_env=False)
        httpx.get(server.url + "/healthz", trust_env=False)
    by_name = {span.name: span for span in collector.spans}
    assert sorted(span.name for span in collector.spans) == ["POST /predict", "POST /predict", "model", "queue"]
    assert {span.trace_id.hex() for span in collector.spans} == {TRACE}
    good, bad = sorted(
        (span for span in collector.spans if span.name == "POST /predict"),
        key=lambda span: attributes(span)["http.response.status_code"],
    )
    assert good.parent_span_id.hex() == bad.parent_span_id.hex() == PARENT
    told = attributes(good)
    assert (told["http.response.status_code"], told["hagane.rows"], told["hagane.request_id"]) == (200, 2, "r-1")
    assert (told["http.route"], told["hagane.version"], told["hagane.protocol"]) == ("/predict", "3", "vertex")
    assert attributes(bad)["http.response.status_code"] == 400
    assert by_name["queue"].parent_span_id == by_name["model"].parent_span_id == good.span_id
    assert good.start_time_unix_nano <= by_name["queue"].start_time_unix_nano
    assert by_name["queue"].end_time_unix_nano == by_name["model"].start_time_unix_nano
    assert by_name["model"].end_time_unix_nano <= good.end_time_unix_nano
    assert collector.resources[0]["service.name"] == "hagane"


def test_the_environments_names_and_samplers_count(
    flights: Bundle, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "shop")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_always_off")
    with ServerThread(flights, watch=WatchOptions(traces=True)) as server:
        for flags in ("00", "01"):
            headers = {"traceparent": f"00-{TRACE}-{PARENT}-{flags}"}
            httpx.get(server.url + "/metadata", headers=headers, trust_env=False)
        httpx.get(server.url + "/metadata", trust_env=False)
    assert [span.name for span in collector.spans] == ["GET /metadata"]
    assert collector.resources[0]["service.name"] == "shop"


def test_a_collector_that_is_away_costs_no_request(flights: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    with ServerThread(flights, watch=WatchOptions(traces=True)) as server:
        assert httpx.post(server.url + "/predict", json={"instances": [{}]}, trust_env=False).status_code == 200


@pytest.fixture(scope="module")
def app(flights: Bundle) -> App:
    return create_app(flights)


@given(st.binary(max_size=80), st.binary(max_size=40), st.text(max_size=20))
def test_any_context_is_taken_or_passed_over(app: App, parent: bytes, state: bytes, path: str) -> None:
    exporter = InMemorySpanExporter()
    traces = Traces("e", exporter)
    headers = {b"traceparent": parent, b"tracestate": state}
    traces.observe(Exchange(Request("GET", path, {}, headers), app.endpoint.first, response=Response(200, b"")))
    traces.close()
    assert len(exporter.get_finished_spans()) == 1


def test_nothing_of_it_is_imported_unasked(flights: Bundle) -> None:
    script = (
        "import sys; from hagane.serving import ServerThread\n"
        "with ServerThread(sys.argv[1]): print(any('opentelemetry' in name for name in sys.modules))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, str(flights.folder)], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "False\n"

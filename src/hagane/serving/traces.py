"""`Traces`: a span for each request, told to an OpenTelemetry collector. Imported only where it is asked for."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from hagane.errors import Fault, MissingExtraError
from hagane.serving.exchange import Exchange, Kind
from hagane.serving.server_version import server_version

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

_UNTOLD: frozenset[Kind] = frozenset({"live", "ready", "metrics"})
"""What comes every few seconds and is nobody's request."""


class Traces:
    """An observer that makes spans of what happened, after the fact: nothing is done while a request is answered.

    A request is a child of the span that its `traceparent` names (W3C Trace Context) and sampled as that is; below it
    are the wait and the run of the model. The sampler, the exporter's address and headers and the name of the service
    are OpenTelemetry's own environment variables (`OTEL_TRACES_SAMPLER`, `OTEL_EXPORTER_OTLP_ENDPOINT`,
    `OTEL_SERVICE_NAME`, …). Spans are sent in batches by a thread; where none can be sent they are dropped.
    Raises MissingExtraError without the packages of the extra `otel`.
    """

    def __init__(self, endpoint: str, exporter: SpanExporter | None = None) -> None:
        self._endpoint = endpoint
        self._otel = _Otel()
        resource = self._otel.resource({"service.version": server_version()}, "hagane")
        self._provider = self._otel.provider(resource, exporter)
        self._tracer = self._provider.get_tracer("hagane.serving", server_version())

    def observe(self, exchange: Exchange) -> None:
        """Make its spans, where it is sampled; a dozen microseconds then, three otherwise."""
        if exchange.kind in _UNTOLD:
            return
        ended = time.time_ns()
        began = ended - int(exchange.seconds * 1e9)
        parent = self._otel.parent(exchange.request.headers)
        span = self._tracer.start_span(
            f"{exchange.request.method} {exchange.template}".strip(),
            context=parent,
            kind=self._otel.server,
            start_time=began,
        )
        if span.is_recording():
            self._tell(span, exchange, began)
        span.end(ended)

    def close(self) -> None:
        """Send what waits, and end."""
        self._provider.shutdown()

    def _tell(self, span: Any, exchange: Exchange, began: int) -> None:
        request, response, model = exchange.request, exchange.response, exchange.deployment.model
        span.set_attributes(
            {
                "http.request.method": request.method,
                "http.route": exchange.template,
                "url.path": request.path[:1000].encode("utf-8", "replace").decode(),
                "http.response.status_code": response.status if response is not None else 499,
                "hagane.request_id": request.id,
                "hagane.endpoint": self._endpoint,
                "hagane.model": model.name,
                "hagane.version": model.version,
                "hagane.protocol": exchange.protocol,
            }
        )
        if response is not None and response.status >= 500:
            span.set_status(self._otel.failed)
        if exchange.predictions is not None:
            span.set_attribute("hagane.rows", len(exchange.predictions))
            run = began + int(exchange.waited_seconds * 1e9)
            self._child(span, "queue", began, run)
            self._child(span, "model", run, run + int(exchange.model_seconds * 1e9))

    def _child(self, span: Any, name: str, began: int, ended: int) -> None:
        context = self._otel.within(span)
        self._tracer.start_span(name, context=context, start_time=began).end(max(began, ended))


class _Otel:
    """The parts of OpenTelemetry that are needed, imported at once, so that what is missing is told at the start."""

    def __init__(self) -> None:
        try:
            from opentelemetry import trace
            from opentelemetry.sdk import resources
            from opentelemetry.sdk import trace as sdk
            from opentelemetry.sdk.trace import export
            from opentelemetry.trace.propagation import tracecontext
        except ImportError:
            step = "pip install 'hagane[otel]'"
            raise MissingExtraError(Fault(what="traces need OpenTelemetry", where="--traces", next_step=step)) from None
        self._trace, self._resources, self._sdk, self._export = trace, resources, sdk, export
        self._propagator = tracecontext.TraceContextTextMapPropagator()
        self.server = trace.SpanKind.SERVER
        self.failed = trace.Status(trace.StatusCode.ERROR)

    def resource(self, facts: dict[str, str], default_name: str) -> Any:
        """With `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES`, which go before what is given here."""
        made = self._resources.Resource.create(facts)
        if str(made.attributes.get("service.name", "")).startswith("unknown_service"):
            made = made.merge(self._resources.Resource({"service.name": default_name}))
        return made

    def provider(self, resource: Any, exporter: Any) -> Any:
        """That sends to `exporter`, or else by OTLP over HTTP."""
        if exporter is None:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

            exporter = OTLPSpanExporter()
        provider = self._sdk.TracerProvider(resource=resource)
        provider.add_span_processor(self._export.BatchSpanProcessor(exporter))
        return provider

    def parent(self, headers: Any) -> Any:
        """The context that a request came with; an empty one where there is none, or it is broken."""
        told = headers.get(b"traceparent")
        carrier = {}
        if told is not None:
            carrier["traceparent"] = told.decode("latin-1")
            if state := headers.get(b"tracestate"):
                carrier["tracestate"] = state.decode("latin-1")
        from opentelemetry.context import Context

        return self._propagator.extract(carrier, Context())

    def within(self, span: Any) -> Any:
        """The context of children of this span."""
        return self._trace.set_span_in_context(span)

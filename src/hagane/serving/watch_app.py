"""`watch_app`: count, log and trace what an application answers."""

from __future__ import annotations

import functools
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from hagane.serving.access_log import AccessLog
from hagane.serving.adaptive_admission import AdaptiveAdmission
from hagane.serving.concurrency_limit import ConcurrencyLimit
from hagane.serving.metrics.count_collections import CountCollections
from hagane.serving.metrics.families import (
    ACCESS_LOG_DROPPED,
    ADMISSION_LIMIT,
    CERTIFICATE_END,
    IN_FLIGHT,
    LOOP_TIME,
    READY,
)
from hagane.serving.metrics.registry import Number, Registry
from hagane.serving.metrics.server_metrics import ServerMetrics

if TYPE_CHECKING:
    from hagane.serving.app import App


class WatchOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is counted and logged. It travels to workers as JSON."""

    metrics: bool = True
    """Whether anything is counted."""
    metrics_path: bool = True
    """Whether `GET /metrics` answers."""
    metrics_folder: str | None = None
    """Where several processes of one server count together; each in its own memory without it."""
    access_log: str | None = None
    """A file for a line a request; `-` is standard error."""
    traces: bool = False
    """Whether spans are sent to an OpenTelemetry collector."""


def watch_app(app: App, options: WatchOptions | Mapping[str, Any] | None = None) -> ServerMetrics | None:
    """Add the observers and paths that `options` ask for; the metrics, for what else there is to count.

    Called once an application, in the process that answers. Raises ServeError for a log that cannot be written.
    """
    if not isinstance(options, WatchOptions):
        options = msgspec.convert(dict(options or {}), WatchOptions)
    metrics = _count(app, options) if options.metrics else None
    if options.access_log is not None:
        drops = metrics.registry.number(ACCESS_LOG_DROPPED) if metrics else None
        log = AccessLog(options.access_log, app.endpoint.name, drops.add if drops else lambda count: None)
        app.observers += (log,)
        app.on_close(log.close)
    if options.traces:
        from hagane.serving.traces import Traces

        traces = Traces(app.endpoint.name)
        app.observers += (traces,)
        app.on_close(traces.close)
    return metrics


def _count(app: App, options: WatchOptions) -> ServerMetrics:
    registry = Registry(Path(options.metrics_folder) if options.metrics_folder else None)
    metrics = ServerMetrics(registry, app.endpoint.name)
    for deployment in app.endpoint.deployments:
        metrics.loaded(deployment, deployment.load_seconds)
    _sample(app, registry)
    app.on_close(CountCollections(registry).close)
    app.on_start(metrics.begin_sampling)
    app.on_close(metrics.close)
    app.observers += (metrics,)
    if options.metrics_path:
        app.answer_at(*metrics.routes)
    return metrics


def _sample(app: App, registry: Registry) -> None:
    """Set the gauges of what is true at the time of reading."""
    ready = registry.number(READY)
    registry.sample_with(lambda: ready.set(not app.health.why_not_ready()))
    turned = registry.number(LOOP_TIME)
    registry.sample_with(lambda: turned.set(time.time()))
    if (tls := app.tls) is not None:
        end = registry.number(CERTIFICATE_END)
        registry.sample_with(lambda: end.set(tls.ends))
    if isinstance(app.admission, AdaptiveAdmission):
        for way, limit in app.admission.limits.items():
            in_flight, most = registry.number(IN_FLIGHT, way), registry.number(ADMISSION_LIMIT, way)
            registry.sample_with(functools.partial(_tell_limit, limit, in_flight, most))


def _tell_limit(limit: ConcurrencyLimit, in_flight: Number, most: Number) -> None:
    in_flight.set(limit.inside)
    most.set(limit.limit)

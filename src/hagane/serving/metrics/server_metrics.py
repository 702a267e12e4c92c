"""`ServerMetrics`: every request, run and version of one process, counted."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import weakref
from bisect import bisect_left
from typing import TYPE_CHECKING

from hagane.serving.exchange import Exchange
from hagane.serving.http import Request, Response
from hagane.serving.metrics import families as of
from hagane.serving.metrics.metrics_response import metrics_response
from hagane.serving.metrics.registry import Histogram, Number, Registry
from hagane.serving.protocol import Read

if TYPE_CHECKING:
    from hagane.serving.deployment import Deployment
    from hagane.serving.request_log.request_log import RequestLog

SAMPLE_SECONDS = 1.0
_STATUSES = ("2xx", "4xx", "5xx")
"""Told from the start, as 0: a rate needs a first value."""
_GONE = "gone"
"""The client went away before it was answered."""


class ServerMetrics:
    """An observer, and what `/metrics` answers. Its methods are called on the event loop's thread."""

    def __init__(self, registry: Registry, endpoint: str) -> None:
        self.registry = registry
        self._endpoint = endpoint
        self._series: dict[tuple[str, str, str], _RouteSeries] = {}
        self._batches: dict[str, list[Histogram]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._has_ended = False
        registry.number(of.WORKERS).set(1)
        registry.sample_with(self._write)

    @property
    def routes(self) -> tuple[Read, ...]:
        """For `App.answer_at`."""
        return (Read("/metrics", self.answer, kind="metrics"),)

    def observe(self, exchange: Exchange) -> None:
        """Count one request: about a microsecond."""
        key = (exchange.deployment.id, exchange.protocol, exchange.kind)
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = _RouteSeries(self.registry, self._labels(exchange))
            self.begin_sampling()
        series.count(exchange)

    def batch(self, deployment: Deployment, num_requests: int, num_rows: int) -> None:
        """One run of the model, of the rows of so many requests."""
        batches = self._batches.get(deployment.id)
        if batches is None:
            labels = (self._endpoint, deployment.model.bundle.name, deployment.model.version)
            families = (of.BATCH_REQUESTS, of.BATCH_ROWS)
            batches = self._batches[deployment.id] = [self.registry.histogram(each, *labels) for each in families]
        batches[0].observe(num_requests)
        batches[1].observe(num_rows)

    def loaded(self, deployment: Deployment, seconds: float) -> None:
        """A version is loaded and warm; its batches are counted from now on."""
        deployment.batcher.on_batch = functools.partial(self.batch, weakref.proxy(deployment))
        labels = (self._endpoint, deployment.model.bundle.name, deployment.model.version)
        self.registry.number(of.MODEL_LOADS, *labels, "loaded").add()
        self.registry.number(of.MODEL_LOADS, *labels, "failed").add(0)
        self.registry.histogram(of.MODEL_LOAD_SECONDS, *labels).observe(seconds)
        self.registry.number(of.MODEL_INFO, *labels, deployment.id).set(1)

    def unloaded(self, deployment: Deployment) -> None:
        """A version is served no more."""
        labels = (self._endpoint, deployment.model.bundle.name, deployment.model.version)
        self.registry.number(of.MODEL_INFO, *labels, deployment.id).set(0)

    def mirror_dropped(self, deployment: Deployment) -> None:
        """A request that a mirrored version was to see was dropped."""
        labels = (self._endpoint, deployment.model.bundle.name, deployment.model.version)
        self.registry.number(of.MIRROR_DROPPED, *labels).add()

    def load_failed(self, model: str, version: str) -> None:
        """A version could not be loaded, or not be warmed."""
        self.registry.number(of.MODEL_LOADS, self._endpoint, model, version, "failed").add()

    def count_log(self, log: RequestLog) -> None:
        """Tell what the request log counts of itself."""
        held = {name: self.registry.number(family, self._endpoint) for name, family in _LOG_COUNTS.items()}
        reasons = {
            reason: self.registry.number(of.LOG_DROPPED, self._endpoint, reason) for reason in log.counts.dropped
        }

        def sample() -> None:
            counts = log.counts
            for name, number in held.items():
                number.set(getattr(counts, name))
            for reason, number in reasons.items():
                number.set(counts.dropped[reason])

        self.registry.sample_with(sample)

    def answer(self, request: Request) -> Response:
        """What all processes have counted, in the format that the client reads best."""
        return metrics_response(self.registry.processes(), request)

    def begin_sampling(self) -> None:
        """On the event loop: others may answer for this process, and its numbers are never older than a second."""
        if self.registry.folder is not None and self._loop is None:
            with contextlib.suppress(RuntimeError):
                self._loop = asyncio.get_running_loop()
                self._sample()

    def _sample(self) -> None:
        if self._loop is not None and not self._has_ended:
            self.registry.sample()
            self._loop.call_later(SAMPLE_SECONDS, self._sample)

    def close(self) -> None:
        """Count no more: write what is held."""
        self.registry.sample()
        self._has_ended = True

    def _write(self) -> None:
        for series in self._series.values():
            series.write()

    def _labels(self, exchange: Exchange) -> tuple[str, ...]:
        model = exchange.deployment.model
        return (self._endpoint, model.bundle.name, model.version, exchange.protocol, exchange.kind)


class _RouteSeries:
    """The series of one version, protocol and kind.

    A list of Python's is counted in three times as fast as the registry's cells: what it holds is added to them every
    `_HELD` requests, and before they are read.
    """

    __slots__ = ("_held", "_labels", "_num_held", "_places", "_registry", "_rejections")

    def __init__(self, registry: Registry, labels: tuple[str, ...]) -> None:
        self._registry, self._labels = registry, labels
        statuses = [registry.place(of.REQUESTS, (*labels, status)) for status in _STATUSES]
        families = [of.REQUEST_SECONDS, of.QUEUE_SECONDS, of.MODEL_SECONDS][: 3 if labels[-1] in _PREDICTING else 1]
        starts = [registry.place(family, labels) for family in families]
        cells = [start + at for start in starts for at in range(_WIDTH)]
        self._places = [*statuses, registry.place(of.RESPONSE_BYTES, labels), registry.place(of.ROWS, labels), *cells]
        self._held = [0.0] * len(self._places)
        self._num_held = 0
        self._rejections: dict[str, Number] = {}

    def count(self, exchange: Exchange) -> None:
        held, response = self._held, exchange.response
        seconds = exchange.seconds
        held[_WHOLE + bisect_left(_BOUNDS, seconds)] += 1.0
        held[_WHOLE_SUM] += seconds
        at = _AT.get(response.status) if response is not None else None
        if at is None:
            status = f"{response.status // 100}xx" if response is not None else _GONE
            self._registry.number(of.REQUESTS, *self._labels, status).add()
        else:
            held[at] += 1.0
            held[_BYTES] += len(response.body)  # type: ignore[union-attr]
            if at and response.status in _REASONS:  # type: ignore[union-attr]
                self._rejected(_REASONS[response.status])  # type: ignore[union-attr]
        if (predictions := exchange.predictions) is not None:
            seconds = exchange.waited_seconds
            held[_QUEUE + bisect_left(_BOUNDS, seconds)] += 1.0
            held[_QUEUE_SUM] += seconds
            seconds = exchange.model_seconds
            held[_MODEL + bisect_left(_BOUNDS, seconds)] += 1.0
            held[_MODEL_SUM] += seconds
            held[_ROWS] += len(predictions)
        self._num_held += 1
        if self._num_held == _HELD:
            self.write()

    def _rejected(self, reason: str) -> None:
        number = self._rejections.get(reason)
        if number is None:
            number = self._rejections[reason] = self._registry.number(of.REJECTIONS, reason)
        number.add()

    def write(self) -> None:
        """Add what is held to the cells."""
        if self._num_held:
            values, held = self._registry.values, self._held
            for at, place in enumerate(self._places):
                if held[at]:
                    values[place] += held[at]
                    held[at] = 0.0
            self._num_held = 0


_HELD = 128
_LOG_COUNTS = {"requests": of.LOG_REQUESTS, "rows": of.LOG_ROWS, "feedback_rows": of.FEEDBACK_ROWS}
_REASONS = {
    401: "token", 403: "token", 408: "slow", 413: "size", 429: "overload", 503: "unavailable", 504: "deadline"
}  # fmt: skip
_PREDICTING = ("predict", "explain")
_BOUNDS = of.SECONDS
_WIDTH = len(_BOUNDS) + 2
_BYTES, _ROWS = len(_STATUSES), len(_STATUSES) + 1
_WHOLE, _QUEUE, _MODEL = (_ROWS + 1 + at * _WIDTH for at in range(3))
_WHOLE_SUM, _QUEUE_SUM, _MODEL_SUM = (start + _WIDTH - 1 for start in (_WHOLE, _QUEUE, _MODEL))
_AT = {status: _STATUSES.index(f"{status // 100}xx") for status in range(100, 600) if f"{status // 100}xx" in _STATUSES}

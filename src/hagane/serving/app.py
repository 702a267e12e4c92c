"""`App`: the way of a request through the server, whatever brought it in."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import msgspec

from hagane.bundle.bundle import Bundle
from hagane.bundle.typed_rows import MOST_BYTES, TypedInstances
from hagane.errors import Fault, ServeError
from hagane.serving.adaptive_admission import AdaptiveAdmission
from hagane.serving.admission import Admission, Unlimited
from hagane.serving.batcher import Job, Outcome
from hagane.serving.deadline import check_deadline
from hagane.serving.deployment import CALLS, Deployment, wrong_method
from hagane.serving.endpoint import Endpoint
from hagane.serving.endpoint_follower import EndpointFollower
from hagane.serving.endpoint_source import EndpointPlace
from hagane.serving.exchange import Exchange
from hagane.serving.guard import Guard
from hagane.serving.health import Health
from hagane.serving.http import HttpError, Request, Response
from hagane.serving.observer import Observer
from hagane.serving.open_protocols import choose_protocols
from hagane.serving.overload_objection import OverloadObjection
from hagane.serving.overload_options import OverloadOptions
from hagane.serving.protocol import Explain, Predict, Protocol, Read, Route
from hagane.serving.secure_app import SecurityOptions, secure_app, trusted_keys
from hagane.serving.served_model import MAX_BODY_BYTES, MAX_ROWS, ServedModel
from hagane.serving.tls_files import TlsFiles
from hagane.serving.watch_app import WatchOptions, watch_app
from hagane.usable_cores import usable_cores

if TYPE_CHECKING:
    from hagane.serving.request_log.log_settings import LogSettings
    from hagane.serving.request_log.request_log import RequestLog

_LOG = logging.getLogger("hagane.serving")


class App:
    """Answers requests: finds who answers, asks the guards and the admission, runs the model, tells the observers.

    Made by `create_app`; called, it is a plain ASGI 3 application. What brings requests in without ASGI calls `handle`.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        max_body_bytes: int = MAX_BODY_BYTES,
        guards: tuple[Guard, ...] = (),
        admission: Admission | None = None,
        observers: tuple[Observer, ...] = (),
        num_threads: int = 1,
    ) -> None:
        self.endpoint = endpoint
        """Read once a request: whoever changes what is served replaces it."""
        self.max_body_bytes = max_body_bytes
        self.guards = guards
        self.admission = admission or Unlimited()
        self.observers = observers
        self._threads = ThreadPoolExecutor(num_threads, "hagane-model")
        self.health = Health(self._threads)
        self.tls: TlsFiles | None = None
        """What connections are encrypted with, where they are."""
        self.own: dict[str, tuple[Route, ...]] = {}
        """Paths that are the server's, whatever it serves (`/metrics`): see `answer_at`."""
        self.url = ""
        """Where it is reached, once somebody listens for it."""
        self._closers: list[Callable[[], object]] = [lambda: self._threads.shutdown(wait=False)]
        self._starters: list[Callable[[], object]] = []

    def on_start(self, starter: Callable[[], object]) -> None:
        """Call `starter` on the event loop when connections are taken there."""
        self._starters.append(starter)

    def start(self) -> None:
        """Whoever runs the event loop calls it there."""
        for starter in self._starters:
            starter()

    def on_close(self, closer: Callable[[], object]) -> None:
        """Call `closer` when the server has ended, the last added first."""
        self._closers.append(closer)

    def close(self) -> None:
        """End what was begun for the server: logs are written out. It answers no more. Twice is as good as once."""
        while self._closers:
            self._closers.pop()()

    def answer_at(self, *routes: Route) -> None:
        """Answer these routes, whose templates are plain paths, before those of what is served."""
        for route in routes:
            self.own[route.template] = (*self.own.get(route.template, ()), route)

    @property
    def model(self) -> ServedModel:
        """The model of the first deployment."""
        return self.endpoint.first.model

    @property
    def paths(self) -> list[tuple[str, str]]:
        """Every method and path that is answered."""
        return self.endpoint.first.paths

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        """Answer as an ASGI application."""
        from hagane.serving.asgi import answer_asgi

        await answer_asgi(self, scope, receive, send)

    def handle(self, request: Request, reply: Callable[[Response], object]) -> Exchange:
        """Answer a whole request: `reply` is called once, on the event loop, before this returns or later.

        Returns what becomes of it, so that whoever brought it in may give it up.
        """
        exchange = Exchange(request, self.endpoint.deployments[0])
        try:
            route = self._find(exchange)
            for guard in self.guards:
                guard.check(exchange)
            if b"content-encoding" in request.headers:
                _check_encoding(request)
            if isinstance(route, Read):
                if exchange.kind in ("live", "ready"):
                    self.health.check(exchange.kind)
                self._reply(exchange, route.answer(request), reply)
                return exchange
            self.admission.enter(exchange)
        except Exception as error:
            self._refuse(exchange, error, reply)
            return exchange
        if isinstance(route, Predict) and len(request.body) <= exchange.deployment.inline_bytes:
            self._start_here(exchange, route, reply)
        else:
            self._start(exchange, route, reply)
        return exchange

    def _find(self, exchange: Exchange) -> Route:
        """Who answers a request, and how. Raises HttpError: 404, 405, 204 for OPTIONS."""
        request = exchange.request
        own = None if request.is_call else self.own.get(request.path)
        exchange.deployment, protocol, route = self.endpoint.find(request) if own is None else _own(exchange, own)
        exchange.protocol, exchange.template, exchange.kind = protocol.name, route.template, route.kind
        return route

    def _refuse(self, exchange: Exchange, error: Exception, reply: Callable[[Response], object]) -> None:
        """Answer that it is not let in: at once, or a little later where very many are not."""
        response = self._refusal(exchange, error)
        held = self.admission.hold_seconds(exchange) if response.status == 429 else 0.0
        if held:
            with contextlib.suppress(RuntimeError):  # there may be no event loop
                asyncio.get_running_loop().call_later(held, self._reply, exchange, response, reply)
                return
        self._reply(exchange, response, reply)

    def refuse(self, request: Request, error: HttpError, reply: Callable[[Response], object]) -> None:
        """Answer a request that cannot be read to its end (a body too large) in the shape of its path's protocol.

        Where not even its head can be read, its path is empty.
        """
        exchange = Exchange(request, self.endpoint.first)
        try:
            self._find(exchange)
        except HttpError as unknown:
            error = unknown if request.path else error
        self._reply(exchange, self._refusal(exchange, error), reply)

    def check_size(self, size: int) -> None:
        """Raises HttpError 413 for a body of more bytes than are taken."""
        if size > self.max_body_bytes:
            fault = Fault(
                what="the body is too large",
                expected=f"at most {self.max_body_bytes} bytes",
                received=f"{size} bytes or more",
                next_step="send several requests, or predict in batch: hagane predict",
            )
            raise HttpError(413, fault)

    def _start(self, exchange: Exchange, route: Predict | Explain, reply: Callable[[Response], object]) -> None:
        """Run it on a thread; here where there is no event loop that would hear of its end."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._leave(exchange, self._predict(route, exchange), reply)
            return
        work = loop.run_in_executor(self._threads, self._predict, route, exchange)
        work.add_done_callback(functools.partial(self._end, exchange, reply))

    def _start_here(self, exchange: Exchange, route: Predict, reply: Callable[[Response], object]) -> None:
        """Run it with what else came in this turn of the event loop, where its rows are plain."""
        try:
            rows = route.decode(exchange.request)
            if len(exchange.request.body) <= MOST_BYTES:
                rows = exchange.deployment.model.typed(rows)
            instances = exchange.instances = rows.instances
            if isinstance(instances, TypedInstances):
                exchange.deployment.batcher.add(Job(exchange, rows, instances, reply, self._end_here))
                return
            exchange.waited_seconds = time.monotonic() - exchange.request.received
            check_deadline(exchange)
            response = exchange.deployment.answer(rows, exchange)
        except Exception as error:
            response = self._refusal(exchange, error)
        self._leave(exchange, response, reply)

    def _end_here(self, job: Job, outcome: Outcome, begin: float, seconds: float) -> None:
        """A request that was run in a batch."""
        exchange = job.exchange
        exchange.waited_seconds = begin - exchange.request.received
        exchange.model_seconds = seconds
        try:
            if isinstance(outcome, Exception):
                raise outcome
            exchange.predictions = outcome
            response = job.rows.encode(outcome)
        except Exception as error:
            response = self._refusal(exchange, error)
        self._leave(exchange, response, job.reply)

    def _end(self, exchange: Exchange, reply: Callable[[Response], object], work: asyncio.Future[Response]) -> None:
        self._leave(exchange, work.result(), reply)

    def _predict(self, route: Predict | Explain, exchange: Exchange) -> Response:
        exchange.waited_seconds = time.monotonic() - exchange.request.received
        try:
            check_deadline(exchange)
            return exchange.deployment.predict(route, exchange)
        except Exception as error:
            return self._refusal(exchange, error)

    def _leave(self, exchange: Exchange, response: Response, reply: Callable[[Response], object]) -> None:
        self.admission.leave(exchange)
        headers = exchange.deployment.headers
        self._reply(exchange, response._replace(headers=response.headers + headers) if headers else response, reply)

    def _reply(self, exchange: Exchange, response: Response, reply: Callable[[Response], object]) -> None:
        reply(response)
        if self.observers:
            self._show(exchange, response)

    def _show(self, exchange: Exchange, response: Response) -> None:
        exchange.response = response
        exchange.seconds = time.monotonic() - exchange.request.received
        for observer in self.observers:
            observer.observe(exchange)

    def _refusal(self, exchange: Exchange, error: Exception) -> Response:
        """The error in the shape of its protocol; of what is no refusal, the log gets the traceback."""
        if not isinstance(error, HttpError):
            error = _internal_error(exchange.request.id, error)
        deployment = exchange.deployment
        protocol = deployment.protocol_named(CALLS if exchange.request.is_call else exchange.protocol)
        protocol = protocol or deployment.protocol_of_root(exchange.request.path)
        try:
            if error.answers is None:
                return protocol.error(error)
            if protocol.name not in error.answers:
                error.answers[protocol.name] = protocol.error(error)
            return error.answers[protocol.name]
        except Exception as second:  # whatever happens, the client gets an answer
            return protocol.error(_internal_error(exchange.request.id, second))


def create_app(
    bundle: Bundle | None = None,
    *,
    endpoint: EndpointPlace | None = None,
    version: str = "1",
    max_body_bytes: int = MAX_BODY_BYTES,
    max_rows: int = MAX_ROWS,
    extra_fields: bool = False,
    protocols: Iterable[str] | None = None,
    overload: OverloadOptions | None = None,
    num_threads: int | None = None,
    watch: WatchOptions | Mapping[str, Any] | None = None,
    security: SecurityOptions | None = None,
    request_log: LogSettings | Mapping[str, Any] | None = None,
) -> App:
    """The ASGI application that serves `bundle`, or the models of an `endpoint`, warmed up. Any ASGI server runs it.

    An endpoint is followed, on a thread, until `App.close` is called. `version` is the model's version, in answers and
    paths. `extra_fields` lets instances have fields that the model does not read. `protocols` are those of
    `hagane.serving.protocols.PROTOCOLS` that are spoken; of two that know a path the first one answers it. What is
    slow or large is run on `num_threads` threads (as many as there are cores), and `overload` says how much may wait;
    `watch`, what is counted and logged; `security`, who is answered. With `request_log` requests are kept, and feedback
    is taken. Raises ServeError for a protocol that does not exist, and a log that cannot be written, StorageError for a
    request log that cannot be opened.
    """
    chosen = choose_protocols(protocols)
    log: RequestLog | None = None

    def deployment_of(bundle: Bundle, **more: Any) -> Deployment:
        decoder = bundle.decoder(extra="ignore") if extra_fields else None
        model = ServedModel(bundle, max_rows=max_rows, decoder=decoder, protocols=chosen, **more)
        return Deployment(model, feedback=log.feedback if log is not None else None)

    def recorded(deployment: Deployment) -> list[dict[str, Any]]:
        return log.recorded(deployment.model.bundle.signature) if log is not None else []

    follower = (
        EndpointFollower(endpoint.open(), deployment_of, trusted_keys(security), recorded=recorded)
        if endpoint is not None
        else None
    )
    log = _open_log(request_log, follower.name if follower is not None else _given(bundle).name)
    num_threads = num_threads or usable_cores()
    admission = AdaptiveAdmission(overload or OverloadOptions(), num_threads)
    served = follower.first() if follower is not None else _alone(deployment_of(_given(bundle), version=version))
    app = App(served, max_body_bytes=max_body_bytes, admission=admission, num_threads=num_threads)
    app.health.ready_when(OverloadObjection(admission))
    secure_app(app, security or SecurityOptions())
    metrics = watch_app(app, watch)
    if log is not None:
        app.observers += (log,) if log.samples else ()
        if metrics is not None:
            metrics.count_log(log)
        app.on_close(log.close)
    if follower is not None:
        follower.follow(app, metrics)
    return app


def _open_log(settings: LogSettings | Mapping[str, Any] | None, model: str) -> RequestLog | None:
    """The log that the settings, or their JSON, tell of."""
    if settings is None:
        return None
    from hagane.serving.request_log.log_settings import LogSettings

    found = settings if isinstance(settings, LogSettings) else msgspec.convert(dict(settings), LogSettings)
    return found.open(model)


def _given(bundle: Bundle | None) -> Bundle:
    """Raises ServeError where there is none."""
    if bundle is None:
        raise ServeError(Fault(what="there is nothing to serve", expected="a bundle, or an endpoint"))
    return bundle


def _alone(deployment: Deployment) -> Endpoint:
    """A bundle that is served by itself."""
    deployment.warm_up()
    return Endpoint(deployment.model.name, (deployment,))


def _check_encoding(request: Request) -> None:
    """Raises HttpError 415 for a body that is compressed."""
    if request.headers[b"content-encoding"].lower() not in (b"identity", b""):
        raise HttpError(415, Fault(what="the body is compressed", expected="Content-Encoding: identity"))


def _own(exchange: Exchange, routes: tuple[Route, ...]) -> tuple[Deployment, Protocol, Route]:
    """What answers a path of the server's own. Raises HttpError: 405, or 204 for OPTIONS."""
    method = "GET" if exchange.request.method == "HEAD" else exchange.request.method
    for route in routes:
        if route.method == method:
            return exchange.deployment, exchange.deployment.protocols[0], route
    raise wrong_method(exchange.request.method, exchange.request.path, [route.method for route in routes])


def _internal_error(request_id: str, error: Exception) -> HttpError:
    """The client gets the id to ask about, the log the traceback."""
    _LOG.error("request %s failed", request_id, exc_info=error)
    fault = Fault(what=f"the server failed on this request; its log knows more under the id {request_id}")
    return HttpError(500, fault, request_id=request_id)

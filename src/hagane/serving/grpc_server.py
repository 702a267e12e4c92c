"""A gRPC server on a port of its own, beside the HTTP one."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from hagane.errors import Fault, ServeError
from hagane.serving.exchange import Exchange, Kind
from hagane.serving.http import HttpError, Request, Response, placed
from hagane.serving.request_id import request_id

if TYPE_CHECKING:
    import grpc

    from hagane.serving.app import App
    from hagane.serving.tls_files import TlsFiles

THREADS = 8
"""How many calls are worked on at once."""
MOST_DETAILS = 4_000
"""Bytes of an error's text: it travels in a header, and clients take 8 KB of headers."""
MOST_CALLS = 1_000
"""How many calls may be there at once, those that wait for a thread included; one more is RESOURCE_EXHAUSTED."""
_CODES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_KINDS: dict[str, Kind] = {"ServerLive": "live", "ServerReady": "ready", "ModelReady": "ready", "ModelInfer": "predict"}

_LOG = logging.getLogger("hagane.serving")


class GrpcServer:
    """Answers `inference.GRPCInferenceService` with what `app` serves, from the moment it is made.

    Port 0 lets the system choose; a `shared` one is that of other processes, too. Raises ServeError where the address
    cannot be listened on, or gRPC is not installed.
    """

    def __init__(self, app: App, host: str, port: int, *, shared: bool = False) -> None:
        grpc = _grpc()
        from hagane.serving.grpc_inference import GrpcInference
        from hagane.serving.grpc_messages import SERVICE, message_class

        self._app = app
        self._loop: asyncio.AbstractEventLoop | None = None
        handlers = {
            name: grpc.unary_unary_rpc_method_handler(
                functools.partial(self._answer, name, call),
                request_deserializer=message_class(f"{name}Request").FromString,
                response_serializer=message_class(f"{name}Response").SerializeToString,
            )
            for name, call in GrpcInference(app).calls.items()
        }
        sizes = [("grpc.max_receive_message_length", app.max_body_bytes), ("grpc.max_send_message_length", -1)]
        self._server = grpc.server(
            ThreadPoolExecutor(THREADS, "hagane-grpc"),
            options=[*sizes, ("grpc.so_reuseport", int(shared))],
            maximum_concurrent_rpcs=MOST_CALLS,
        )
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
        self.address = self._listen(host, port, app.tls)
        self._server.start()

    def _listen(self, host: str, port: int, tls: TlsFiles | None) -> str:
        shown = f"[{host}]" if ":" in host else host
        try:
            where = f"{shown}:{port}"
            server = self._server
            bound = server.add_secure_port(where, _credentials(tls)) if tls else server.add_insecure_port(where)
        except RuntimeError:
            bound = 0
        if not bound:
            next_step = "choose another port: --grpc-port 0 takes any that is free"
            what = f"gRPC cannot listen on port {port}"
            raise ServeError(Fault(what=what, where=f"{host}:{port}", next_step=next_step))
        reached = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, shown)
        return f"{reached}:{bound}"

    def observed_on(self, loop: asyncio.AbstractEventLoop) -> None:
        """Show calls to the observers there, where they are shown everything else."""
        self._loop = loop

    def stop(self, grace_seconds: float) -> Callable[[], object]:
        """Take no more calls, and give those in flight so long. Returns at once; what it returns waits for the end."""
        wait: Callable[[], object] = self._server.stop(grace_seconds).wait
        return wait

    def _answer(self, name: str, call: Callable[[Any, Exchange], Any], request: Any, context: Any) -> Any:
        """What the call answers, when the guards let it in; where it may not, the call is ended with a code."""
        import grpc

        exchange = _exchange(self._app, name, context)
        if not context.is_active():
            context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "the deadline passed before the call could be run")
        context.send_initial_metadata((("x-request-id", exchange.request.id),))
        try:
            for guard in self._app.guards:
                guard.check(exchange)
            if exchange.kind == "live":
                self._app.health.check("live")
            answer = call(request, exchange)
            self._show(exchange, 200)
            return answer
        except HttpError as error:
            code = getattr(grpc.StatusCode, _CODES.get(error.status, "INTERNAL"))
            text = _details([placed(fault) for fault in error.faults])
            self._show(exchange, error.status)
        except Exception:
            _LOG.exception("request %s failed", exchange.request.id)
            code = grpc.StatusCode.INTERNAL
            text = f"the server failed on this request; its log knows more under the id {exchange.request.id}"
            self._show(exchange, 500)
        context.abort(code, text)

    def _show(self, exchange: Exchange, status: int) -> None:
        exchange.response = Response(status, b"", b"application/grpc")
        exchange.seconds = time.monotonic() - exchange.request.received
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended: this call was the last
                self._loop.call_soon_threadsafe(self._observe, exchange)

    def _observe(self, exchange: Exchange) -> None:
        for observer in self._app.observers:
            observer.observe(exchange)


def _credentials(tls: TlsFiles) -> Any:
    """The files' content, asked for again in each handshake."""
    import grpc

    def configuration() -> Any:
        certificate, key, authorities = tls.contents
        return grpc.ssl_server_certificate_configuration([(key, certificate)], authorities)

    seen = tls.contents

    def fetch() -> Any:
        """None while nothing has changed; what cannot be used is refused by the files themselves."""
        nonlocal seen
        tls.look_now_and_then()
        if tls.contents == seen:
            return None
        seen = tls.contents
        return configuration()

    return grpc.dynamic_ssl_server_credentials(
        configuration(), fetch, require_client_authentication=seen[2] is not None
    )


def _exchange(app: App, name: str, context: grpc.ServicerContext) -> Exchange:
    """What will be told of a call; its metadata are a request's headers."""
    from hagane.serving.grpc_messages import SERVICE

    headers = {key.encode(): value.encode() for key, value in context.invocation_metadata() if isinstance(value, str)}
    path = f"/{SERVICE}/{name}"
    request = Request("POST", path, {}, headers, id=request_id(headers))
    return Exchange(request, app.endpoint.first, protocol="grpc", template=path, kind=_KINDS.get(name, "read"))


def _details(lines: list[str]) -> str:
    """As many lines as fit, and how many there are besides.

    >>> _details(["a", "b"]), _details(["x" * 3000] * 6)[-12:]
    ('a\\nb', '(and 2 more)')
    """
    told: list[str] = []
    size = 0
    for line in lines:
        short = line[: max(1, MOST_DETAILS // 4 * len(line) // max(len(quote(line)), 1))]
        size += len(quote(short))
        if told and size > MOST_DETAILS:
            break
        told.append(short)
    more = len(lines) - len(told)
    return "\n".join(told + ([f"(and {more} more)"] if more else []))


def _grpc() -> Any:
    try:
        importlib.import_module("google.protobuf")
        grpc = importlib.import_module("grpc")
    except ImportError:
        next_step = "pip install 'hagane[grpc]'"
        raise ServeError(Fault(what="gRPC is not installed here", where="--grpc-port", next_step=next_step)) from None
    return grpc

"""A gRPC server on a port of its own, beside the HTTP one, on the same event loop."""

from __future__ import annotations

import asyncio
import functools
import importlib
from typing import TYPE_CHECKING, Any

from hagane.errors import Fault, ServeError
from hagane.serving.grpc_codes import code_of
from hagane.serving.http import Request, Response
from hagane.serving.request_id import request_id

if TYPE_CHECKING:
    import grpc

    from hagane.serving.app import App
    from hagane.serving.tls_files import TlsFiles

MOST_CALLS = 1_000
"""How many calls may be there at once, those whose messages are being read included: it bounds the memory of messages.

One more is RESOURCE_EXHAUSTED. Long before, the admission turns away what cannot be answered in time.
"""
_LONGEST = 99_999_999
"""gRPC writes a time with at most 8 digits."""


class GrpcServer:
    """Answers `inference.GRPCInferenceService` with what `app` serves, from `start` to `finish`, on an event loop.

    A call is a `Request` as HTTP's are: it goes the way of `App.handle`. A client that gives its call up, or whose
    deadline passes, has it not run. Port 0 lets the system choose; a `shared` one is that of other processes, too.
    Raises ServeError where gRPC is not installed.
    """

    def __init__(self, app: App, host: str, port: int, *, shared: bool = False) -> None:
        _grpc()
        self._app, self._host, self._port, self._shared = app, host, port, shared
        self._server: grpc.aio.Server | None = None
        self.address = ""
        """`127.0.0.1:41235`, once it was started."""

    async def start(self) -> None:
        """Take calls from now on. Raises ServeError where the address cannot be listened on."""
        grpc = _grpc()
        from hagane.serving.grpc_messages import METHODS, SERVICE
        from hagane.serving.grpc_protocol import call_path

        handlers = {
            name: grpc.unary_unary_rpc_method_handler(functools.partial(self._answer, call_path(name)))
            for name in METHODS
        }
        sizes = [("grpc.max_receive_message_length", self._app.max_body_bytes), ("grpc.max_send_message_length", -1)]
        options = [*sizes, ("grpc.so_reuseport", int(self._shared))]
        server = grpc.aio.server(options=options, maximum_concurrent_rpcs=MOST_CALLS)
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
        self.address = self._listen(server)
        self._server = server
        await server.start()

    async def finish(self, seconds: float) -> None:
        """Take no more calls, and wait for those in flight, at most so long. Twice is as good as once."""
        if self._server is not None:
            await self._server.stop(seconds or None)

    def _listen(self, server: Any) -> str:
        host, tls = self._host, self._app.tls
        shown = f"[{host}]" if ":" in host else host
        try:
            where = f"{shown}:{self._port}"
            bound = server.add_secure_port(where, _credentials(tls)) if tls else server.add_insecure_port(where)
        except RuntimeError:
            bound = 0
        if not bound:
            next_step = "choose another port: --grpc-port 0 takes any that is free"
            what = f"gRPC cannot listen on port {self._port}"
            raise ServeError(Fault(what=what, where=f"{host}:{self._port}", next_step=next_step))
        reached = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, shown)
        return f"{reached}:{bound}"

    async def _answer(self, path: str, body: bytes, context: Any) -> bytes:
        """What the call answers; where that is an error, the call is ended with a code."""
        request = _request(path, body, context)
        answered: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        exchange = self._app.handle(
            request, lambda response: None if answered.done() else answered.set_result(response)
        )
        try:
            response = await answered
        except asyncio.CancelledError:
            exchange.give_up()
            raise
        trailers = _metadata(request, response)
        if response.status == 200:
            context.set_trailing_metadata(trailers)  # initial metadata would be a write of its own
            return response.body
        if path.endswith("Ready") and response.status in (404, 503):
            return b""  # clients want to hear no, not an error: `ready` is false
        code = getattr(_grpc().StatusCode, code_of(response.status))
        await context.abort(code, response.body.decode(), trailers)
        raise AssertionError("a call that was aborted goes on")


def _request(path: str, body: bytes, context: Any) -> Request:
    """A call as a request: its metadata are the headers, its deadline among them."""
    headers = {key.encode(): value.encode() for key, value in context.invocation_metadata() if isinstance(value, str)}
    seconds = context.time_remaining()
    if seconds is not None:
        micros = max(0, round(seconds * 1e6))
        text = f"{micros}u" if micros <= _LONGEST else f"{min(_LONGEST, int(seconds))}S"
        headers[b"grpc-timeout"] = text.encode()
    return Request("POST", path, {}, headers, body, id=request_id(headers), is_call=True)


def _metadata(request: Request, response: Response) -> tuple[tuple[str, str | bytes], ...]:
    """The request's id and the headers as metadata: those whose names end in -bin are bytes."""
    headers = (
        (name.decode(), value if name.endswith(b"-bin") else value.decode("latin-1"))
        for name, value in response.headers
    )
    return ("x-request-id", request.id), *headers


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


def _grpc() -> Any:
    try:
        importlib.import_module("google.protobuf")
        return importlib.import_module("grpc.aio") and importlib.import_module("grpc")
    except ImportError:
        next_step = "pip install 'hagane[grpc]'"
        raise ServeError(Fault(what="gRPC is not installed here", where="--grpc-port", next_step=next_step)) from None

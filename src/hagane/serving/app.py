"""The ASGI application: reads a request whole, finds the path's protocol, and answers."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from hagane.bundle.bundle import Bundle
from hagane.errors import Fault, nearest
from hagane.serving.http import HttpError, Request, Response
from hagane.serving.open_protocols import choose_protocols, open_protocols
from hagane.serving.protocol import Predict, Protocol, Route
from hagane.serving.served_model import MAX_BODY_BYTES, MAX_ROWS, ServedModel

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

INLINE_BYTES = 32_768
"""Bodies up to this size are answered on the event loop; larger ones on a thread, so that nobody waits behind them."""
KNOWN_PATHS = 256
"""How many paths are remembered with what answers them: to match the routes takes longer than to read a small body."""
INLINE_SECONDS = 0.002
"""A model that takes longer than this for a row is always run on a thread."""
WARM_UP_TIMES = 5
"""How often the example is answered before the first request; the shortest time is believed."""

_LOG = logging.getLogger("hagane.serving")


class App:
    """A plain ASGI 3 application for one model. Made by `create_app`."""

    def __init__(self, model: ServedModel, protocols: tuple[Protocol, ...], max_body_bytes: int) -> None:
        self.model = model
        self._protocols = protocols
        self.max_body_bytes = max_body_bytes
        self._inline_bytes = INLINE_BYTES
        self._found: dict[tuple[str, str], tuple[Protocol, Route, dict[str, str]]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection of the server: a request, or the start and end of its life."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            response = await self._respond(scope, receive)
            if response is not None:
                await _send(response, send, head=scope["method"] == "HEAD")

    @property
    def paths(self) -> list[tuple[str, str]]:
        """Every method and path that is answered."""
        routes = [route for protocol in self._protocols for route in protocol.routes]
        return [(route.method, self.model.path(route.template)) for route in routes]

    def warm_up(self) -> None:
        """Answer the example, so that the first request finds everything ready; measures how long that takes."""
        seconds = []
        try:
            for _ in range(WARM_UP_TIMES):
                start = time.perf_counter()
                self.model.predict([self.model.example])
                seconds.append(time.perf_counter() - start)
        except HttpError as error:
            _LOG.warning("the model refuses its own example: %s", "; ".join(fault.what for fault in error.faults))
        else:
            self._inline_bytes = INLINE_BYTES if min(seconds) < INLINE_SECONDS else 0

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    async def _respond(self, scope: Scope, receive: Receive) -> Response | None:
        """The response, or None when the client has gone."""
        protocol = self._protocol_of_root(scope["path"])
        try:
            protocol, route, parameters = self._find(scope["method"], scope["path"])
            headers = {name.lower(): value for name, value in scope["headers"]}
            body = await self._body(headers, receive)
            if body is None:
                return None
            request = Request(scope["method"], scope["path"], parameters, headers, body)
            if not isinstance(route, Predict):
                return route.answer(request)
            if len(body) <= self._inline_bytes:
                return self._predict(route, request)
            return await asyncio.to_thread(self._predict, route, request)
        except HttpError as error:
            return protocol.error(error)
        except Exception:
            return protocol.error(_internal_error())

    def _predict(self, route: Predict, request: Request) -> Response:
        rows = route.decode(request)
        return rows.encode(self.model.answer(rows))

    def _protocol_of_root(self, path: str) -> Protocol:
        """Who refuses a path that nobody knows: the protocol whose paths begin so, or else the first."""
        known = (each for each in self._protocols if any(path.startswith(root) for root in each.roots))
        return next(known, self._protocols[0])

    def _find(self, method: str, path: str) -> tuple[Protocol, Route, dict[str, str]]:
        """The protocol and route of a path. Raises HttpError: 404, 405, or 204 for OPTIONS."""
        found = self._found.get((method, path))
        if found is None:
            found = self._look_for(method, path)
            if len(self._found) < KNOWN_PATHS:
                self._found[method, path] = found
        return found

    def _look_for(self, method: str, path: str) -> tuple[Protocol, Route, dict[str, str]]:
        wanted = "GET" if method == "HEAD" else method
        there = []
        for protocol in self._protocols:
            for route in protocol.routes:
                match = route.pattern.fullmatch(path)
                if match is not None and route.method == wanted:
                    return protocol, route, match.groupdict()
                if match is not None:
                    there.append(route.method)
        raise _wrong_method(method, path, there) if there else self._no_such_path(path)

    def _no_such_path(self, path: str) -> HttpError:
        what = f"there is nothing at {path[:200]!a}"
        near = nearest(path[:200], [known for _, known in self.paths])
        return HttpError(404, Fault(what=what, nearest=near, next_step="GET / tells every path"))

    async def _body(self, headers: dict[bytes, bytes], receive: Receive) -> bytes | None:
        """The whole body; None when the client went away. Raises HttpError: 413 as soon as it is seen, 415."""
        if headers.get(b"content-encoding", b"identity").lower() not in (b"identity", b""):
            raise HttpError(415, Fault(what="the body is compressed", expected="Content-Encoding: identity"))
        told = headers.get(b"content-length", b"")
        if told.isdigit() and int(told[:20]) > self.max_body_bytes:
            raise self._too_large(int(told[:20]))
        chunks, size = [], 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > self.max_body_bytes:
                raise self._too_large(size)
            chunks.append(chunk)
            if not message.get("more_body", False):
                return b"".join(chunks) if len(chunks) > 1 else bytes(chunk)

    def _too_large(self, size: int) -> HttpError:
        fault = Fault(
            what="the body is too large",
            expected=f"at most {self.max_body_bytes} bytes",
            received=f"{size} bytes or more",
            next_step="send several requests, or predict in batch: hagane predict",
        )
        return HttpError(413, fault, headers=((b"connection", b"close"),))


def create_app(
    bundle: Bundle,
    *,
    version: str = "1",
    max_body_bytes: int = MAX_BODY_BYTES,
    max_rows: int = MAX_ROWS,
    extra_fields: bool = False,
    protocols: Iterable[str] | None = None,
) -> App:
    """The ASGI application that serves `bundle`, warmed up. Any ASGI server runs it.

    `version` is the model's version, in answers and paths. `extra_fields` lets instances have fields that the model
    does not read. `protocols` are those of `hagane.serving.protocols.PROTOCOLS` that are spoken; of two that know a
    path the first one answers it. Raises ServeError for a protocol that does not exist.
    """
    decoder = bundle.decoder(extra="ignore") if extra_fields else None
    chosen = choose_protocols(protocols)
    model = ServedModel(bundle, version=version, max_rows=max_rows, decoder=decoder, protocols=chosen)
    app = App(model, open_protocols(model), max_body_bytes)
    app.warm_up()
    return app


def _wrong_method(method: str, path: str, there: list[str]) -> HttpError:
    allowed = sorted({*there, "OPTIONS", *(["HEAD"] if "GET" in there else [])})
    headers = ((b"allow", ", ".join(allowed).encode()),)
    if method == "OPTIONS":
        return HttpError(204, headers=headers)
    fault = Fault(what=f"{ascii(method[:20])[1:-1]} is not for {path}", expected=" or ".join(sorted(set(there))))
    return HttpError(405, fault, headers=headers)


def _internal_error() -> HttpError:
    """Call it while the exception is being handled: the log gets the traceback, the client the id to ask about."""
    request_id = secrets.token_hex(8)
    _LOG.exception("request %s failed", request_id)
    fault = Fault(what=f"the server failed on this request; its log knows more under the id {request_id}")
    return HttpError(500, fault, request_id=request_id)


async def _send(response: Response, send: Send, *, head: bool) -> None:
    empty = response.status == 204
    headers = list(response.headers)
    if not empty:
        headers += [(b"content-length", str(len(response.body)).encode()), (b"content-type", response.content_type)]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head or empty else response.body})

"""`HttpFront`: the HTTP/1.1 server: connections of one listening socket, on an event loop, for one application."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus
from typing import Protocol

from hagane.serving.http import HttpError, Request, Response
from hagane.serving.http_connection import HttpConnection
from hagane.serving.http_limits import HttpLimits
from hagane.serving.request_head import RequestHead
from hagane.serving.shared_listener import SharedListener
from hagane.serving.workers.worker_board import WorkerBoard

CHECK_SECONDS = 0.5
"""How often connections are looked at for what takes too long."""
_CHECKED_AT_ONCE = 256
_KNOWN_HEADS = 1_024
_KNOWN_HEAD_BYTES = 2_048
_KNOWN_PREFIXES = 256
_BREAKS = bytes.maketrans(b"\r\n\0", b"   ")


class Application(Protocol):
    """What answers: `hagane.serving.app.App`."""

    max_body_bytes: int

    def handle(self, request: Request, reply: Callable[[Response], object]) -> object:
        """Answer a request by calling `reply` once, now or later, on the event loop's thread. Raises nothing."""

    def refuse(self, request: Request, error: HttpError, reply: Callable[[Response], object]) -> None:
        """Likewise, a request that cannot be read to its end."""

    def check_size(self, size: int) -> None:
        """Raises HttpError 413 for a body of more than `max_body_bytes`."""


class HttpFront:
    """Serves `app` over HTTP/1.1.

    `start` takes a listening socket. `leave` lets every answer say `Connection: close`, so that clients go elsewhere
    before it ends; `retire` does so, takes no more connections and waits for them to go. A drain is asked for by
    `drain` (at once, without waiting): no more connections are taken, those without a request are closed, the others
    after the answers to what they have begun to send, which say `Connection: close`. `finish` drains, waits until the
    last one is closed, and after some seconds ends what is left. All on the event loop's thread.
    """

    def __init__(self, app: Application, limits: HttpLimits | None = None) -> None:
        self.app = app
        self.limits = limits or HttpLimits()
        self.is_draining = False
        self.is_leaving = False
        """Whether every answer is its connection's last."""
        self.known_heads: dict[bytes, RequestHead] = {}
        """Heads that were read, by their bytes; of requests whose bodies may be taken."""
        self._connections: set[HttpConnection] = set()
        self._listeners: list[SharedListener] = []
        self.prefixes: dict[object, bytes] = {}
        """What answers begin with, by status, content type and headers."""
        self._date = b""
        self._timer: asyncio.TimerHandle | None = None
        self._all_closed: asyncio.Event | None = None

    @property
    def num_connections(self) -> int:
        """How many are open."""
        return len(self._connections)

    async def start(
        self,
        listener: socket.socket,
        tls: ssl.SSLContext | None = None,
        share: tuple[WorkerBoard, int] | None = None,
    ) -> None:
        """Take connections of `listener`, which is listening; several may be given, one after the other.

        With `share` (a board, and the line of this process on it) other processes take connections of it, too.
        """
        self._listeners.append(
            SharedListener(listener, lambda: HttpConnection(self), lambda: len(self._connections), share, tls)
        )
        if self._timer is None:
            self._check()

    def leave(self) -> None:
        """Go on, but let every answer be its connection's last."""
        self.is_leaving = True

    async def retire(self, seconds: float) -> None:
        """Take no more connections, and wait until those that there are have had their last answer, at most so long."""
        self.leave()
        listeners = list(self._listeners)
        self._stop_listening()
        opening = [task for listener in listeners for task in listener.opening]
        if opening:
            await asyncio.wait(opening, timeout=seconds)
        if self._connections:
            self._all_closed = asyncio.Event()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._all_closed.wait(), seconds)

    def drain(self) -> None:
        """Take no more connections, and end those that there are when what was begun is answered."""
        self.is_draining = self.is_leaving = True
        self._stop_listening()
        for connection in list(self._connections):
            connection.drain()

    async def finish(self, seconds: float) -> None:
        """Drain, and wait until all connections are closed; after `seconds` those that are left are cut off."""
        self._all_closed = asyncio.Event()
        self.drain()
        try:
            if self._connections:
                await asyncio.wait_for(self._all_closed.wait(), seconds)
        except TimeoutError:
            for connection in list(self._connections):
                connection.abort()
        finally:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    def _stop_listening(self) -> None:
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()

    # what connections call

    def opened(self, connection: HttpConnection) -> None:
        """A connection is there."""
        self._connections.add(connection)

    def closed(self, connection: HttpConnection) -> None:
        """A connection is gone."""
        self._connections.discard(connection)
        if not self._connections and self._all_closed is not None:
            self._all_closed.set()

    def remember(self, text: bytes, head: RequestHead) -> None:
        """The next head of these bytes need not be parsed."""
        if len(text) <= _KNOWN_HEAD_BYTES and 0 <= head.length <= self.app.max_body_bytes:
            if len(self.known_heads) >= _KNOWN_HEADS:
                self.known_heads.clear()
            self.known_heads[text] = head

    def prefix(self, status: int, content_type: bytes, headers: tuple[tuple[bytes, bytes], ...]) -> bytes:
        """An answer's status line and headers, but those that depend on its body or its connection."""
        key = (status, content_type, headers)
        prefix = self.prefixes.get(key)
        if prefix is None:
            prefix = self._new_prefix(status, content_type, headers)
            if len(self.prefixes) >= _KNOWN_PREFIXES:
                self.prefixes.clear()
            self.prefixes[key] = prefix
        return prefix

    def _new_prefix(self, status: int, content_type: bytes, headers: tuple[tuple[bytes, bytes], ...]) -> bytes:
        lines = [b"HTTP/1.1 %d %b" % (status, _phrase(status)), b"date: " + self._date]
        if status != 204:
            lines.append(b"content-type: " + content_type)
        lines += (name + b": " + value.translate(_BREAKS) for name, value in headers)
        return b"\r\n".join((*lines, b""))

    def _check(self) -> None:
        """Every half second: a new date, and a look at every connection."""
        date = formatdate(usegmt=True).encode("ascii")
        if date != self._date:
            self._date = date
            self.prefixes.clear()
        self._check_some(list(self._connections))
        self._timer = asyncio.get_running_loop().call_later(CHECK_SECONDS, self._check)

    def _check_some(self, connections: list[HttpConnection]) -> None:
        """A few at a time, so that requests need not wait for it."""
        now = time.monotonic()
        for connection in connections[:_CHECKED_AT_ONCE]:
            if connection in self._connections:
                connection.check(now)
                if self.is_draining:
                    connection.drain()
        if len(connections) > _CHECKED_AT_ONCE:
            asyncio.get_running_loop().call_soon(self._check_some, connections[_CHECKED_AT_ONCE:])


def _phrase(status: int) -> bytes:
    try:
        return HTTPStatus(status).phrase.encode("ascii")
    except ValueError:
        return b""

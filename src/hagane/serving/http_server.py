"""`HttpServer`: an event loop with the HTTP front on it, until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import ssl
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import TYPE_CHECKING, Any

from hagane.serving.http_front import Application, HttpFront
from hagane.serving.http_limits import HttpLimits
from hagane.serving.workers.worker_board import WorkerBoard

if TYPE_CHECKING:
    from hagane.serving.grpc_server import GrpcServer

SHUTDOWN_SECONDS = 30
"""How long requests in flight may take to finish."""
LAST_SECONDS = 0.1
"""How long connections that were just made have to send what their clients were about to, when the server ends."""
RETIRE_SECONDS = 10
"""How long connections without a request are waited for, by a server that others take the place of."""


class HttpServer:
    """Serves `app` on listening sockets from `run` until `stop`, or until SIGTERM or SIGINT on the main thread.

    `on_start` is called when connections are taken. A `grpc` server begins and ends with it. What is in flight at the
    end is finished; a second signal does not wait for that. Before the end, for `drain_seconds`, it goes on, so that
    those who watch it can send requests elsewhere: `on_drain` is called, and every answer is its connection's last.
    SIGUSR1 ends it where other processes serve on the same socket (`share`): a client that is sending a request on a
    connection that it keeps open is still answered, and told to open another one.
    """

    def __init__(
        self,
        app: Application,
        *,
        limits: HttpLimits | None = None,
        tls: ssl.SSLContext | None = None,
        grpc: GrpcServer | None = None,
        on_start: Callable[[], object] | None = None,
        on_drain: Callable[[], object] | None = None,
        drain_seconds: float = 0,
        shutdown_seconds: float = SHUTDOWN_SECONDS,
        share: tuple[WorkerBoard, int] | None = None,
    ) -> None:
        self.front = HttpFront(app, limits)
        self.started = threading.Event()
        """Connections are taken."""
        self._tls = tls
        self._grpc = grpc
        self._on_start, self._on_drain = on_start, on_drain
        self._drain_seconds, self._share = drain_seconds, share
        self._is_retiring = False
        self._shutdown_seconds = shutdown_seconds
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._hurry: asyncio.Event | None = None

    def run(self, *listeners: socket.socket) -> None:
        """Serve until the end; all that was begun is answered then."""
        with asyncio.Runner(loop_factory=_new_event_loop) as runner:
            runner.run(self._serve(listeners))

    def stop(self) -> None:
        """Ask it to end; from any thread, any number of times."""
        if self._loop is not None and not self._loop.is_closed():
            with contextlib.suppress(RuntimeError):  # it has just ended by itself
                self._loop.call_soon_threadsafe(self._stop)

    async def _serve(self, listeners: tuple[socket.socket, ...]) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping, self._hurry = asyncio.Event(), asyncio.Event()
        with self._signals(self._loop):
            try:
                await self._start(listeners)
                await self._stopping.wait()
                if not self._is_retiring:
                    await self._drain()
                await self._finish()
            finally:
                if self._grpc is not None:
                    await self._grpc.finish(0)

    async def _start(self, listeners: tuple[socket.socket, ...]) -> None:
        if self._grpc is not None:
            await self._grpc.start()
        for listener in listeners:
            await self.front.start(listener, self._tls, self._share)
        self.started.set()
        if self._on_start is not None:
            self._on_start()

    async def _finish(self) -> None:
        """Both servers stop to take requests at once, and finish theirs side by side."""
        calls = asyncio.ensure_future(self._grpc.finish(self._shutdown_seconds)) if self._grpc is not None else None
        last = RETIRE_SECONDS if self._is_retiring else LAST_SECONDS
        await self._unless_hurried(self.front.retire(last))
        if not await self._unless_hurried(self.front.finish(self._shutdown_seconds)):
            await self.front.finish(0)
        if calls is not None:
            await self._unless_hurried(asyncio.wait_for(calls, None))

    async def _drain(self) -> None:
        """Tell those who watch that it ends, and go on for the time that they need to see it."""
        if self._on_drain is not None:
            self._on_drain()
        if self._drain_seconds:
            self.front.leave()
            await self._unless_hurried(asyncio.sleep(self._drain_seconds))

    async def _unless_hurried(self, work: Coroutine[Any, Any, None]) -> bool:
        """Whether `work` came to its end: a second signal cuts it short."""
        assert self._hurry is not None
        working, hurried = asyncio.ensure_future(work), asyncio.ensure_future(self._hurry.wait())
        await asyncio.wait((working, hurried), return_when=asyncio.FIRST_COMPLETED)
        hurried.cancel()
        if working.done():
            return True
        working.cancel()
        return False

    def _stop(self) -> None:
        assert self._stopping is not None
        self._stopping.set()

    def _on_retire(self) -> None:
        assert self._stopping is not None
        self._is_retiring = self._is_retiring or not self._stopping.is_set()
        self._stopping.set()

    def _on_signal(self) -> None:
        assert self._stopping is not None
        assert self._hurry is not None
        (self._hurry if self._stopping.is_set() else self._stopping).set()

    @contextlib.contextmanager
    def _signals(self, loop: asyncio.AbstractEventLoop) -> Iterator[None]:
        """Signals stop it, on the main thread; the handlers from before come back."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        handlers = {signal.SIGINT: self._on_signal, signal.SIGTERM: self._on_signal}
        if self._share is not None:
            handlers[signal.SIGUSR1] = self._on_retire
        before = {number: signal.getsignal(number) for number in handlers}
        for number, handler in handlers.items():
            loop.add_signal_handler(number, handler)
        try:
            yield
        finally:
            for number, old in before.items():
                loop.remove_signal_handler(number)
                signal.signal(number, old)


def _new_event_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:  # there is none for every platform
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()  # type: ignore[no-any-return]

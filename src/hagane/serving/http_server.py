"""`HttpServer`: an event loop with the HTTP front on it, until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import ssl
import threading
from collections.abc import Callable, Iterator

from hagane.serving.http_front import Application, HttpFront
from hagane.serving.http_limits import HttpLimits

SHUTDOWN_SECONDS = 30
"""How long requests in flight may take to finish."""


class HttpServer:
    """Serves `app` on listening sockets from `run` until `stop`, or until SIGTERM or SIGINT on the main thread.

    `on_start` is called when connections are taken; `on_stop` when that ends, before requests in flight are finished.
    A second signal does not wait for them.
    """

    def __init__(
        self,
        app: Application,
        *,
        limits: HttpLimits | None = None,
        tls: ssl.SSLContext | None = None,
        on_start: Callable[[], object] | None = None,
        on_stop: Callable[[], object] | None = None,
        shutdown_seconds: float = SHUTDOWN_SECONDS,
    ) -> None:
        self.front = HttpFront(app, limits)
        self.started = threading.Event()
        """Connections are taken."""
        self._tls = tls
        self._on_start, self._on_stop = on_start, on_stop
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
            for listener in listeners:
                await self.front.start(listener, self._tls)
            self.started.set()
            if self._on_start is not None:
                self._on_start()
            await self._stopping.wait()
            if self._on_stop is not None:
                self._on_stop()
            finishing = asyncio.ensure_future(self.front.finish(self._shutdown_seconds))
            hurried = asyncio.ensure_future(self._hurry.wait())
            await asyncio.wait((finishing, hurried), return_when=asyncio.FIRST_COMPLETED)
            hurried.cancel()
            if not finishing.done():
                await self.front.finish(0)
                await finishing

    def _stop(self) -> None:
        assert self._stopping is not None
        self._stopping.set()

    def _on_signal(self) -> None:
        assert self._stopping is not None
        assert self._hurry is not None
        (self._hurry if self._stopping.is_set() else self._stopping).set()

    @contextlib.contextmanager
    def _signals(self, loop: asyncio.AbstractEventLoop) -> Iterator[None]:
        """SIGINT and SIGTERM stop it, on the main thread; the handlers from before come back."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.getsignal(number) for number in numbers}
        for number in numbers:
            loop.add_signal_handler(number, self._on_signal)
        try:
            yield
        finally:
            for number, handler in before.items():
                loop.remove_signal_handler(number)
                signal.signal(number, handler)


def _new_event_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:  # there is none for every platform
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()  # type: ignore[no-any-return]

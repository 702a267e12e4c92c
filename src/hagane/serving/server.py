"""Run the application: in the foreground until a signal, or on a thread of this process."""

from __future__ import annotations

import contextlib
import functools
import os
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from hagane.bundle.bundle import Bundle
from hagane.errors import Fault, ServeError
from hagane.serving.app import App, create_app
from hagane.serving.http_server import HttpServer
from hagane.serving.listen import listen, url_of
from hagane.serving.serve_on import grpc_beside, serve_on


def serve(
    path: str | Path | None = None,
    *,
    host: str | None = None,
    port: int | None = None,
    grpc_port: int | None = None,
    metrics_port: int | None = None,
    announce: Callable[[str], None] | None = None,
    workers: int = 1,
    max_requests: int | None = None,
    drain_seconds: float = 0,
    **options: Any,
) -> None:
    """Serve the bundle at `path` until SIGTERM or Ctrl+C; requests in flight are finished, then it returns.

    Without a `path` the option `endpoint` is served. Where both are not given `path` is AIP_STORAGE_URI (a local
    folder); `port` is AIP_HTTP_PORT or 8080, and `host` the loopback, or every address where AIP_HTTP_PORT says that
    this is a serving container. With a `grpc_port` the Open Inference Protocol is spoken there over gRPC, too.
    With a `metrics_port` metrics are told there, and not beside predictions.
    `announce` gets the start message once the server listens (standard output by default). `workers` processes share
    the port; one that ends is replaced, and so is one that has answered `max_requests`. After SIGTERM it goes on for
    `drain_seconds` without being ready. `options` are `create_app`'s. Raises BundleError for a bundle that does not
    load and ServeError for an address that cannot be listened on.
    """
    path = _storage_path() if path is None and options.get("endpoint") is None else path
    container = "AIP_HTTP_PORT" in os.environ
    host = host or ("0.0.0.0" if container else "127.0.0.1")
    with contextlib.closing(listen(host, _port() if port is None else port)) as listener:
        more: dict[str, Any] = {
            "announce": announce or _print,
            "grpc_address": None if grpc_port is None else (host, grpc_port),
            "drain_seconds": drain_seconds,
        }
        with _metrics_beside(host, metrics_port, options) as told:
            if workers == 1 and max_requests is None:
                serve_on(listener, path, **more, **told)
                return
            from hagane.serving.workers.serve_with_workers import serve_with_workers

            serve_with_workers(listener, path, workers, max_requests=max_requests, options=told, **more)


class ServerThread:
    """A server on a thread of this process, for tests, notebooks and demonstrations.

    It listens when the `with` block begins and has answered what it took when the block ends.

        with ServerThread(bundle) as server:
            httpx.post(server.url + "/predict", json={"instances": [...]})

    `start` and `stop` do the same where there is no block. With a `grpc_port` (0 for any) it answers gRPC at
    `grpc_address`, too.
    """

    def __init__(
        self,
        bundle: Bundle | str | Path | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        grpc_port: int | None = None,
        **options: Any,
    ) -> None:
        self._bundle = Bundle.load(bundle) if isinstance(bundle, str | Path) else bundle
        self._address, self._grpc_port, self._options = (host, port), grpc_port, options
        self._ends = contextlib.ExitStack()
        self.grpc_address = ""
        """`127.0.0.1:41235`, where gRPC is spoken."""
        self.app: App | None = None
        """What answers, once it was started."""
        self._listener: socket.socket | None = None
        self._server: HttpServer | None = None
        self._thread: threading.Thread | None = None
        self._failure: ServeError | None = None

    def start(self) -> Self:
        """Begin to serve. Raises ServeError."""
        app = self.app = create_app(self._bundle, **self._options)
        self._ends.enter_context(contextlib.closing(app))
        grpc_address = None if self._grpc_port is None else (self._address[0], self._grpc_port)
        try:
            self._listener = self._ends.enter_context(contextlib.closing(listen(*self._address)))
            app.url = self.url
            grpc = grpc_beside(app, grpc_address)
        except BaseException:
            self._ends.close()
            raise
        tls = app.tls.context if app.tls is not None else None
        self._server = HttpServer(app, tls=tls, grpc=grpc, on_start=app.start)
        run = functools.partial(self._run, self._server, self._listener)
        self._thread = threading.Thread(target=run, name="hagane-server", daemon=True)
        self._thread.start()
        while not self._server.started.wait(0.1):
            if not self._thread.is_alive():
                self._ends.close()
                raise self._failure or ServeError("the server's thread ended before it began; see the log")
        self.grpc_address = grpc.address if grpc else ""
        return self

    def _run(self, server: HttpServer, listener: socket.socket) -> None:
        try:
            server.run(listener)
        except ServeError as error:
            self._failure = error

    def stop(self) -> None:
        """Finish what is in flight, and close the socket. Twice is as good as once."""
        if self._server is not None and self._thread is not None and self._listener is not None:
            self._server.stop()
            self._thread.join()
            self._ends.close()
            self._server = None

    @property
    def url(self) -> str:
        """`http://127.0.0.1:41234`."""
        assert self._listener is not None, "the server was not started"
        return url_of(self._listener, is_encrypted=self.app is not None and self.app.tls is not None)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


@contextlib.contextmanager
def _metrics_beside(host: str, port: int | None, options: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The options of a server whose metrics are told on a port of their own, where there is one. Raises ServeError."""
    if port is None:
        yield options
        return
    from hagane.serving.metrics.metrics_port import metrics_port
    from hagane.serving.watch_app import WatchOptions

    with (
        tempfile.TemporaryDirectory(prefix="hagane-metrics-") as folder,
        contextlib.closing(listen(host, port)) as listener,
        metrics_port(listener, Path(folder)),
    ):
        watch = options.get("watch") or WatchOptions()
        yield {**options, "watch": msgspec.structs.replace(watch, metrics_folder=folder, metrics_path=False)}


def _port() -> int:
    text = os.environ.get("AIP_HTTP_PORT", "8080")
    if not text.isdigit() or int(text) > 65535:
        raise ServeError(
            Fault(what="AIP_HTTP_PORT is no port", expected="a number from 0 to 65535", received=repr(text))
        )
    return int(text)


def _storage_path() -> str:
    uri = os.environ.get("AIP_STORAGE_URI", "")
    if not uri or (":" in uri and not uri.startswith("file://")):
        raise ServeError(
            Fault(
                what="no bundle to serve" if not uri else "only a bundle on a local disk can be served",
                where="AIP_STORAGE_URI" if uri else "",
                expected="the path of a bundle, as an argument or in AIP_STORAGE_URI",
                received=uri,
                next_step="copy the bundle to this machine first" if uri else "name one: hagane serve MODEL",
            )
        )
    return uri.removeprefix("file://")


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()

"""`monitor_port`: what monitoring finds, told to Prometheus on a port of its own."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

import msgspec

from hagane.serving.http import HttpError, Request, Response
from hagane.serving.http_server import HttpServer
from hagane.serving.listen import listen, url_of
from hagane.serving.metrics.exposition import choose_format
from hagane.workflow.monitor_metrics import MonitorMetrics

HOST = "127.0.0.1"
MAX_BODY_BYTES = 10_000
_PATHS = ("/metrics", "/healthz")


class _App:
    """Answers `GET /metrics` and `/healthz`."""

    max_body_bytes = MAX_BODY_BYTES

    def __init__(self, metrics: MonitorMetrics) -> None:
        self._metrics = metrics

    def handle(self, request: Request, reply: Callable[[Response], object]) -> None:
        """Answer a request by calling `reply` once."""
        if request.path not in _PATHS or request.method not in ("GET", "HEAD"):
            status = 404 if request.path not in _PATHS else 405
            reply(_refused(status, f"GET {' and '.join(_PATHS)} are all that there is"))
        elif request.path == "/healthz":
            reply(Response(200, b'{"status":"ok"}'))
        else:
            form = choose_format(request.headers.get(b"accept", b""))
            reply(Response(200, self._metrics.text(form), form.content_type))

    def refuse(self, request: Request, error: HttpError, reply: Callable[[Response], object]) -> None:
        """Likewise, a request that cannot be read to its end."""
        reply(_refused(error.status, error.text))

    def check_size(self, size: int) -> None:
        """Raises HttpError 413: nobody needs a body to ask."""
        if size > self.max_body_bytes:
            raise HttpError(413)


@contextlib.contextmanager
def monitor_port(metrics: MonitorMetrics, port: int) -> Iterator[str]:
    """Answer on the loopback's `port` (0: any that is free), on a thread, while the block lasts; the address of it.

    Raises ServeError where the port is taken.
    """
    with contextlib.closing(listen(HOST, port)) as listener:
        server = HttpServer(_App(metrics), shutdown_seconds=1)
        thread = threading.Thread(target=server.run, args=(listener,), name="hagane-metrics", daemon=True)
        thread.start()
        try:
            server.started.wait()
            yield f"{url_of(listener)}/metrics"
        finally:
            server.stop()
            thread.join()


def _refused(status: int, text: str) -> Response:
    return Response(status, msgspec.json.encode({"error": text}))

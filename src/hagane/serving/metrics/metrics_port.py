"""`metrics_port`: what all processes of a server count, told on a port of its own."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from hagane.serving.http import HttpError, Request, Response
from hagane.serving.http_server import HttpServer
from hagane.serving.metrics.metrics_response import metrics_response
from hagane.serving.metrics.read_cells import read_cells

MAX_BODY_BYTES = 10_000


class MetricsApp:
    """Answers `GET /metrics`, and nothing else, from the folder in which a server's processes count."""

    max_body_bytes = MAX_BODY_BYTES

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def handle(self, request: Request, reply: Callable[[Response], object]) -> None:
        """Answer a request by calling `reply` once."""
        if request.path != "/metrics":
            reply(_refused(404, "GET /metrics is all that there is"))
        elif request.method not in ("GET", "HEAD"):
            reply(_refused(405, "GET /metrics is all that there is"))
        else:
            reply(metrics_response(read_cells(self._folder), request))

    def refuse(self, request: Request, error: HttpError, reply: Callable[[Response], object]) -> None:
        """Likewise, a request that cannot be read to its end."""
        reply(_refused(error.status, error.text))

    def check_size(self, size: int) -> None:
        """Raises HttpError 413: nobody needs a body to ask."""
        if size > self.max_body_bytes:
            raise HttpError(413)


@contextlib.contextmanager
def metrics_port(listener: socket.socket, folder: Path) -> Iterator[None]:
    """Answer on `listener`, on a thread, while the block lasts."""
    server = HttpServer(MetricsApp(folder), shutdown_seconds=1)
    thread = threading.Thread(target=server.run, args=(listener,), name="hagane-metrics", daemon=True)
    thread.start()
    try:
        server.started.wait()
        yield
    finally:
        server.stop()
        thread.join()


def _refused(status: int, text: str) -> Response:
    return Response(status, msgspec.json.encode({"error": text}))

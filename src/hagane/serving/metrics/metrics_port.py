"""`metrics_port`: what all processes of a server count, told on a port of its own."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from hagane.serving.http import HttpError, Request, Response
from hagane.serving.http_server import HttpServer
from hagane.serving.metrics.families import LOOP_TIME, READY
from hagane.serving.metrics.metrics_response import metrics_response
from hagane.serving.metrics.read_cells import read_cells

MAX_BODY_BYTES = 10_000


STILL_SECONDS = 15.0
"""An event loop that has not turned for so long answers nobody; it tells of itself every second."""
_PATHS = ("/metrics", "/healthz", "/readyz")


class MetricsApp:
    """Answers `GET /metrics`, `/healthz` and `/readyz`, from the folder in which a server's processes count.

    The server is ready while any of its processes is, and lives while the event loop of any turns; one that has told
    nothing yet is being started. Nobody needs a certificate or a token here.
    """

    max_body_bytes = MAX_BODY_BYTES

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def handle(self, request: Request, reply: Callable[[Response], object]) -> None:
        """Answer a request by calling `reply` once."""
        if request.path not in _PATHS:
            reply(_refused(404, f"GET {', '.join(_PATHS)} are all that there is"))
        elif request.method not in ("GET", "HEAD"):
            reply(_refused(405, f"GET {', '.join(_PATHS)} are all that there is"))
        elif request.path == "/metrics":
            reply(metrics_response(read_cells(self._folder), request))
        else:
            reply(self._probe(request.path == "/readyz"))

    def _probe(self, is_ready_asked: bool) -> Response:
        """Whether any process is ready, or lives."""
        told = [
            {series.family: series.cells[0] for series in each.series if series.family in (READY.name, LOOP_TIME.name)}
            for each in read_cells(self._folder)
            if each.is_live
        ]
        known = [each for each in told if each.get(LOOP_TIME.name)]
        turning = [each for each in known if time.time() - each[LOOP_TIME.name] < STILL_SECONDS]
        if is_ready_asked and not any(each.get(READY.name) for each in turning):
            return _refused(503, "no process of the server is ready")
        if known and not turning:
            return _refused(503, "no event loop of the server turns")
        return Response(200, b'{"status":"ok"}')

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

"""`AccessLog`: a line of JSON for each request, written off the way of requests."""

from __future__ import annotations

import logging
import os
import stat
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from hagane.errors import Fault, ServeError
from hagane.serving.exchange import Exchange

STDERR = "-"
MOST_WAITING = 20_000
"""Lines that wait to be written; what comes beyond is dropped, and counted."""
WRITE_SECONDS = 0.2
MOST_PATH = 1_000

_LOG = logging.getLogger("hagane.serving")


class AccessLine(msgspec.Struct, frozen=True):
    """What is told of a request: never a body, a header, or what stands behind `?`."""

    time: str
    id: str
    method: str
    path: str
    status: int | None
    """None where the client went away first."""
    bytes: int
    """Of the answer's body."""
    ms: float
    endpoint: str
    model: str
    version: str
    protocol: str
    kind: str
    rows: int | None
    """Rows that were predicted; None where none were asked for, or they were refused."""


class AccessLog:
    """An observer that appends to a file, or to standard error (`-`).

    Several processes may append to one file: lines are written whole. A file that was renamed or removed (logrotate) is
    made anew within a second; no signal is needed. Raises ServeError for a file that cannot be written.
    """

    def __init__(self, path: str, endpoint: str, on_drop: Callable[[int], object] = lambda count: None) -> None:
        self._path = None if path == STDERR else Path(path)
        self._endpoint = endpoint
        self._on_drop = on_drop
        self._waiting: deque[tuple[Any, ...]] = deque()
        self._dropped = 0
        self._has_failed = False
        self._file = self._open()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._work, name="hagane-access-log", daemon=True)
        self._thread.start()

    def observe(self, exchange: Exchange) -> None:
        """Keep what is told of it, and no more: an exchange may hold megabytes."""
        if len(self._waiting) >= MOST_WAITING:
            self._dropped += 1
            return
        request, response, model = exchange.request, exchange.response, exchange.deployment.model
        status, size = (response.status, len(response.body)) if response is not None else (None, 0)
        rows = None if exchange.predictions is None else len(exchange.predictions)
        asked = (time.time(), request.id, request.method, request.path, status, size, exchange.seconds)
        self._waiting.append((*asked, model.bundle.name, model.version, exchange.protocol, exchange.kind, rows))

    def close(self) -> None:
        """Write what waits, and end."""
        self._end.set()
        self._thread.join()
        if self._path is not None:
            os.close(self._file)

    def _work(self) -> None:
        while not self._end.wait(WRITE_SECONDS):
            self._write()
        self._write()

    def _write(self) -> None:
        dropped, self._dropped = self._dropped, 0
        if dropped:
            self._on_drop(dropped)
        lines = [self._line(self._waiting.popleft()) for _ in range(len(self._waiting))]
        try:
            if lines and self._path is not None and self._was_moved():
                before, self._file = self._file, self._open()
                os.close(before)  # not sooner: a number that is closed may be a client's connection next
            content = memoryview(b"".join(lines))
            while content:
                content = content[os.write(self._file, content) :]
            self._has_failed = False
        except (OSError, ServeError) as error:
            self._on_drop(len(lines))
            if not self._has_failed:
                _LOG.warning("the access log cannot be written, its lines are lost until it can: %s", error)
            self._has_failed = True

    def _line(self, entry: tuple[Any, ...]) -> bytes:
        ended, named, method, path, status, size, seconds, model, version, protocol, kind, rows = entry
        line = AccessLine(
            time=datetime.fromtimestamp(ended, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
            id=named,
            method=_plain(method[:20]),
            path=_plain(path[:MOST_PATH]),
            status=status,
            bytes=size,
            ms=round(seconds * 1000, 3),
            endpoint=self._endpoint,
            model=model,
            version=version,
            protocol=protocol,
            kind=kind,
            rows=rows,
        )
        return msgspec.json.encode(line) + b"\n"

    def _open(self) -> int:
        if self._path is None:
            return sys.stderr.fileno()
        try:
            return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except OSError as error:
            what = f"the access log cannot be opened: {error.strerror}"
            raise ServeError(
                Fault(what=what, where=str(self._path), next_step="name a file that can be made")
            ) from None

    def _was_moved(self) -> bool:
        assert self._path is not None
        here = os.fstat(self._file)
        if not stat.S_ISREG(here.st_mode):  # a pipe, /dev/stdout
            return False
        try:
            there = os.stat(self._path)
        except FileNotFoundError:
            return True
        return (here.st_dev, here.st_ino) != (there.st_dev, there.st_ino)


def _plain(text: str) -> str:
    """Halves of surrogate pairs, which a path may hold and UTF-8 may not, as escapes."""
    return text.encode("utf-8", "backslashreplace").decode()

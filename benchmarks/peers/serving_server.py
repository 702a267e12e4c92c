"""`ServingServer`: a contender of `benchmarks/serving.py` in processes of its own, from its start to its end."""

from __future__ import annotations

import contextlib
import json
import math
import os
import secrets
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any, Self

from peers.contender import MODULES
from peers.serving_case import Case
from peers.serving_contenders import Contender
from peers.serving_load import HOST, Pair, bound_to

START_SECONDS = 120
MARK = "HAGANE_BENCHMARK_SERVER"
"""An environment variable by which the processes of a server are known, wherever they have gone."""
TOLERANCE = 1e-5


class ServingServer:
    """Listens, and answers rightly, within the `with` block. Raises RuntimeError where it does not."""

    def __init__(self, contender: Contender, python: Path | str, case: Case, core: int | None) -> None:
        self._contender, self._case = contender, case
        self._mark = secrets.token_hex(8)
        self._log = case.folder / f"{''.join(c if c.isalnum() else '_' for c in contender.name)}.log"
        self.port = free_port()
        self.pairs: list[Pair] = []
        """The requests, with the bodies that answered them; each was compared with what the model's library says."""
        self._command = [*bound_to(None if contender.every_core else core), *contender.command(python, case, self.port)]

    def __enter__(self) -> Self:
        environment = os.environ | {MARK: self._mark, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        environment["PYTHONPATH"] = os.pathsep.join([str(MODULES), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                self._command, cwd=self._case.folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        try:
            self._wait()
            self.pairs = [self._checked(row, right) for row, right in
                          zip(self._case.rows, self._contender.right(self._case), strict=True)]  # fmt: skip
        except ValueError as error:
            self.__exit__()
            raise RuntimeError(f"{self._contender.name}: {error}\n{self._tail()}") from error
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Politely, then by force, its offspring too."""
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        for process in marked(self._mark):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self._process.kill()
        self._process.wait()

    def cpu_seconds(self) -> float:
        """Of all its processes until now; NaN where there is no /proc."""
        processes = marked(self._mark)
        return sum(map(cpu_seconds, processes)) if processes else math.nan

    def _wait(self) -> None:
        end = time.monotonic() + START_SECONDS
        request = self._request(self._case.rows[0])
        while time.monotonic() < end:
            if self._process.poll() is not None:
                raise RuntimeError(f"{self._contender.name} ended at its start:\n{self._tail()}")
            with contextlib.suppress(OSError, ValueError):
                if exchange(self.port, request)[0] == 200:
                    return
            time.sleep(0.05)
        raise RuntimeError(f"{self._contender.name} does not answer:\n{self._tail()}")

    def _tail(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-8:])

    def _request(self, row: dict[str, Any]) -> bytes:
        body = json.dumps(self._contender.body(row), separators=(",", ":")).encode()
        head = f"POST {self._contender.path} HTTP/1.1\r\nHost: {HOST}:{self.port}\r\nContent-Type: application/json\r\n"
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body

    def _checked(self, row: dict[str, Any], right: float) -> Pair:
        request = self._request(row)
        status, body = exchange(self.port, request)
        if self._contender.read is None:
            is_right, found = status == 200 and body == b"hello", body
        else:
            found = self._contender.read(json.loads(body), self._case) if status == 200 else body
            is_right = status == 200 and math.isclose(found, right, abs_tol=TOLERANCE)
        if not is_right:
            raise RuntimeError(f"{self._contender.name} answers {status}, {found!r} where {right!r} is right")
        return request, body


def exchange(port: int, request: bytes) -> tuple[int, bytes]:
    """Status and body of one request over a connection of its own. Raises OSError, ValueError for what is no answer."""
    with socket.create_connection((HOST, port), timeout=30) as connection:
        connection.sendall(request)
        stream = connection.makefile("rb")
        first = stream.readline().split()
        if len(first) < 2:
            raise ConnectionError("closed without an answer")
        size = -1
        while (line := stream.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            size = int(value) if name.lower() == b"content-length" else size
        if size < 0:
            raise ValueError("an answer without Content-Length")
        return int(first[1]), stream.read(size)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def marked(mark: str) -> list[int]:
    """The processes whose environment holds the mark: those that a server's process started, and theirs."""
    wanted, found = f"{MARK}={mark}".encode(), []
    for place in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if wanted in place.read_bytes().split(b"\0"):
                found.append(int(place.parent.name))
    return found


def cpu_seconds(process: int) -> float:
    """Processor time that a process has used, its threads' and that of children who have ended."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")

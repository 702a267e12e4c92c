"""`offer_load`: what a server makes of so many connections, or of so many requests a second."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from peers.environment import CACHE

SOURCE = Path(__file__).with_name("serving_load.c")
FALLBACK = Path(__file__).with_name("serving_load_fallback.py")
HOST = "127.0.0.1"

Pair = tuple[bytes, bytes]
"""A request as it goes over the wire, and the body that answers it."""


@dataclass(frozen=True)
class Load:
    """What came of it. Latencies are those of all requests but refused ones; those without an answer are included."""

    seconds: float
    right: int
    """Answered with 200 and the very bytes that were expected."""
    wrong: int
    refused: int
    """429 and 503."""
    failed: int
    unanswered: int
    """Of an open loop: what had no answer two seconds after its end."""
    p50_ms: float
    p99_ms: float
    p999_ms: float
    max_ms: float
    generator_share: float
    """Of a core, by the generator: near 1 it is what limits, not the server."""

    @property
    def requests_per_second(self) -> float:
        return self.right / self.seconds


def offer_load(
    port: int, pairs: Sequence[Pair], *, connections: int, seconds: float, rate: float = 0, core: int | None = None
) -> Load:
    """A closed loop, or with a `rate` an open one, from a process of its own that is bound to `core`.

    Raises CalledProcessError where the generator ended in a fault: the server refused a connection.
    """
    with tempfile.NamedTemporaryFile() as file:
        for request, body in pairs:
            file.write(struct.pack("<II", len(request), len(body)) + request + body)
        file.flush()
        arguments = [HOST, str(port), file.name, str(connections), str(seconds), str(rate)]
        done = subprocess.run(
            [*bound_to(core), *generator(), *arguments], check=True, stdout=subprocess.PIPE, text=True
        )
    return Load(**json.loads(done.stdout))


def bound_to(core: int | None) -> list[str]:
    """The beginning of a command that runs on one core, where there is `taskset`."""
    return ["taskset", "-c", str(core)] if core is not None and shutil.which("taskset") else []


@functools.cache
def generator() -> list[str]:
    """Its command: the C program, compiled at its first use, or the same in Python."""
    compiler = os.environ.get("CC") or shutil.which("cc")
    if not compiler or not sys.platform.startswith("linux"):
        return [sys.executable, str(FALLBACK)]
    program = CACHE / f"serving_load-{hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]}"
    if not program.exists():
        program.parent.mkdir(parents=True, exist_ok=True)
        aside = program.with_suffix(f".{os.getpid()}")
        subprocess.run([compiler, "-O2", "-o", str(aside), str(SOURCE)], check=True)
        aside.replace(program)
    return [str(program)]


def wrk_rate(port: int, request: bytes, *, connections: int, seconds: float, core: int | None = None) -> float | None:
    """Requests/s of the same closed loop by wrk, one request over and over; None where it is not installed.

    Raises RuntimeError where wrk saw errors.
    """
    if not shutil.which("wrk"):
        return None
    head, _, body = request.partition(b"\r\n\r\n")
    first, *fields = head.decode().split("\r\n")
    method, path, _ = first.split(" ")
    told = "".join(f"wrk.headers[{json.dumps(n)}] = {json.dumps(v)}\n" for n, v in (f.split(": ", 1) for f in fields))
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(f"wrk.method = {json.dumps(method)}\nwrk.body = [==[{body.decode()}]==]\n{told}")
        script.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "-s", script.name]
        done = subprocess.run(
            [*bound_to(core), *command, f"http://{HOST}:{port}{path}"], check=True, stdout=subprocess.PIPE, text=True
        )
    found = re.search(r"Requests/sec:\s*([\d.]+)", done.stdout)
    if not found or "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise RuntimeError(f"wrk could not measure:\n{done.stdout}")
    return float(found[1])

"""`serving_load.c` in Python, for machines without a compiler or epoll: the same arguments, the same line of JSON.

On uvloop where there is one. It needs several times the processor time a request, so that its figures say less about
fast servers: `benchmarks/serving.py` tells what share of a core the load took. A connection that the server closes
stays closed.
"""

from __future__ import annotations

import asyncio
import json
import resource
import struct
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

DRAIN_SECONDS = 2.0


@dataclass
class Told:
    right: int = 0
    wrong: int = 0
    refused: int = 0
    failed: int = 0
    unanswered: int = 0
    latencies: list[float] = field(default_factory=list)


class Connection(asyncio.Protocol):
    """One that stays open; `free` is called with it whenever it may send again."""

    def __init__(self, load: Load) -> None:
        self.load, self.due, self.body, self.busy = load, 0.0, b"", False
        self.buffer = bytearray()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def ask(self, due: float) -> None:
        request, self.body = next(self.load.pairs)
        self.due, self.busy = due, True
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, blank, body = bytes(self.buffer).partition(b"\r\n\r\n")
        if not blank:
            return
        fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:])
        size = int(fields[b"content-length"])
        if len(body) < size:
            return
        self.buffer.clear()
        self.busy = False
        self.load.count(head[9:12], body == self.body, time.perf_counter() - self.due)
        self.load.free(self)

    def connection_lost(self, error: Exception | None) -> None:
        if self.busy:
            self.load.told.failed += 1


class Load:
    """A closed loop at rate 0, or an open one."""

    def __init__(self, pairs: list[tuple[bytes, bytes]], seconds: float, rate: float) -> None:
        self.pairs: Iterator[tuple[bytes, bytes]] = cycle(pairs)
        self.seconds, self.rate, self.told = seconds, rate, Told()
        self.idle: list[Connection] = []
        self.end = 0.0

    def count(self, status: bytes, same: bool, latency: float) -> None:
        name = {b"200": "right" if same else "wrong", b"429": "refused", b"503": "refused"}.get(status, "failed")
        setattr(self.told, name, getattr(self.told, name) + 1)
        if name != "refused":
            self.told.latencies.append(latency)

    def free(self, connection: Connection) -> None:
        if self.rate:
            self.idle.append(connection)
        elif (begun := time.perf_counter()) < self.end:
            connection.ask(begun)

    async def run(self, host: str, port: int, count: int) -> float:
        """How long it took, in seconds."""
        loop = asyncio.get_running_loop()
        made = [(await loop.create_connection(lambda: Connection(self), host, port))[1] for _ in range(count)]
        begun = time.perf_counter()
        self.end = begun + self.seconds
        for connection in made:
            self.free(connection)
        if self.rate:
            await self._keep_the_schedule(begun, made)
        else:
            await asyncio.sleep(self.seconds)
        return time.perf_counter() - begun

    async def _keep_the_schedule(self, begun: float, made: list[Connection]) -> None:
        sent, total = 0, int(self.rate * self.seconds)
        while (now := time.perf_counter()) < self.end + DRAIN_SECONDS and (sent < total or any(c.busy for c in made)):
            while self.idle and sent < total and begun + sent / self.rate <= now:
                self.idle.pop().ask(begun + sent / self.rate)
                sent += 1
            await asyncio.sleep(0)
        dues = [each.due for each in made if each.busy] + [begun + each / self.rate for each in range(sent, total)]
        self.told.unanswered = len(dues)
        self.told.latencies += [now - due for due in dues]


def read_pairs(content: bytes) -> list[tuple[bytes, bytes]]:
    pairs, place = [], 0
    while place < len(content):
        request, body = struct.unpack_from("<II", content, place)
        middle, place = place + 8 + request, place + 8 + request + body
        pairs.append((content[middle - request : middle], content[middle:place]))
    return pairs


def main(arguments: list[str]) -> None:
    host, port, pairs, connections, seconds, rate = arguments
    try:
        from uvloop import run
    except ImportError:
        from asyncio import run
    load = Load(read_pairs(Path(pairs).read_bytes()), float(seconds), float(rate))
    before = resource.getrusage(resource.RUSAGE_SELF)
    took = run(load.run(host, int(port), int(connections)))
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    ordered = sorted(load.told.latencies) or [0.0]
    counts = {name: value for name, value in vars(load.told).items() if name != "latencies"}
    places = {"p50_ms": 0.5, "p99_ms": 0.99, "p999_ms": 0.999, "max_ms": 1}
    times = {name: ordered[min(int(share * len(ordered)), len(ordered) - 1)] * 1000 for name, share in places.items()}
    print(json.dumps({"seconds": took, **counts, **times, "generator_share": cpu / took}))


if __name__ == "__main__":
    main(sys.argv[1:])

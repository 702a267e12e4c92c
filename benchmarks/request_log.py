"""What a request log costs a server: python benchmarks/request_log.py

One row of 15 columns (10 numbers, 5 texts) a request, 64 requests at once as from 64 connections, through `App.handle`
on one event loop, without a socket: what is measured is all that a server does but HTTP, so the share of the log is
larger than in a server. In turns: no log, a tenth, everything, everything with two columns hashed. Rates are of
processor time: of the event loop and of the log's thread together, as on one core.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

import hagane as hg
from hagane.serving import create_app
from hagane.serving.app import App
from hagane.serving.http import Request, Response
from hagane.serving.request_log.log_options import LogOptions
from hagane.serving.request_log.log_settings import LogSettings
from hagane.serving.request_log.request_log import RequestLog

TURNS = 5
SECONDS = 2.0
AT_ONCE = 64
CASES: dict[str, LogOptions | None] = {
    "no log": None,
    "a tenth": LogOptions(rate=0.1),
    "everything": LogOptions(rate=1.0),
    "two columns hashed": LogOptions(rate=1.0, sensitive={"s0": "hash", "s1": "hash"}),
}


def main() -> None:
    with contextlib.suppress(AttributeError):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # one core, as a worker has
    with tempfile.TemporaryDirectory() as folder:
        bundle = trained(Path(folder))
        found: dict[str, list[tuple[float, ...]]] = {name: [] for name in CASES}
        for turn in range(TURNS):
            for name, options in CASES.items():
                logs = Path(folder) / f"logs-{turn}-{name}"
                found[name].append(measure(bundle, logs, options))
    base = statistics.median(each[0] for each in found["no log"])
    print(f"{'':20}  requests/s   ratio   loop µs   log µs   p99 ms   MB/million   dropped")
    for name, each in found.items():
        rate, loop, log, stall, size, dropped = (statistics.median(part) for part in zip(*each, strict=True))
        print(
            f"{name:20}  {rate:10,.0f}  {rate / base:6.2f}  {loop:8.1f}  {log:7.1f}  {stall:7.2f}"
            f"  {size:11.1f}  {dropped:8.0f}"
        )


def trained(folder: Path) -> hg.Bundle:
    draw, n = np.random.default_rng(3), 2_000
    columns: dict[str, object] = {f"x{i}": draw.normal(size=n) for i in range(10)}
    columns |= {f"s{i}": draw.choice([f"value {i}{j}" for j in range(20)], n) for i in range(5)}
    columns["label"] = draw.random(n) < 0.5
    return hg.train(pa.table(columns), label="label", model="logistic_reg", workspace=folder / "home").bundle


def measure(bundle: hg.Bundle, logs: Path, options: LogOptions | None) -> tuple[float, ...]:
    """Requests a second of processor time, µs of the loop, of the rest; p99 of a turn; MB a million; dropped."""
    settings = None if options is None else LogSettings(logs=str(logs), options=options)
    app = create_app(bundle, request_log=settings)
    log = next((each for each in app.observers if isinstance(each, RequestLog)), None)
    bodies = [body(bundle, number) for number in range(256)]
    asyncio.run(ask(app, bodies, 0.3))
    gc.collect()
    gc.freeze()  # as a server does
    if log is not None:
        log.flush()
    before, process, thread = log.counts if log else None, time.process_time(), time.thread_time()
    turns = asyncio.run(ask(app, bodies, SECONDS))
    loop = time.thread_time() - thread
    if log is not None:
        log.flush(60)
    total, count = time.process_time() - process, len(turns) * AT_ONCE
    size, dropped = 0.0, 0.0
    if log is not None and before is not None:
        size = (log.counts.bytes - before.bytes) / max(1, log.counts.requests - before.requests)
        dropped = sum(log.counts.dropped.values())
    app.close()
    stall = sorted(turns)[int(len(turns) * 0.99)] * 1e3
    return count / total, loop / count * 1e6, (total - loop) / count * 1e6, stall, size, dropped


async def ask(app: App, bodies: list[bytes], seconds: float) -> list[float]:
    """As many turns of `AT_ONCE` requests as fit in so many seconds of the loop's own time; how long each took."""
    loop, took = asyncio.get_running_loop(), []
    end = time.thread_time() + seconds
    number = 0
    while time.thread_time() < end:
        begin = time.perf_counter()
        answered, left = loop.create_future(), AT_ONCE

        def reply(response: Response, answered: asyncio.Future[None] = answered) -> None:
            nonlocal left
            assert response.status == 200
            left -= 1
            if not left:
                answered.set_result(None)

        for _ in range(AT_ONCE):
            app.handle(Request("POST", "/predict", {}, {}, bodies[number % len(bodies)]), reply)
            number += 1
        await answered
        took.append(time.perf_counter() - begin)
    return took


def body(bundle: hg.Bundle, seed: int) -> bytes:
    draw = np.random.default_rng(seed)
    row = {f"x{i}": float(draw.normal()) for i in range(10)}
    return json.dumps({"instances": [row | {f"s{i}": f"value {i}{draw.integers(20)}" for i in range(5)}]}).encode()


if __name__ == "__main__":
    main()

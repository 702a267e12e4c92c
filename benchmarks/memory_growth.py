"""Whether a server's memory grows: a million requests, right and wrong ones of every protocol, and what it holds after.

    python benchmarks/memory_growth.py [--requests 1000000] [--sockets 100000] [--limit-mib 16]

The requests are those of `tests/serving/test_fuzz.py`: every path of the OpenAPI document, and the same with bytes,
values, names, headers and paths changed. They go straight into the application, on an event loop, with metrics and an
access log; then others over sockets, 64 connections at once. Memory is read after the first tenth, when every cache is
full, and at the end. Ends with 1 where it grew by more than the limit, or a request got no answer, or a fault of ours.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib.util
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

from hagane.bundle.bundle import Bundle
from hagane.bundle.write_bundle import write_bundle
from hagane.serving import ServerThread
from hagane.serving.app import App, create_app
from hagane.serving.http import Request, Response

ROOT = Path(__file__).resolve().parents[1]
AT_ONCE = 100
KINDS = 20_000
"""How many different requests there are; a million is these in random order, with names of their own."""


def module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def resident_bytes() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def requests_of(app: App, chance: random.Random) -> list[Any]:
    fuzz = module(ROOT / "tests" / "serving" / "test_fuzz.py")
    right = fuzz.right_requests(app)
    changed = (fuzz.changed(chance, chance.choice(right)) for _ in range(KINDS - len(right)))
    return [*right * 3, *changed]


async def ask(app: App, requests: list[Any], count: int, chance: random.Random, statuses: Counter[int]) -> None:
    """`count` of them, a hundred at once; every tenth path and id is one that never came before."""
    loop = asyncio.get_running_loop()
    for begin in range(0, count, AT_ONCE):
        answers = []
        for number in range(begin, min(begin + AT_ONCE, count)):
            method, path, headers, body = chance.choice(requests)
            answer: asyncio.Future[Response] = loop.create_future()
            path = f"{path}/{number}" if number % 10 == 0 else path
            app.handle(Request(method, path, {}, headers, body, id=f"request-{number}"), answer.set_result)
            answers.append(answer)
        statuses.update(response.status for response in await asyncio.gather(*answers))


async def ask_over_sockets(url: str, requests: list[Any], count: int, chance: random.Random) -> int:
    """How many were answered; each connection sends a few requests, of which some end it."""
    host, port = url.removeprefix("http://").split(":")
    answered = 0

    async def one(number: int) -> int:
        reader, writer = await asyncio.open_connection(host, int(port))
        sent = b""
        for _ in range(10):
            method, path, headers, body = chance.choice(requests)
            lines = [method.encode() + b" " + path.encode("latin-1", "replace") + b" HTTP/1.1", b"Host: x"]
            lines += [name + b": " + value for name, value in headers.items()]
            lines.append(b"Content-Length: %d" % len(body))
            sent += b"\r\n".join(lines) + b"\r\n\r\n" + body
        try:
            writer.write(sent)
            writer.write_eof()
            return (await reader.read()).count(b"HTTP/1.1 ")
        except OSError:
            return 0
        finally:
            writer.close()

    for _ in range(0, count, 640):
        answered += sum(await asyncio.gather(*(one(number) for number in range(64))))
    return answered


def served(folder: Path) -> Bundle:
    made = module(ROOT / "tests" / "bundle" / "conftest.py")
    write_bundle(folder, model=made.classifier_model(), signature=made.classifier_signature(model_name="flights"))
    return Bundle.load(folder)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--sockets", type=int, default=100_000)
    parser.add_argument("--limit-mib", type=float, default=16.0)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    chance = random.Random(asked.seed)
    with tempfile.TemporaryDirectory() as folder:
        bundle = served(Path(folder) / "flights")
        options: Any = {"watch": {"access_log": os.devnull}, "num_threads": 1, "max_rows": 1000}
        app = create_app(bundle, **options)
        requests = requests_of(app, chance)
        statuses: Counter[int] = Counter()
        begin = time.process_time()
        asyncio.run(ask(app, requests, asked.requests // 10, chance, statuses))
        warm = resident_bytes()
        asyncio.run(ask(app, requests, asked.requests - asked.requests // 10, chance, statuses))
        grown = resident_bytes() - warm
        seconds = time.process_time() - begin
        app.close()
        with ServerThread(bundle, **options) as server:
            asyncio.run(ask_over_sockets(server.url, requests, asked.sockets // 10, chance))
            socket_warm = resident_bytes()
            answered = asyncio.run(ask_over_sockets(server.url, requests, asked.sockets - asked.sockets // 10, chance))
            socket_grown = resident_bytes() - socket_warm
    limit = asked.limit_mib * 2**20
    told = {
        "requests": sum(statuses.values()),
        "statuses": {str(status): count for status, count in sorted(statuses.items())},
        "cpu_us_per_request": round(seconds / max(1, asked.requests) * 1e6, 1),
        "resident_mib_after_a_tenth": round(warm / 2**20, 1),
        "grown_mib": round(grown / 2**20, 2),
        "answers_over_sockets": answered,
        "grown_mib_over_sockets": round(socket_grown / 2**20, 2),
        "limit_mib": asked.limit_mib,
    }
    print(json.dumps(told, indent=2))
    good = grown <= limit and socket_grown <= limit and sum(statuses.values()) == asked.requests and answered > 0
    good = good and not statuses[500]
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

"""200 versions one after the other behind an endpoint, while it is asked: failures, latencies, memory.

    python benchmarks/swaps.py [--swaps 200] [--rate 400] [--connections 8] [--workers 1]

Two versions of a model of 15 columns are trained, `hagane serve --endpoint` serves them, and one process asks it over
connections that stay open, in four protocols, at a fixed rate: a latency counts from when a request was due. In
turns nothing is changed, and versions are deployed one after the other, each anew, so that each is loaded, warmed and
swapped in and the one before is freed. Every answer is held to the very number that the version which it names gives.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

import hagane as hg
from hagane.bundle.bundle import Bundle
from hagane.serving.traffic import assign_buckets
from hagane.workspace.workspace import Workspace

PATHS = ("/predict", "/v1/models/swapped:predict", "/v2/models/swapped/infer", "/invocations")
NUM_ROWS = 64
"""Different requests."""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--swaps", type=int, default=200)
    options.add_argument("--rate", type=float, default=400, help="requests a second")
    options.add_argument("--connections", type=int, default=8)
    options.add_argument("--workers", type=int, default=1)
    options.add_argument("--steady-seconds", type=float, default=60)
    options.add_argument("--rounds", type=int, default=10, help="both in turns: both meet what else goes on")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="hagane-swaps-") as folder:
        place = Workspace(Path(folder) / "home")
        rows = train(place)
        hg.deploy("swapped@1", workspace=place.root)
        run(place, rows, asked)


def train(place: Workspace) -> list[dict[str, Any]]:
    """Two versions, and rows to ask about."""
    draw = random.Random(0)
    names = [f"number_{index}" for index in range(10)]
    rows = [
        {name: round(draw.gauss(0, 1), 3) for name in names}
        | {f"word_{index}": draw.choice("abcdefgh") for index in range(5)}
        for _ in range(3_000)
    ]
    labelled = [row | {"y": sum(row[name] for name in names) + ord(row["word_0"]) - 100} for row in rows]
    import pyarrow as pa

    table = pa.Table.from_pylist(labelled)
    for iterations in (10, 20):
        hg.train(
            table, "y", model="boosted_tree_regressor", options={"max_iterations": iterations}, name="swapped",
            workspace=place.root,
        )  # fmt: skip
    return rows[:NUM_ROWS]


def run(place: Workspace, rows: list[dict[str, Any]], asked: argparse.Namespace) -> None:
    expected = [answers(place, version, rows) for version in (1, 2)]
    with serving(place, asked.workers) as (process, port):
        loads = Load(port, rows, expected, asked.rate, asked.connections)
        loads.run(lambda begin: time.monotonic() - begin > 5)  # warm
        before, seconds = memory(process.pid), 0.0
        steady, swapping = Seen(), Seen()
        for number in range(asked.rounds):
            each = asked.steady_seconds / asked.rounds
            steady.add(loads.run(lambda begin, each=each: time.monotonic() - begin > each))
            first, last = (asked.swaps * each // asked.rounds for each in (number, number + 1))
            swapper = multiprocessing.get_context("spawn").Process(
                target=swap, args=(place.root, range(first, last), asked.workers)
            )
            swapper.start()
            begin = time.monotonic()
            swapping.add(loads.run(lambda begin, swapper=swapper: not swapper.is_alive()))
            seconds += time.monotonic() - begin
            if swapper.exitcode:
                sys.exit("the versions could not be deployed")
        tell(steady, swapping, asked.swaps, seconds)
        print(f"memory of the server: {before / 1e6:.0f} MB before, {memory(process.pid) / 1e6:.0f} MB after")


def answers(place: Workspace, version: int, rows: list[dict[str, Any]]) -> list[float]:
    bundle = Bundle.load(place.get(f"swapped@{version}").path)
    return [bundle.predict([row]).rows()[0]["predicted_y"] for row in rows]


class serving:  # noqa: N801  # used as a function
    """`hagane serve --endpoint swapped` in a process of its own, and its port."""

    def __init__(self, place: Workspace, workers: int) -> None:
        command = [sys.executable, "-m", "hagane.fronts.cli", "serve", "--endpoint", "swapped", "--port", "0"]
        command += ["--workspace", str(place.root), "--workers", str(workers)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> tuple[subprocess.Popen[str], int]:
        assert self._process.stdout is not None
        found = re.search(r":(\d+)$", self._process.stdout.readline().strip())
        assert found, "the server did not start"
        return self._process, int(found[1])

    def __exit__(self, *ended: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        if self._process.wait(60):
            sys.exit(f"the server ended with {self._process.returncode}")


def swap(root: Path, numbers: range, workers: int) -> None:
    """Deploy one version after the other, each as a new one; wait until it is served."""
    place = Workspace(root).endpoints
    for number in numbers:
        version = 2 - number % 2

        def edit(state: Any, number: int = number, version: int = version) -> Any:
            model = msgspec.structs.replace(state.models[0], id=f"{10**9 + number}", version=version)
            buckets = assign_buckets(state.buckets, {model.id: 100})
            return msgspec.structs.replace(state, models=(model,), buckets=buckets)

        state = place.change("swapped", edit, f"swap {number}")
        while sum(report.revision == state.revision for report in place.reports("swapped")) < workers:
            problems = [report.problem for report in place.reports("swapped") if report.problem]
            if problems:
                sys.exit(problems[0])
            time.sleep(0.05)


class Load:
    """Requests at a fixed rate over connections that stay open."""

    def __init__(
        self, port: int, rows: list[dict[str, Any]], expected: list[list[float]], rate: float, connections: int
    ) -> None:
        self._port, self._rows, self._expected = port, rows, expected
        self._rate, self._num = rate, connections
        self._requests = [[self._request(path, row) for row in rows] for path in PATHS]

    def run(self, is_over: Any) -> Seen:
        return asyncio.run(self._run(is_over))

    async def _run(self, is_over: Any) -> Seen:
        seen, begin = Seen(), time.monotonic()
        await asyncio.gather(*(self._ask(seen, index, begin, is_over) for index in range(self._num)))
        return seen

    async def _ask(self, seen: Seen, index: int, begin: float, is_over: Any) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        seen.connections += 1
        path = PATHS[index % len(PATHS)]
        number = index
        while not is_over(begin):
            due = begin + number / self._rate
            await asyncio.sleep(max(0, due - time.monotonic()))
            which = number % NUM_ROWS
            try:
                writer.write(self._requests[index % len(PATHS)][which])
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"content-length: (\d+)", head)
                assert length
                body = await reader.readexactly(int(length[1]))
                seen.seconds.append(time.monotonic() - due)
                seen.check(path, head, body, [answers[which] for answers in self._expected])
            except (OSError, asyncio.IncompleteReadError) as error:
                seen.failures[type(error).__name__] += 1
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                seen.connections += 1
            number += self._num
        writer.close()

    @staticmethod
    def _request(path: str, row: dict[str, Any]) -> bytes:
        if path.endswith("infer"):
            kind = {float: "FP64", str: "BYTES"}
            inputs = [
                {"name": name, "shape": [1], "datatype": kind[type(value)], "data": [value]}
                for name, value in row.items()
            ]
            body = json.dumps({"inputs": inputs}).encode()
        else:
            body = json.dumps({"instances": [row]}).encode()
        lines = [
            f"POST {path} HTTP/1.1",
            "host: swaps",
            "content-type: application/json",
            f"content-length: {len(body)}",
        ]
        return "\r\n".join([*lines, "", ""]).encode() + body


class Seen:
    """What the clients saw."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.failures: Counter[str] = Counter()
        self.versions: Counter[int] = Counter()
        self.connections = 0

    def add(self, other: Seen) -> None:
        self.seconds += other.seconds
        self.failures += other.failures
        self.versions += other.versions
        self.connections += other.connections

    def check(self, path: str, head: bytes, body: bytes, expected: list[float]) -> None:
        named = re.search(rb"x-hagane-model-version: (\d+)", head)
        if not head.startswith(b"HTTP/1.1 200 ") or not named:
            self.failures[head.split(b"\r\n", 1)[0].decode()] += 1
            return
        version, answer = int(named[1]), json.loads(body)
        if path.endswith("infer"):
            value = next(each["data"][0] for each in answer["outputs"] if each["name"] == "predicted_y")
        else:
            first = answer["predictions"][0]
            value = first["predicted_y"] if isinstance(first, dict) else first
        self.versions[version] += 1
        if value != expected[version - 1]:
            self.failures[f"an answer that is not version {version}'s"] += 1


def tell(steady: Seen, swapping: Seen, swaps: int, seconds: float) -> None:
    print(f"{swaps} swaps in {seconds:.0f} s, {os.cpu_count()} cores\n")
    print("              requests  failed  connections   p50 ms   p99 ms  p99.9 ms   max ms")
    for name, seen in (("steady", steady), ("swapping", swapping)):
        figures = [1000 * float(np.quantile(seen.seconds, share)) for share in (0.5, 0.99, 0.999, 1)]
        told = "".join(f"{figure:9.2f}" for figure in figures)
        print(f"{name:12}{len(seen.seconds):10,}{seen.failures.total():8}{seen.connections:13}{told}")
    ratio = np.quantile(swapping.seconds, 0.99) / np.quantile(steady.seconds, 0.99)
    print(f"\np99 while swapping: {ratio:.2f} of the steady one")
    counts = (f"{version}: {count:,}" for version, count in sorted(swapping.versions.items()))
    print("answers by version:", ", ".join(counts))
    for what, count in (steady.failures + swapping.failures).items():
        print(f"FAILED {count}: {what}")


def memory(pid: int) -> float:
    """Resident bytes of a process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(memory(int(child)) for child in children)


if __name__ == "__main__":
    main()

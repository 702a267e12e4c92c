"""What a server makes of more requests than it can answer: goodput at 0.5, 1, 2 and 3 times, and how soon it recovers.

    python benchmarks/overload.py [--seconds 5] [--rounds 3] [--only fast,slow] [--queue-seconds 0.25]

Two models: one that answers a row in some 10 µs, in batches on the event loop, and one that takes milliseconds, on a
thread. What the server carries is measured first, by a closed loop over 64 connections; then comes an open loop, whose
requests are due at fixed times whatever the server does, over 2,048 connections, each request with a deadline of one
second (`X-Request-Timeout`). *Goodput* is what was answered rightly, as a share of what is carried (at 0.5 of what was
asked); latencies are of what was not refused, counted from when a request was due, so that the wait for a free
connection is in them: a server cannot even refuse three times what it answers where an answer costs 30 µs. Therefore
one line tells what 2,048 clients see that send as soon as they were answered, their latency counted from then. Right
after three times too much comes one half, in pieces of half a second: *recovered* is the end of the last piece in
which anything was refused or took longer than the deadline. The server has one core, the load another.

Figures are medians over the rounds, with the lowest and highest.
"""

from __future__ import annotations

import argparse
import re
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np

from hagane.bundle import Input, Signature, write_bundle
from hagane.features.emit import Emitter
from hagane.types import SqlType
from peers.serving_load import Load, Pair, bound_to, offer_load

COLUMNS = 8
MODELS = {"fast": (64, 2), "slow": (1_024, 24)}
"""Width and number of layers."""
TIMES = (0.5, 1.0, 2.0, 3.0)
DEADLINE_SECONDS = 1.0
CONNECTIONS = 2_048
CLOSED_CONNECTIONS = 64
PIECE_SECONDS, PIECES = 0.5, 4
SERVER_CORE, LOAD_CORE = 0, 1
SERVE = """
import sys
from hagane.serving import serve
from hagane.serving.overload_options import OverloadOptions
serve(sys.argv[1], port=0, num_threads=1, overload=OverloadOptions(queue_seconds=float(sys.argv[2])))
"""


def write_model(folder: Path, width: int, layers: int) -> Path:
    """A network of so many layers on eight numbers; one matrix serves all layers, so that it is small."""
    random, emitter = np.random.default_rng(0), Emitter()
    numbers = emitter.input("packed.float64", np.float64, ("n", COLUMNS))
    hidden = emitter.node("Cast", numbers, to=1)
    hidden = emitter.node("MatMul", hidden, emitter.constant(random.normal(size=(COLUMNS, width)).astype(np.float32)))
    square = emitter.constant((random.normal(size=(width, width)) / width**0.5).astype(np.float32))
    for _ in range(layers):
        hidden = emitter.node("Tanh", emitter.node("MatMul", hidden, square))
    last = emitter.node("MatMul", hidden, emitter.constant(random.normal(size=(width, 1)).astype(np.float32)))
    value = emitter.node("Cast", emitter.node("Reshape", last, emitter.constant([-1])), to=11)
    emitter.output("predicted_value", value, np.float64, ("n",))
    emitter.output("row_error", emitter.node("Less", value, emitter.constant(np.float64(-1e300))), np.bool_, ("n",))
    signature = Signature(
        inputs=tuple(Input(name=f"x{index}", type=SqlType.FLOAT64) for index in range(COLUMNS)), task="regression",
        label="y", label_type=SqlType.FLOAT64, model_type="dnn_regressor", example={"x0": 1.5},
    )  # fmt: skip
    return write_bundle(folder, model=emitter.model().SerializeToString(), signature=signature)


@contextmanager
def serving(folder: Path, queue_seconds: float) -> Iterator[tuple[int, list[Pair]]]:
    """The server's port, and a request with its right answer."""
    command = [*bound_to(SERVER_CORE), sys.executable, "-c", SERVE, str(folder), str(queue_seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            port = next(int(found[1]) for line in process.stdout if (found := re.search(r"127\.0\.0\.1:(\d+)", line)))
            body = b'{"instances":[{"x0":0.25,"x3":-1.5,"x7":2}]}'
            answer = httpx.post(f"http://127.0.0.1:{port}/predict", content=body, trust_env=False).content
            head = f"POST /predict HTTP/1.1\r\nhost: x\r\nx-request-timeout: {DEADLINE_SECONDS}\r\n"
            yield port, [(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body, answer)]
        finally:
            process.terminate()


def measure(name: str, folder: Path, options: argparse.Namespace) -> dict[str, list[float]]:
    """Of each figure its values, one a round."""
    found: dict[str, list[float]] = {}
    for number in range(options.rounds):
        print(f"  {name}: round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
        with serving(folder, options.queue_seconds) as (port, pairs):

            def offer(
                rate: float, seconds: float = options.seconds, connections: int = CONNECTIONS,
                port: int = port, pairs: list[Pair] = pairs,
            ) -> Load:  # fmt: skip
                return offer_load(port, pairs, connections=connections, seconds=seconds, rate=rate, core=LOAD_CORE)

            offer(0, 0.5, CLOSED_CONNECTIONS)
            carried = offer(0, connections=CLOSED_CONNECTIONS).requests_per_second
            found.setdefault("carries, requests/s", []).append(carried)
            for times in TIMES:
                load = offer(times * carried)
                found.setdefault(f"goodput at {times:g}", []).append(
                    load.right / load.seconds / carried / min(times, 1)
                )
                found.setdefault(f"p99 at {times:g}, ms", []).append(load.p99_ms)
                found.setdefault(f"wrong or failed at {times:g}", []).append(load.wrong + load.failed)
            everybody = offer(0)
            found.setdefault("goodput for 2,048 clients", []).append(everybody.requests_per_second / carried)
            found.setdefault("p99 for 2,048 clients, ms", []).append(everybody.p99_ms)
            offer(TIMES[-1] * carried, 1)
            found.setdefault("recovered after, s", []).append(recovery(offer, carried / 2))
    return found


def recovery(offer: object, rate: float) -> float:
    """Seconds from the end of the overload to the end of the last piece in which not all were answered in time."""
    last = 0.0
    for piece in range(PIECES):
        load = offer(rate, PIECE_SECONDS)  # type: ignore[operator]
        if load.refused or load.failed or load.wrong or load.max_ms > DEADLINE_SECONDS * 1000:
            last = (piece + 1) * PIECE_SECONDS
    return last


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default=",".join(MODELS))
    parser.add_argument("--queue-seconds", type=float, default=0.25)
    options = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory(prefix="hagane-overload-") as folder:
        tables = {
            name: measure(name, write_model(Path(folder) / name, *MODELS[name]), options)
            for name in options.only.split(",")
        }
    for name, table in tables.items():
        print(f"\n{name}")
        for figure, values in table.items():
            print(f"  {figure:32}{statistics.median(values):10.3g}   {min(values):.3g} to {max(values):.3g}")


if __name__ == "__main__":
    main()

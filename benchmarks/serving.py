"""How fast does the server answer one row a request, beside a bare uvicorn that says hello?

    python benchmarks/serving.py [--seconds 3] [--connections 16]

Both servers run in processes of their own on this machine, one after the other, several rounds; the load comes from
this process over keep-alive connections. Prints requests/s and latencies of the best round of each, and what
a prediction costs without HTTP. The model: 15 columns (10 numeric, 5 strings), an MLP of 64-32-1.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import timeit
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hagane.bundle import Bundle, Input, Signature, write_bundle
from hagane.features.emit import Emitter
from hagane.types import SqlType

NUMBERS, INTEGERS, STRINGS = 6, 4, 5
ROW = {
    **{f"f{index}": index + 1.5 for index in range(NUMBERS)},
    **{f"i{index}": index for index in range(INTEGERS)},
    **{f"s{index}": f"v{index}" for index in range(STRINGS)},
}
SERVE = "import sys; from hagane.serving import serve; serve(sys.argv[1], port=0)"
HELLO = """
import uvicorn, socket, sys
async def app(scope, receive, send):
    if scope["type"] == "http":
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
        await send({"type": "http.response.body", "body": b"hello"})
listener = socket.socket(); listener.bind(("127.0.0.1", 0)); listener.listen(2048)
print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", server_header=False)
uvicorn.Server(config).run(sockets=[listener])
"""


@dataclass(frozen=True)
class Round:
    requests_per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float = float("nan")
    """Processor time of the server a request: what remains meaningful on a machine that others use too. Linux only."""


def write_example_bundle(folder: Path) -> Path:
    """A multilayer perceptron on scaled numbers and embedded strings, with weights from a fixed seed."""
    random, emitter = np.random.default_rng(0), Emitter()
    numbers = emitter.input("packed.float64", np.float64, ("n", NUMBERS))
    integers = emitter.input("packed.int64", np.int64, ("n", INTEGERS))
    emitter.input("packed.validity", np.bool_, ("n", INTEGERS + STRINGS))
    parts = [emitter.node("Cast", numbers, to=1), emitter.node("Cast", integers, to=1)]
    for index in range(STRINGS):
        text = emitter.input(f"string.s{index}", str, ("n", 1))
        keys = [f"v{key}" for key in range(20)]
        ids = emitter.node("LabelEncoder", text, domain="ai.onnx.ml", keys_strings=keys,
                           values_int64s=list(range(1, 21)), default_int64=0)  # fmt: skip
        table = emitter.constant(random.normal(size=(21, 4)).astype(np.float32))
        parts.append(emitter.node("Reshape", emitter.node("Gather", table, ids), emitter.constant([-1, 4])))
    hidden, width = emitter.node("Concat", *parts, axis=1), NUMBERS + INTEGERS + STRINGS * 4
    for size in (64, 32, 1):
        weights = emitter.constant((random.normal(size=(width, size)) / width).astype(np.float32))
        hidden, width = emitter.node("Relu" if size > 1 else "Sigmoid", emitter.node("MatMul", hidden, weights)), size
    no, half, flat = emitter.constant(np.float32([1])), emitter.constant(np.float32([0.5])), emitter.constant([-1])
    both = emitter.node("Concat", emitter.node("Sub", no, hidden), hidden, axis=1)
    label = emitter.node("Reshape", emitter.node("GreaterOrEqual", hidden, half), flat)
    smallest = emitter.node("ReduceMin", numbers, emitter.constant([1]), keepdims=0)
    emitter.output("probabilities", both, np.float32, ("n", 2))
    emitter.output("predicted_label", label, np.bool_, ("n",))
    emitter.output("row_error", emitter.node("Less", smallest, emitter.constant(np.float64(-1e300))), np.bool_, ("n",))
    types = {"f": SqlType.FLOAT64, "i": SqlType.INT64, "s": SqlType.STRING}
    signature = Signature(
        inputs=tuple(Input(name=name, type=types[name[0]]) for name in ROW), task="classification", label="late",
        label_type=SqlType.BOOL, classes=(False, True), threshold=0.5, model_type="dnn_classifier", example=ROW,
    )  # fmt: skip
    return write_bundle(folder / "mlp", model=emitter.model().SerializeToString(), signature=signature)


async def load(port: int, request: bytes, connections: int, seconds: float) -> Round:
    """Every connection sends its next request when the last one was answered."""
    latencies: list[float] = []
    end = time.perf_counter() + seconds

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (start := time.perf_counter()) < end:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            length = re.search(rb"content-length: (\d+)", head)
            assert length is not None
            await reader.readexactly(int(length[1]))
            latencies.append(time.perf_counter() - start)
        writer.close()

    await asyncio.gather(*(client() for _ in range(connections)))
    p50, p99 = np.percentile(latencies, [50, 99]) * 1000
    return Round(len(latencies) / seconds, float(p50), float(p99))


def measure(command: list[str], request: bytes, connections: int, seconds: float) -> Round:
    """Start a server, load it, end it."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            port = next(
                int(found[1]) for line in process.stdout if (found := re.search(r"http://127\.0\.0\.1:(\d+)", line))
            )
            try:
                import uvloop

                run = uvloop.run
            except ImportError:
                run = asyncio.run  # type: ignore[assignment]
            run(load(port, request, connections, 0.3))
            before = cpu_seconds(process.pid)
            measured = run(load(port, request, connections, seconds))
            cpu = (cpu_seconds(process.pid) - before) / (measured.requests_per_second * seconds) * 1e6
            return replace(measured, cpu_us=cpu)
        finally:
            process.terminate()


def cpu_seconds(process_id: int) -> float:
    """Processor time that a process has used, or NaN where there is no /proc."""
    stat = Path(f"/proc/{process_id}/stat")
    if not stat.exists():
        return float("nan")
    user, system = stat.read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 16, 64])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = write_example_bundle(Path(place))
        bundle = Bundle.load(folder)
        cost = min(timeit.repeat(lambda: bundle.predict([ROW]).rows(), number=100, repeat=100)) / 100
        print(f"one row of {len(ROW)} columns without HTTP: {cost * 1e6:.0f} µs")
        body = json.dumps({"instances": [ROW]}).encode()
        head = "POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n"
        request = head.format(len(body)).encode() + body
        commands = {
            "uvicorn, hello": [sys.executable, "-c", HELLO],
            "hagane serve": [sys.executable, "-c", SERVE, str(folder)],
        }
        titles = f"{'':16}{'connections':>12}{'requests/s':>12}{'p50 ms':>9}{'p99 ms':>9}{'CPU µs':>9}"
        print(f"{titles}   best of {options.rounds} rounds")
        for connections in options.connections:
            for name, command in commands.items():
                rounds = [measure(command, request, connections, options.seconds) for _ in range(options.rounds)]
                best = max(rounds, key=lambda one: one.requests_per_second)
                figures = f"{best.requests_per_second:12,.0f}{best.p50_ms:9.2f}{best.p99_ms:9.2f}{best.cpu_us:9.0f}"
                print(f"{name:16}{connections:12}{figures}")


if __name__ == "__main__":
    main()

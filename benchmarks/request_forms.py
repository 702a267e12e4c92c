"""What a request costs the server in every form in which the protocols let it come: one row, 16 and 64 connections.

    python benchmarks/request_forms.py [--only typed,list,...] [--seconds 3] [--rounds 3] [--json FILE]

Serves the model of `serving.py` with one worker on core 0 and asks it in a closed loop from core 1. Over HTTP the load
is `serving_load.c`, which compares every answer, byte by byte; over gRPC it is grpcio's own client, a channel a
connection, which costs more than the server does: its rates are the client's. *CPU µs* is the processor time of the
server's processes by request, the median of the rounds: it is what batching saves. Forms are told apart by it in one
run, and two versions of Hagane by running this twice (PYTHONPATH says which).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

from hagane.types import SqlType
from peers.serving_case import Case, make_case
from peers.serving_contenders import _hagane
from peers.serving_load import HOST, offer_load
from peers.serving_server import ServingServer, exchange
from serving import ADULT, LOAD_CORE, SERVER_CORE, can_bind

CONNECTIONS = (16, 64)
Row = dict[str, Any]
"""Path, content type, further headers, body."""
Made = tuple[str, str, str, bytes]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="of these, with commas between")
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--adult", type=Path, default=ADULT if ADULT.is_file() else None, help="Adult's adult.data")
    parser.add_argument("--json", type=Path, default=Path("request_forms.json"), help="where all figures go")
    parser.add_argument("--grpc-load", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.grpc_load:
        asyncio.run(grpc_load(*options.grpc_load))
        return
    with tempfile.TemporaryDirectory(prefix="hagane-forms-") as folder:
        case = make_case(Path(folder), options.adult)
        figures = measure(case, options)
    options.json.write_text(json.dumps(figures, indent=1))
    print(f"{'':24}" + "".join(f"{f'{each} conn.':>24}" for each in CONNECTIONS))
    print(f"{'form':24}" + f"{'CPU µs':>12}{'requests/s':>12}" * len(CONNECTIONS))
    for name, found in figures.items():
        cells = "".join(f"{each['cpu_us']:12.0f}{each['rate']:12,.0f}" for each in found.values())
        print(f"{name:24}{cells}")


def measure(case: Case, options: argparse.Namespace) -> dict[str, dict[int, dict[str, float]]]:
    forms = forms_of(case)
    chosen = [each for each in options.only.split(",") if each] or [*forms, "gRPC raw", "gRPC typed"]
    cores = (SERVER_CORE, LOAD_CORE) if can_bind() else (None, None)
    seen: dict[str, dict[int, list[tuple[float, float]]]] = {name: {n: [] for n in CONNECTIONS} for name in chosen}
    with ServingServer(_hagane("Hagane", "--grpc-port", "0"), sys.executable, case, cores[0]) as server:
        log = (case.folder / "Hagane.log").read_text()
        (address,) = re.findall(r"GRPCInferenceService: (\S+)", log)
        for _ in range(options.rounds):
            for name in chosen:
                for connections in CONNECTIONS:
                    if name in forms:
                        pairs = [paired(server.port, forms[name](row)) for row in case.rows]
                        before = server.cpu_seconds()
                        load = offer_load(
                            server.port, pairs, connections=connections, seconds=options.seconds, core=cores[1]
                        )
                        assert not load.wrong, f"{name}: {load.wrong} wrong answers"
                        count = load.right
                    else:
                        with GrpcLoad(case, address, name, connections, options.seconds) as calls:
                            before = server.cpu_seconds()
                            count = calls.run()
                    cpu = server.cpu_seconds() - before
                    seen[name][connections].append((cpu / count * 1e6, count / options.seconds))
                    print(f"{name}, {connections}: {cpu / count * 1e6:.0f} µs", file=sys.stderr, flush=True)
    return {
        name: {
            n: {
                "cpu_us": statistics.median(cpu for cpu, _ in each),
                "rate": statistics.median(rate for _, rate in each),
            }
            for n, each in found.items()
        }
        for name, found in seen.items()
    }


def paired(port: int, made: Made) -> tuple[bytes, bytes]:
    """The request as it goes over the wire, and its answer."""
    path, content_type, headers, body = made
    head = f"POST {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nContent-Type: {content_type}\r\n{headers}"
    request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    status, answer = exchange(port, request)
    assert status == 200, answer
    return request, answer


def forms_of(case: Case) -> dict[str, Callable[[Row], Made]]:
    """By name, what makes a request of a row."""
    from hagane.bundle.bundle import Bundle

    bundle = Bundle.load(case.bundle)
    names, model = bundle.signature.names, bundle.name
    types = {column.name: column.type for column in bundle.signature.inputs}

    def plain(path: str, body: Callable[[Row], Any]) -> Callable[[Row], Made]:
        return lambda row: (path, "application/json", "", json.dumps(body(row), separators=(",", ":")).encode())

    def infer(row: Row) -> Any:
        return {"inputs": [{"name": n, "shape": [1], "datatype": datatype(types[n]), "data": [row[n]]} for n in names]}

    def binary(row: Row) -> Made:
        blobs = [raw(types[n], row[n]) for n in names]
        inputs = [
            {"name": n, "shape": [1], "datatype": datatype(types[n]), "parameters": {"binary_data_size": len(blob)}}
            for n, blob in zip(names, blobs, strict=True)
        ]
        head = json.dumps({"inputs": inputs, "parameters": {"binary_data_output": True}}).encode()
        told = f"Inference-Header-Content-Length: {len(head)}\r\n"
        return f"/v2/models/{model}/infer", "application/octet-stream", told, head + b"".join(blobs)

    def csv(row: Row) -> Made:
        text = ",".join(names) + "\n" + ",".join("" if row[n] is None else str(row[n]) for n in names) + "\n"
        return "/invocations", "text/csv", "", text.encode()

    values: Callable[[Row], list[Any]] = lambda row: [row[name] for name in names]  # noqa: E731
    return {
        "Vertex objects": plain("/predict", lambda row: {"instances": [row]}),
        "Vertex lists": plain("/predict", lambda row: {"instances": [values(row)]}),
        "TensorFlow rows": plain(f"/v1/models/{model}:predict", lambda row: {"instances": [row]}),
        "TensorFlow columns": plain(
            f"/v1/models/{model}:predict", lambda row: {"inputs": {name: [row[name]] for name in names}}
        ),
        "Open Inference JSON": plain(f"/v2/models/{model}/infer", infer),
        "Open Inference binary": binary,
        "MLflow split": plain(
            "/invocations", lambda row: {"dataframe_split": {"columns": list(names), "data": [values(row)]}}
        ),
        "MLflow records": plain("/invocations", lambda row: {"dataframe_records": [row]}),
        "MLflow instances": plain("/invocations", lambda row: {"instances": [row]}),
        "MLflow inputs": plain("/invocations", lambda row: {"inputs": {name: [row[name]] for name in names}}),
        "MLflow CSV": csv,
    }


def datatype(type_: SqlType) -> str:
    return {SqlType.INT64: "INT64", SqlType.FLOAT64: "FP64", SqlType.BOOL: "BOOL"}.get(type_, "BYTES")


def raw(type_: SqlType, value: Any) -> bytes:
    if datatype(type_) == "BYTES":
        return struct.pack("<I", len(value.encode())) + value.encode()
    return struct.pack({"INT64": "<q", "FP64": "<d", "BOOL": "?"}[datatype(type_)], value)


# gRPC: the same rows by grpcio's client, in a process of its own


class GrpcLoad:
    """Connected within the `with` block; `run` answers how many calls were answered."""

    def __init__(self, case: Case, address: str, name: str, connections: int, seconds: float) -> None:
        self._file = case.folder / "calls"
        self._file.write_bytes(b"".join(struct.pack("<I", len(each)) + each for each in messages(case, name)))
        self._words = [address, str(self._file), str(connections), str(seconds)]

    def __enter__(self) -> Self:
        words = [sys.executable, __file__, "--grpc-load", *self._words]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "connected\n"
        return self

    def run(self) -> int:
        return int(self._process.communicate("go\n")[0])

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()


def messages(case: Case, name: str) -> Iterator[bytes]:
    """A ModelInferRequest a row."""
    from hagane.bundle.bundle import Bundle
    from hagane.serving.grpc_messages import message_class

    bundle = Bundle.load(case.bundle)
    fields = {"INT64": "int64_contents", "FP64": "fp64_contents", "BOOL": "bool_contents", "BYTES": "bytes_contents"}
    for row in case.rows:
        message = message_class("ModelInferRequest")(model_name=bundle.name)
        for column in bundle.signature.inputs:
            kind, value = datatype(column.type), row[column.name]
            tensor = message.inputs.add(name=column.name, datatype=kind, shape=[1])
            if name == "gRPC raw":
                message.raw_input_contents.append(raw(column.type, value))
            else:
                getattr(tensor.contents, fields[kind]).append(value.encode() if kind == "BYTES" else value)
        yield message.SerializeToString()


async def grpc_load(address: str, file: str, connections: str, seconds: str) -> None:
    import grpc.aio

    content, calls = Path(file).read_bytes(), []
    while content:
        (size,) = struct.unpack_from("<I", content)
        calls.append(content[4 : 4 + size])
        content = content[4 + size :]
    options = [("grpc.enable_http_proxy", 0), ("grpc.use_local_subchannel_pool", 1)]
    channels = [grpc.aio.insecure_channel(address, options=options) for _ in range(int(connections))]
    await asyncio.gather(*(channel.channel_ready() for channel in channels))
    print("connected", flush=True)
    sys.stdin.readline()
    end, count = time.monotonic() + float(seconds), 0

    async def ask(channel: grpc.aio.Channel) -> None:
        nonlocal count
        call = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
        while time.monotonic() < end:
            await call(calls[count % len(calls)], timeout=20)
            count += 1

    await asyncio.gather(*map(ask, channels))
    print(count)


if __name__ == "__main__":
    main()

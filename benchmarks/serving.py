"""How many requests a second a server answers, how long they take, and what they cost it: Hagane's, bare ones, others.

    python benchmarks/serving.py [--only hello,hagane,fastapi,mlflow,bentoml,ray] [--rounds 5] [--seconds 3]
    python benchmarks/serving.py --quick

One row a request, of 15 columns: Adult with one column more, where `--adult` is its `adult.data`, or else a table of
random rows. Hagane and scikit-learn train one network each (64 and 32 units, two epochs); every peer serves
scikit-learn's pipeline, as one would first write it, and in a second row the graph of Hagane's bundle in ONNX Runtime,
so that what the server costs is told apart from what the model costs. The peers' environments are built at their first
use, under ~/.cache/hagane-benchmark (3 GB in all).

Each server has one worker, on core 0; the load has core 1 (`serving_load.c`; every answer is compared, byte by byte,
with one that was held to the model's own library before). Ray Serve is four processes and more: it may use both cores.
A round starts each server in turn and asks it over 1, 16 and 64 connections, each of which sends its next request when
the last was answered; the order is turned around from round to round. After the rounds comes the open loop: requests
are due at fixed times, whatever the server does, and latency counts from then. Last, one connection to one worker and
to two. `overload.py` is about more than a server can carry.

Tables hold medians over the rounds, with the lowest and the highest. *CPU µs* is the processor time of all of a
server's processes by request: it depends least on what else the machine does. Ends with 1 where an answer was wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from hagane.bundle.bundle import Bundle
from peers.environment import CACHE, peer_python
from peers.serving_aims import print_aims
from peers.serving_case import Case, make_case
from peers.serving_contenders import CONTENDERS, HAGANE, TWO_WORKERS, Contender
from peers.serving_load import Load, generator, offer_load, wrk_rate
from peers.serving_results import Measured, Results, print_closed, print_open
from peers.serving_server import ServingServer

ADULT = Path(__file__).parents[2] / "shared" / "data" / "adult" / "adult.data"
CONNECTIONS = (1, 16, 64)
RATES = (0.25, 0.5, 0.75, 0.9)
"""Of the highest load that was carried."""
OPEN_CONNECTIONS = 64
WARM_UP_SECONDS = 0.5
SERVER_CORE, LOAD_CORE = 0, 1


def main() -> None:
    options = parse_options()
    cores = (SERVER_CORE, LOAD_CORE) if can_bind() else (None, None)
    told("cores: server 0, load 1" if can_bind() else "this machine cannot bind processes: they share its cores")
    told(f"load by {Path(generator()[-1]).name}")
    chosen = [each for name in options.only.split(",") for each in CONTENDERS[name]]
    with tempfile.TemporaryDirectory(prefix="hagane-serving-") as folder:
        bench = Bench(options, prepared_case(Path(folder), options.adult), *cores)
        try:
            bench.measure(chosen)
        except KeyboardInterrupt:
            told("interrupted: what follows is what there is")
    report(bench.results, options.json)
    sys.exit(1 if bench.results.wrong else 0)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(CONTENDERS), help="of these, with commas between")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3, help="of each load")
    parser.add_argument("--quick", action="store_true", help="one round, one second: to see that all works")
    parser.add_argument("--adult", type=Path, default=ADULT if ADULT.is_file() else None, help="Adult's adult.data")
    parser.add_argument("--environments", type=Path, default=CACHE, help="where the peers' environments are")
    parser.add_argument("--json", type=Path, default=Path("serving.json"), help="where all figures go")
    options = parser.parse_args()
    if unknown := set(options.only.split(",")) - set(CONTENDERS):
        parser.error(f"--only: {', '.join(sorted(unknown))}: not one of {', '.join(CONTENDERS)}")
    if options.quick:
        options.rounds, options.seconds = 1, 1.0
    return options


def can_bind() -> bool:
    """Whether a server and its load may have a core each."""
    return hasattr(os, "sched_getaffinity") and {SERVER_CORE, LOAD_CORE} <= os.sched_getaffinity(0)


def prepared_case(folder: Path, adult: Path | None) -> Case:
    """Models and rows, and `case.json`, from which the peers know them."""
    told("training both models")
    case = make_case(folder, adult)
    signature = Bundle.load(case.bundle).signature
    about = {
        "graph": str(case.bundle / "model.onnx"),
        "classes": case.classes,
        "columns": {column.name: column.type.name for column in signature.inputs},
    }
    (folder / "case.json").write_text(json.dumps(about))
    return case


@dataclass
class Bench:
    options: argparse.Namespace
    case: Case
    server_core: int | None
    load_core: int | None
    results: Results = field(default_factory=Results)

    def measure(self, chosen: list[Contender]) -> None:
        pythons = {each.name: self.python(each) for each in chosen}
        chosen = [each for each in chosen if pythons[each.name] is not None]
        for number in range(self.options.rounds):
            for contender in chosen if number % 2 == 0 else reversed(chosen):
                self.attempt(contender, lambda server, name=contender.name: self.closed(server, name), number)
        if HAGANE in chosen and (highest := self.results.highest(HAGANE.name)):
            self.open_loops([HAGANE, *self.fastest_hello(chosen)], highest)
            self.one_connection()

    def python(self, contender: Contender) -> Path | str | None:
        """Of its environment; None where that cannot be built, which is told."""
        if contender.environment is None:
            return sys.executable
        try:
            return peer_python(contender.environment, folder=self.options.environments)
        except subprocess.CalledProcessError as error:
            self.results.left_out[contender.name] = f"its environment cannot be built: {error}"
            return None

    def attempt(self, contender: Contender, work: Callable[[ServingServer], None], number: int) -> None:
        """One contender's part of a round. Who does not start, or answers wrongly, is left out and told."""
        told(f"round {number + 1} of {self.options.rounds}: {contender.name}")
        python = self.python(contender)
        assert python is not None
        try:
            with ServingServer(contender, python, self.case, self.server_core) as server:
                offer_load(server.port, server.pairs, connections=8, seconds=WARM_UP_SECONDS, core=self.load_core)
                work(server)
        except (RuntimeError, subprocess.CalledProcessError) as error:
            self.results.left_out[contender.name] = str(error)
            told(str(error))

    def closed(self, server: ServingServer, name: str) -> None:
        for connections in CONNECTIONS:
            self.results.closed.append(self.offer(server, name, connections, 0))
        if name == HAGANE.name or name.startswith("uvicorn"):
            for pair in server.pairs[:1]:
                rate = wrk_rate(server.port, pair[0], connections=64, seconds=self.options.seconds, core=self.load_core)
                if rate is not None:
                    self.results.by_wrk.setdefault(name, []).append(rate)

    def offer(self, server: ServingServer, name: str, connections: int, rate: float) -> Measured:
        before = server.cpu_seconds()
        load: Load = offer_load(
            server.port, server.pairs, connections=connections, seconds=self.options.seconds, rate=rate,
            core=self.load_core,
        )  # fmt: skip
        cpu = server.cpu_seconds() - before
        return Measured(name, connections, rate, cpu / max(load.right, 1) * 1e6, load)

    def open_loops(self, contenders: list[Contender], highest: float) -> None:
        """All at the same rates: shares of the highest load that Hagane carried."""

        def work(server: ServingServer, name: str) -> None:
            for share in RATES:
                self.results.open.append((share, self.offer(server, name, OPEN_CONNECTIONS, share * highest)))

        for number in range(self.options.rounds):
            for contender in contenders:
                self.attempt(contender, lambda server, name=contender.name: work(server, name), number)

    def fastest_hello(self, chosen: list[Contender]) -> Iterator[Contender]:
        rates = {each: self.results.rate(each.name, 64) for each in chosen if each.role == "hello"}
        measured = {each: rate for each, rate in rates.items() if rate}
        if measured:
            yield max(measured, key=measured.__getitem__)

    def one_connection(self) -> None:
        """To one worker, and to two, in turn."""

        def work(server: ServingServer, name: str) -> None:
            self.results.workers.append(self.offer(server, name, 1, 0))

        for number in range(self.options.rounds):
            for contender in (HAGANE, TWO_WORKERS):
                if TWO_WORKERS.name not in self.results.left_out:
                    self.attempt(contender, lambda server, name=contender.name: work(server, name), number)


def report(results: Results, file: Path) -> None:
    """On the terminal, and all of it as JSON."""
    print_closed(results, CONTENDERS, CONNECTIONS)
    print_open(results)
    print_aims(results, CONTENDERS, CONNECTIONS)
    for name, why in results.left_out.items():
        print(f"\nleft out: {name}: {why}")
    file.write_text(json.dumps(asdict(results), indent=1))
    print(f"\nall figures: {file}")


def told(what: str) -> None:
    """Progress, on stderr."""
    print(f"  {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

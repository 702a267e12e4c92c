"""How long from `hagane serve` to the first 200 on /readyz?

    python benchmarks/start.py [--repeats 7] [--bundle FOLDER]

Each start is a process of its own, asked every millisecond; the files are in the system's cache. Beside it: Python
that starts and ends, ONNX Runtime imported, and the same server from a program of two lines. Medians, by the clock and
by the processor; the model is a boosted tree of 100 rounds over 15 columns unless a bundle is given.
"""

from __future__ import annotations

import argparse
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pyarrow as pa

from hagane.spec.spec import Model, Spec
from hagane.workflow.train import train
from hagane.workspace.workspace import Workspace

SERVE = "import sys; from hagane.serving import serve; serve(sys.argv[1], port=0)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--bundle", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        workspace = Path(name) / "workspace"
        bundle = str(arguments.bundle or small_model(workspace))
        cli = [sys.executable, "-m", "hagane.fronts.cli", "serve", bundle, "--port", "0", "--workspace", str(workspace)]
        for told, command, is_server in (
            ("python -c pass", [sys.executable, "-c", "pass"], False),
            ("import onnxruntime", [sys.executable, "-c", "import onnxruntime"], False),
            ("hagane.serving.serve", [sys.executable, "-c", SERVE, bundle], True),
            ("hagane serve", cli, True),
        ):
            costs = [start(command, is_server) for _ in range(arguments.repeats)]
            seconds, cpu = (statistics.median(column) for column in zip(*costs, strict=True))
            print(f"{told:24s} {seconds:6.3f} s  {cpu:6.3f} s of CPU")


def small_model(folder: Path) -> Path:
    random, rows = np.random.default_rng(0), 2_000
    columns: dict[str, object] = {f"x{i}": random.normal(size=rows) for i in range(10)}
    columns |= {f"s{i}": random.choice(list("abcdef"), rows) for i in range(5)}
    frame = pa.table(columns | {"y": random.random(rows) < 0.5})
    spec = Spec(data="f", label="y", model=Model(type="boosted_tree_classifier", options={"max_iterations": 100}))
    return train(spec, workspace=Workspace(folder), frame=frame).bundle


def start(command: list[str], is_server: bool) -> tuple[float, float]:
    """Seconds until it answers, or has ended; and of the processor until it has ended."""
    before, began = cpu_of_children(), time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    if is_server:
        assert process.stdout is not None
        line = ""
        while not (found := re.search(r"http://[\d.:]+", line)):
            line = process.stdout.readline()
        while not is_ready(found[0]):
            time.sleep(0.001)
        seconds = time.perf_counter() - began
        process.terminate()
    process.communicate()
    return seconds if is_server else time.perf_counter() - began, cpu_of_children() - before


def is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz") as response:
            return response.status == 200
    except (urllib.error.URLError, OSError):
        return False


def cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()

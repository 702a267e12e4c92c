"""Rows a second of fit, encode and reading epochs, beside DuckDB's scan and pyarrow's read; memory; Ludwig.

    python benchmarks/data_path.py [--rows 5_000_000] [--repeats 5]
    python benchmarks/data_path.py --rows 100_000_000 --memory 2GiB
    python benchmarks/data_path.py --rows 1_000_000 --ludwig

The data have 15 columns: 6 FLOAT64, 4 INT64 and 5 STRING of 3 to 200,000 distinct values, NULLs in half of them. The
measurements of the first form take turns in one process, so that whatever else the machine does falls on all of them
alike; medians are shown. With --memory each stage (scan, read, statistics, describe, fit, encode, epoch, train) is a
process of its own in a control group of that size, first over 1 million rows, then over all; the peak is that of its
resident memory.
With --ludwig an environment for Ludwig 0.11 is built at its first use, and its preprocessing runs over the same rows.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hagane.data.open_table import open_table
from hagane.features.encode import encode, encode_batches
from hagane.features.encoded import Encoded
from hagane.features.encoded_reader import EncodedReader
from hagane.features.fit import fit_transform
from hagane.features.label import fit_label
from hagane.features.transform import Transform
from hagane.memory_budget import parse_memory
from hagane.models.family import FitContext
from hagane.models.linear_reg import LinearReg
from hagane.statistics.measure import measure_statistics
from hagane.workflow.describe import describe
from peers.environment import peer_python

NUM_THREADS = 2
CARDINALITIES = (3, 50, 1_000, 20_000, 200_000)
FLOATS = tuple(f"float_{i}" for i in range(6))
INTS = tuple(f"int_{i}" for i in range(4))
STRINGS = tuple(f"string_{c}" for c in CARDINALITIES)
LABEL = FLOATS[0]
TARGETS = (
    ("fit", "DuckDB scan", 0.5),
    ("read + encode", "pyarrow read_table", 1.0),
    ("read + encode", "pyarrow batches", None),
    ("read + encode + write", "pyarrow read_table", None),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=lambda text: int(text.replace("_", "")), default=5_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "hagane-benchmark")
    parser.add_argument("--memory", help="run each stage in a control group of this size, such as 2GiB")
    parser.add_argument("--ludwig", action="store_true", help="beside Ludwig's preprocessing")
    parser.add_argument("--torch-index", default="", help="where Ludwig's CPU build of torch is, if not on the index")
    parser.add_argument("--stage", choices=STAGES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.stage:
        return run_stage(arguments.stage, arguments.folder, arguments.rows)
    if arguments.memory:
        return within_memory(arguments.folder, arguments.rows, parse_memory(arguments.memory))
    if arguments.ludwig:
        return beside_ludwig(arguments.folder, arguments.rows, arguments.torch_index)
    path = generate(arguments.folder, arguments.rows)
    pa.set_cpu_count(NUM_THREADS)
    costs = take_turns(measurements(path, arguments.folder), arguments.repeats)
    report(path, arguments.rows, costs)


def generate(folder: Path, rows: int) -> Path:
    """The file, made once for each number of rows."""
    path = folder / f"{rows}.parquet"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        random = np.random.default_rng(0)
        with pq.ParquetWriter(partial, make_block(random, 1).schema) as writer:
            for start in range(0, rows, 250_000):
                writer.write_table(make_block(random, min(250_000, rows - start)))
        partial.rename(path)
    return path


def make_block(random: np.random.Generator, rows: int) -> pa.Table:
    columns: dict[str, pa.Array] = {}
    for i, name in enumerate(FLOATS):
        columns[name] = with_nulls(random, i, random.normal(10 * i, 1 + i, rows))
    for i, name in enumerate(INTS):
        columns[name] = with_nulls(random, i, random.integers(0, 5 * 10 ** (i + 1), rows))
    for i, (name, cardinality) in enumerate(zip(STRINGS, CARDINALITIES, strict=True)):
        ranks = np.minimum(random.pareto(1.2, rows) * cardinality / 20, cardinality - 1).astype(np.int32)
        words = pa.array([f"value_{k:06d}" for k in range(cardinality)])
        columns[name] = pa.DictionaryArray.from_arrays(with_nulls(random, i, ranks), words).dictionary_decode()
    return pa.table(columns)


def with_nulls(random: np.random.Generator, number: int, values: np.ndarray) -> pa.Array:
    """Three per cent of NULL in every second column."""
    return pa.array(values, mask=random.random(len(values)) < 0.03 if number % 2 else None)


ROWS_A_FILE = 2_000_000
STAGES = ("scan", "read", "statistics", "describe", "fit", "encode", "epoch", "train")


def generate_files(folder: Path, rows: int) -> Path:
    """A folder of files of two million rows, by two processes; what an interrupted run has finished is kept."""
    data = folder / f"{rows}-rows"
    data.mkdir(parents=True, exist_ok=True)
    starts = [start for start in range(0, rows, ROWS_A_FILE) if not _part(data, start).exists()]
    if starts:
        print(f"generating {rows:,} rows in {data}", flush=True)
        with ProcessPoolExecutor(NUM_THREADS) as pool:
            for _ in pool.map(generate_part, repeat(data), starts, repeat(rows)):
                pass
    return data


def generate_part(data: Path, start: int, rows: int) -> None:
    random, partial = np.random.default_rng(start), _part(data, start).with_suffix(".partial")
    with pq.ParquetWriter(partial, make_block(random, 1).schema) as writer:
        for begin in range(start, min(start + ROWS_A_FILE, rows), 250_000):
            writer.write_table(make_block(random, min(250_000, rows - begin)))
    partial.rename(_part(data, start))


def _part(data: Path, start: int) -> Path:
    return data / f"part-{start // ROWS_A_FILE:04d}.parquet"


def transform_sql() -> dict[str, str]:
    scaled = {name: f"COALESCE(ML.STANDARD_SCALER({name}) OVER (), 0)" for name in (*FLOATS[1:], *INTS)}
    return scaled | {name: f"ML.ONE_HOT_ENCODER({name}, 'none', 100, 5) OVER ()" for name in STRINGS}


def run_stage(stage: str, folder: Path, rows: int) -> None:
    """One stage in this process: prints its seconds (imports not counted), and those of its processors."""
    data, place = folder / f"{rows}-rows", folder / f"{rows}-encoded"
    stages = {
        "scan": lambda: scan(data / "*.parquet"),
        "read": lambda: [read_batches(path) for path in sorted(data.glob("*.parquet"))],
        "statistics": lambda: measure_statistics(open_table(data)),
        "describe": lambda: describe(str(data), label=LABEL),
        "fit": lambda: fit_stage(data, place),
        "encode": lambda: encode_stage(data, place),
        "epoch": lambda: epoch_stage(place),
        "train": lambda: train_stage(place),
    }
    pa.set_cpu_count(NUM_THREADS)
    start, cpu_start = time.perf_counter(), time.process_time()
    stages[stage]()
    print(json.dumps([time.perf_counter() - start, time.process_time() - cpu_start]))


def fit_stage(data: Path, place: Path) -> None:
    fitted = fit_transform(transform_sql(), open_table(data), dense_dtype="float64", accepts_missing=False)
    place.mkdir(exist_ok=True)
    (place / "transform.json").write_bytes(fitted.to_json())


def encode_stage(data: Path, place: Path) -> None:
    table = open_table(data)
    fitted = Transform.from_json((place / "transform.json").read_bytes())
    encode(table, fitted, fit_label(table, LABEL, "regression"), place / "columns")


def epoch_stage(place: Path) -> None:
    for _ in EncodedReader(Encoded.open(place / "columns" / "train"), 4_096, seed=0).epoch(0):
        pass


def train_stage(place: Path) -> None:
    """Ridge regression in closed form."""
    train = Encoded.open(place / "columns" / "train")
    LinearReg().fit(train, None, LinearReg.Options(l2_reg=1.0), FitContext(features=train.features))


def within_memory(folder: Path, rows: int, limit: int) -> None:
    """Every stage over a million rows and over all of them, each in a control group of `limit` bytes."""
    base = min(rows, 1_000_000)
    results: dict[int, dict[str, Stage]] = {}
    for number in dict.fromkeys((base, rows)):
        data = generate_files(folder, number)
        size = sum(path.stat().st_size for path in data.glob("*.parquet"))
        print(f"\n{number:,} rows x 15 columns, {size / 2**20:,.0f} MiB of Parquet")
        results[number] = {}
        for stage in STAGES:
            found = results[number][stage] = in_group(stage, folder, number, limit)
            against = {name: results[number][name].seconds / found.seconds for name in ("scan", "read") if
                       name in results[number]}  # fmt: skip
            ratios = ", ".join(f"{ratio:.2f} of {name}" for name, ratio in against.items())
            print(
                f"{stage:9s} {found.seconds:8.2f} s {found.cpu_seconds:8.2f} s of CPU "
                f"{number / found.seconds / 1e6:7.2f} M rows/s  peak {found.peak_bytes / 2**20:6,.0f} MiB  ({ratios})",
                flush=True,
            )
        shutil.rmtree(folder / f"{number}-encoded")
    print(f"\nmemory held to {limit / 2**20:,.0f} MiB by {GROUP_KIND}")
    for stage in STAGES[2:]:
        small, large = results[base][stage], results[rows][stage]
        ratio, cpu_ratio = (rows / base * a / b for a, b in zip(small[:2], large[:2], strict=True))
        print(f"{stage}: {ratio:.2f} of the rate over {base:,} rows by the clock, {cpu_ratio:.2f} by CPU (aim: 0.90)")


class Stage(NamedTuple):
    """What a stage took."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int


GROUP = Path("/sys/fs/cgroup/memory/hagane-benchmark")
GROUP_KIND = "a control group (v1)" if GROUP.parent.is_dir() and os.access(GROUP.parent, os.W_OK) else (
    "a control group (v2, systemd-run)" if shutil.which("systemd-run") else "RLIMIT_AS, which counts address space"
)  # fmt: skip


def in_group(stage: str, folder: Path, rows: int, limit: int) -> Stage:
    command = [sys.executable, __file__, "--stage", stage, "--folder", str(folder), "--rows", str(rows)]
    before: Callable[[], None] | None = None
    if GROUP_KIND.startswith("a control group (v1)"):
        GROUP.mkdir(exist_ok=True)
        (GROUP / "memory.limit_in_bytes").write_text(str(limit))

        def before() -> None:
            (GROUP / "cgroup.procs").write_text(str(os.getpid()))

    elif GROUP_KIND.startswith("a control group"):
        command = ["systemd-run", "--scope", "--quiet", "-p", f"MemoryMax={limit}", "-p", "MemorySwapMax=0", *command]
    else:

        def before() -> None:
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=before) as process:  # noqa: PLW1509
        peak = 0
        while process.poll() is None:
            peak = max(peak, resident_bytes(process.pid))
            time.sleep(0.05)
        output = process.stdout.read() if process.stdout else ""
    if process.returncode:
        sys.exit(f"{stage} over {rows:,} rows ended with {process.returncode}: " + ("killed for memory" if
                 process.returncode == -9 else output))  # fmt: skip
    return Stage(*json.loads(output.splitlines()[-1]), peak)


def resident_bytes(pid: int) -> int:
    """Memory of a process and its children that is its own: pages of mapped files do not count."""
    total = 0
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(("RssAnon", "RssShmem")):
                total += int(line.split()[1]) * 1024
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return total + sum(resident_bytes(int(child)) for child in children)
    except (FileNotFoundError, ProcessLookupError):
        return total


def beside_ludwig(folder: Path, rows: int, torch_index: str) -> None:
    """Fit, encode and write by Hagane, and Ludwig's preprocessing, of the same file; seconds of each, imports not."""
    path = generate(folder, rows)
    types = dict.fromkeys((*FLOATS[1:], *INTS), "number") | dict.fromkeys(STRINGS, "category")
    listed = [f"{name}:{kind}" for name, kind in types.items()]
    command = [str(peer_python("ludwig", torch_index)), "-m", "peers.ludwig_preprocessing", str(path), *listed]
    told = subprocess.run(
        [*command, "--label", LABEL], cwd=Path(__file__).parent, capture_output=True, text=True, check=True
    ).stdout
    theirs = json.loads(told.splitlines()[-1])
    transform = {name: f"COALESCE(ML.STANDARD_SCALER({name}) OVER (), 0)" for name in (*FLOATS[1:], *INTS)}
    transform |= {name: f"ML.ONE_HOT_ENCODER({name}, 'none', 32000, 1) OVER ()" for name in STRINGS}
    out, ours = folder / "encoded", []
    for _ in range(3):
        start, cpu_start = time.perf_counter(), time.process_time()
        table = open_table(path)
        encode(
            table, fit_transform(transform, table, accepts_missing=False), fit_label(table, LABEL, "regression"), out
        )
        ours.append(Cost(time.perf_counter() - start, time.process_time() - cpu_start))
        shutil.rmtree(out)
    mine = sorted(ours)[1]
    print(f"{rows:,} rows x 15 columns, Parquet to encoded columns")
    for name, seconds, cpu_seconds in (("Hagane", *mine), ("Ludwig", theirs["seconds"], theirs["cpu_seconds"])):
        print(f"{name}  {seconds:7.2f} s {cpu_seconds:7.2f} s of CPU  {rows / seconds:12,.0f} rows/s")
    ratio, cpu_ratio = theirs["seconds"] / mine.seconds, theirs["cpu_seconds"] / mine.cpu_seconds
    print(f"{ratio:.1f} times its rate by the clock, {cpu_ratio:.1f} by CPU (aim: 20)")


def measurements(path: Path, folder: Path) -> dict[str, Callable[[], None]]:
    """What is measured, by name."""
    transform = {name: f"COALESCE(ML.STANDARD_SCALER({name}) OVER (), 0)" for name in (*FLOATS, *INTS)}
    transform |= {name: f"ML.ONE_HOT_ENCODER({name}, 'none', 32000, 5) OVER ()" for name in STRINGS}
    fitted = fit_transform(transform, open_table(path), accepts_missing=False)
    label = fit_label(open_table(path), LABEL, "regression")
    out = folder / "encoded"

    def fit() -> None:
        fit_transform(transform, open_table(path), accepts_missing=False)

    def read_and_encode() -> None:
        for _ in encode_batches(open_table(path), fitted, label):
            pass

    def read_encode_and_write() -> None:
        encode(open_table(path), fitted, label, out)
        shutil.rmtree(out)

    return {
        "DuckDB scan": lambda: scan(path),
        "fit": fit,
        "pyarrow read_table": lambda: read_table(path),
        "pyarrow batches": lambda: read_batches(path),
        "read + encode": read_and_encode,
        "read + encode + write": read_encode_and_write,
    }


def scan(path: Path) -> None:
    """Cheap aggregates over every column: sums of numbers, the longest string."""
    with duckdb.connect() as connection:
        connection.execute(f"SET threads = {NUM_THREADS}")
        aggregates = [f"sum({name})" for name in (*FLOATS, *INTS)] + [f"max(strlen({name}))" for name in STRINGS]
        connection.execute(f"SELECT {', '.join(aggregates)} FROM '{path}'").fetchall()


def read_table(path: Path) -> None:
    """The whole file in memory, plain, decoded by two threads."""
    pq.read_table(path, use_threads=True)


def read_batches(path: Path) -> None:
    """Every column, plain, as record batches that are dropped at once, decoded by two threads."""
    with pq.ParquetFile(path, pre_buffer=True) as file:
        for _ in file.iter_batches(65_536, use_threads=True):
            pass


class Cost(NamedTuple):
    """What one run took: on the clock, and of all threads together on the processors."""

    seconds: float
    cpu_seconds: float


def take_turns(work: dict[str, Callable[[], None]], repeats: int) -> dict[str, list[Cost]]:
    costs: dict[str, list[Cost]] = {name: [] for name in work}
    for turn in range(repeats + 1):
        for name, function in work.items():
            start, cpu_start = time.perf_counter(), time.process_time()
            function()
            if turn:  # the first one warms the file cache
                costs[name].append(Cost(time.perf_counter() - start, time.process_time() - cpu_start))
    return costs


def report(path: Path, rows: int, costs: dict[str, list[Cost]]) -> None:
    num_columns, size = len(FLOATS + INTS + STRINGS), path.stat().st_size / 2**20
    print(f"{rows:,} rows x {num_columns} columns, {size:,.0f} MiB, {NUM_THREADS} threads, {len(costs['fit'])} turns")
    for name, runs in costs.items():
        median, cpu = (statistics.median(column) for column in zip(*runs, strict=True))
        print(f"{name:22s} {median:7.3f} s  {rows / median / 1e6:6.2f} M rows/s  {cpu:7.3f} s of CPU")
    for name, base, target in TARGETS:
        clock, cpu = (
            statistics.median(b[which] / a[which] for a, b in zip(costs[name], costs[base], strict=True))
            for which in (0, 1)
        )
        aim = "" if target is None else f" (aim: {target})"
        print(f"{name} / {base}: {clock:.2f} of its rate by the clock, {cpu:.2f} by CPU{aim}")


if __name__ == "__main__":
    main()

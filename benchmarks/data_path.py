"""Rows a second of fit and of read + encode, beside what DuckDB needs to scan the file and pyarrow to read it.

    python benchmarks/data_path.py [--rows 5000000] [--repeats 5]

The file has 15 columns: 6 FLOAT64, 4 INT64 and 5 STRING of 3 to 200,000 distinct values, NULLs in half of them. The
measurements take turns, so that whatever else the machine does falls on all of them alike; medians are shown.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hagane.data.open_table import open_table
from hagane.features.encode import encode, encode_batches
from hagane.features.fit import fit_transform
from hagane.features.label import fit_label

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
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "hagane-benchmark")
    arguments = parser.parse_args()
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

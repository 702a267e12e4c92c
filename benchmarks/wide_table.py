"""A table of 2,000 columns from end to end: how long training takes, its bundle to load, and one row to answer.

Numbers, whole numbers, categories, BOOLs and timestamps, with NULLs, go through automatic preprocessing; the bundle is
the one that `hagane train` writes. The promise: it loads in under a second and answers one row of JSON in under a
millisecond.

    python benchmarks/wide_table.py [--family logistic_reg]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

import hagane as hg
from hagane.bundle import Bundle

ROWS, REPEATS = 1_500, 200
COLUMNS = {"x": 1_000, "k": 500, "s": 400, "b": 50, "t": 50}


def main() -> None:
    """Train each family, load its bundle and answer one row; one line a family."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--family", action="append", help="default: logistic_reg and boosted_tree_classifier")
    families = parser.parse_args().family or ["logistic_reg", "boosted_tree_classifier"]
    table = wide_table()
    print(f"{table.num_columns - 1:,} columns, {table.num_rows:,} rows")
    print(f"{'family':<26}{'train, s':>10}{'load, s':>10}{'one row, µs':>14}{'model.onnx, KiB':>18}")
    with tempfile.TemporaryDirectory() as folder:
        for family in families:
            start = time.perf_counter()
            model = hg.train(table, label="y", model=family, name=family, workspace=folder)
            trained = time.perf_counter() - start
            load, row = measure(model.path)
            size = (model.path / "model.onnx").stat().st_size / 1024
            print(f"{family:<26}{trained:>10.1f}{load:>10.3f}{row * 1e6:>14.0f}{size:>18.0f}")


def wide_table() -> pa.Table:
    """The same rows at every call; the label depends on one number, one whole number and one category."""
    random = np.random.default_rng(0)
    words = np.array([f"v{index}" for index in range(12)])
    make = {
        "x": lambda: random.normal(size=ROWS),
        "k": lambda: random.integers(0, 1_000, ROWS),
        "s": lambda: words[random.integers(0, len(words), ROWS)],
        "b": lambda: random.random(ROWS) < 0.5,
        "t": lambda: random.integers(0, 2 * 10**15, ROWS).astype("datetime64[us]"),
    }
    raw = {f"{kind}{index}": make[kind]() for kind, count in COLUMNS.items() for index in range(count)}
    score = raw["x0"] + raw["k0"] / 500 - 1 + (raw["s0"] == "v3") + random.logistic(size=ROWS)
    columns = {name: pa.array(values, mask=random.random(ROWS) < 0.05) for name, values in raw.items()}
    return pa.table({**columns, "y": np.where(score > 0, "yes", "no")})


def measure(folder: Path) -> tuple[float, float]:
    """Seconds to load (the best of three), and to answer one row of JSON (the median)."""
    loads, rows = [], []
    for _ in range(3):
        start = time.perf_counter()
        bundle = Bundle.load(folder)
        loads.append(time.perf_counter() - start)
    row = json.loads(json.dumps(dict(bundle.signature.example)))
    for _ in range(REPEATS):
        start = time.perf_counter()
        bundle.predict([row]).rows()
        rows.append(time.perf_counter() - start)
    return min(loads), float(np.median(rows))


if __name__ == "__main__":
    main()

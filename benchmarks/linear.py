"""What a linear model costs, streamed from the column cache, beside scikit-learn on the same rows in memory.

    python benchmarks/linear.py [--rows 5_000_000] [--memory 1GiB] [--only logistic]

The data have 15 columns: 10 numbers, among them some that go together, and 5 categories of 3 to 1,000 values, so 1,285
columns when every category is spelled out; of the third measurement, 73 classes, a fiftieth of the rows. Each contender
is a process of its own; what is measured is the fit alone, from encoded columns on the one side and from a matrix
(sparse where there are categories) on the other. CPU seconds are those of all threads. `above` is by how much the
penalised loss of all rows is above the lowest one found, as a share of it: less of it is a better optimum.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import scipy.sparse as sp

from hagane.features.encode import encode
from hagane.features.encoded import Encoded
from hagane.features.feature import FeatureKind
from hagane.memory_budget import MemoryBudget
from hagane.models import family_options, get_family
from hagane.models.design import Design
from hagane.models.family import FitContext
from hagane.models.row_losses import log_losses, squared_losses
from hagane.progress import SILENT
from hagane.spec.read_yaml import read_yaml
from hagane.workflow.prepare import prepare
from hagane.workspace.workspace import Workspace

Floats = npt.NDArray[np.float64]
CARDINALITIES = (3, 12, 50, 200, 1_000)
NUMBERS = tuple(f"number_{i}" for i in range(10))
CATEGORIES = tuple(f"category_{c}" for c in CARDINALITIES)
NUM_CLASSES = 73
CHUNK = 500_000


class Case(NamedTuple):
    """What is trained: the model, its label and options, and scikit-learn's estimators of the same problem."""

    model: str
    label: str
    options: dict[str, Any]
    oracles: dict[str, Callable[[], Any]]
    share: int = 1
    """Of so many rows one is used."""


def _ridge() -> Any:
    from sklearn.linear_model import Ridge

    return Ridge(1.0, solver="sparse_cg", tol=1e-8)


def _logistic(tolerance: float) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=1.0, tol=tolerance, max_iter=5_000)


CASES = {
    "linear": Case("linear_reg", "amount", {}, {"Ridge (sparse_cg, tol=1e-8)": _ridge}),
    "logistic": Case(
        "logistic_reg",
        "late",
        {},
        {
            "LogisticRegression (lbfgs, tol=1e-4)": lambda: _logistic(1e-4),
            "LogisticRegression (lbfgs, tol=1e-7)": lambda: _logistic(1e-7),
        },
    ),
    "73 classes": Case(
        "logistic_reg",
        "place",
        {},
        {
            "LogisticRegression (lbfgs, tol=1e-4)": lambda: _logistic(1e-4),
            "LogisticRegression (lbfgs, tol=1e-7)": lambda: _logistic(1e-7),
        },
        share=50,
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=lambda text: int(text.replace("_", "")), default=5_000_000)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "hagane-benchmark")
    parser.add_argument("--memory", default="1GiB", help="the budget of rows in work of the streamed fit")
    parser.add_argument("--only", choices=[name.split()[0] for name in CASES])
    parser.add_argument("--contender", help=argparse.SUPPRESS)
    parser.add_argument("--case", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.contender:
        print(json.dumps(measure(arguments)))
        return
    write_rows(arguments.folder, arguments.rows)
    for name, case in CASES.items():
        if not arguments.only or name.startswith(arguments.only):
            report(name, case, arguments)


def write_rows(folder: Path, rows: int) -> Path:
    """The Parquet file of so many rows."""
    path = folder / f"linear-{rows}.parquet"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    effects = np.random.default_rng(0)
    slopes = effects.normal(size=(len(NUMBERS), NUM_CLASSES)) * 0.4
    tables = [effects.normal(size=(c, NUM_CLASSES)) * 0.5 for c in CARDINALITIES]
    writer = None
    for start in range(0, rows, CHUNK):
        table = _rows(np.random.default_rng(start + 1), min(CHUNK, rows - start), slopes, tables)
        writer = writer or pq.ParquetWriter(partial, table.schema)
        writer.write_table(table)
    assert writer is not None
    writer.close()
    partial.rename(path)
    return path


def _rows(random: np.random.Generator, n: int, slopes: Floats, tables: list[Floats]) -> pa.Table:
    numbers = random.normal(size=(n, len(NUMBERS)))
    numbers[:, 1::2] = 0.9 * numbers[:, ::2] + 0.4 * numbers[:, 1::2]
    ids = [np.minimum(random.exponential(c / 5, n).astype(int), c - 1) for c in CARDINALITIES]
    score = numbers @ slopes[:, 0] + sum(table[i, 0] for table, i in zip(tables, ids, strict=True))
    columns: dict[str, Any] = {name: numbers[:, i] for i, name in enumerate(NUMBERS)}
    for name, values, c in zip(CATEGORIES, ids, CARDINALITIES, strict=True):
        columns[name] = pa.DictionaryArray.from_arrays(
            pa.array(values, pa.int32()), pa.array([f"c{i}" for i in range(c)])
        )
    columns["amount"] = 10 * score + random.normal(size=n) * 5
    columns["late"] = score + random.logistic(size=n) > 0
    columns["place"] = np.concatenate([_places(random, *part) for part in _parts(numbers, ids, slopes, tables)])
    return pa.table(columns)


def _parts(numbers: Floats, ids: list[npt.NDArray[Any]], slopes: Floats, tables: list[Floats]) -> Any:
    for start in range(0, len(numbers), 50_000):
        rows = slice(start, start + 50_000)
        yield numbers[rows], [i[rows] for i in ids], slopes, tables


def _places(random: np.random.Generator, numbers: Floats, ids: Any, slopes: Floats, tables: Any) -> npt.NDArray[Any]:
    """A class, some frequent and some rare, by softmax."""
    score = numbers @ slopes + sum(table[i] for table, i in zip(tables, ids, strict=True))
    score += random.gumbel(size=score.shape) - np.log(np.arange(1, NUM_CLASSES + 1))
    return np.char.add("p", score.argmax(axis=1).astype("U2"))


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """One contender's fit, in this process."""
    case = CASES[arguments.case]
    encoded, num_classes = open_columns(arguments.folder, arguments.rows, case)
    if arguments.contender == "Hagane":
        options = family_options(case.model, case.options)
        context = FitContext(
            features=encoded.features, num_classes=num_classes, memory=MemoryBudget.of(arguments.memory)
        )
        found, spent = clocked(lambda: get_family(case.model).fit(encoded, None, options, context))
        weights = np.concatenate([found.coefficients.dense, found.coefficients.table])
        passes, intercept = len(found.curve), found.coefficients.intercept
    else:
        matrix, label = matrix_of(encoded)
        estimator = case.oracles[arguments.contender]()
        found, spent = clocked(lambda: estimator.fit(matrix, label))
        weights, intercept = np.atleast_2d(found.coef_).T, np.atleast_1d(found.intercept_)
        passes = int(np.max(found.n_iter_)) if found.n_iter_ is not None else None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    loss = objective(encoded, weights, intercept, case)
    return {**spent, "iterations": passes, "peak_gib": peak, "loss": loss, "rows": encoded.num_rows}


def open_columns(folder: Path, rows: int, case: Case) -> tuple[Encoded, int]:
    """The training columns out of the cache, which is filled where it has none."""
    path = write_rows(folder, rows)
    columns = ", ".join((*NUMBERS, *CATEGORIES, case.label))
    query = f"SELECT {columns} FROM '{path}'"
    if case.share > 1:
        query = f"{query} LIMIT {rows // case.share}"
    spec = read_yaml(
        json.dumps({"data": query, "label": case.label, "split": {"method": "none"}, "model": {"type": case.model}})
    )
    workspace = Workspace(folder / "linear-workspace")
    prepared = prepare(spec, None, SILENT, folder=workspace.root)
    with workspace.scratch() as scratch:
        splits = encode(prepared.splits, prepared.transform, prepared.label, scratch / "encoded", cache=workspace.cache)
    return splits.train, len(prepared.label.classes)


def matrix_of(encoded: Encoded) -> tuple[Any, npt.NDArray[Any]]:
    """All rows at once, as scikit-learn takes them: numbers, and a column for each category."""
    batch = encoded.arrays()
    parts = [sp.csr_matrix(batch.dense.astype(np.float64))]
    sizes = [feature.cardinality for feature in encoded.features if feature.kind is FeatureKind.ID]
    for index, size in enumerate(sizes):
        columns, ends = batch.ids[:, index].astype(np.int32), np.arange(batch.num_rows + 1, dtype=np.int32)
        parts.append(sp.csr_matrix((np.ones(batch.num_rows), columns, ends), shape=(batch.num_rows, size)))
    return sp.hstack(parts, format="csr"), np.asarray(batch.label)


def clocked(work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """What the work makes, and the seconds that it took, by the clock and on the processor."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = work()
    return found, {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}


def objective(encoded: Encoded, weights: Floats, intercept: Floats, case: Case) -> float:
    """The penalised loss over all rows, the same for every contender."""
    row_loss = squared_losses if case.model == "linear_reg" else log_losses
    design = Design(encoded, np.zeros(encoded.num_dense), np.ones(encoded.num_dense), cache_bytes=0)
    total = 0.5 * float(np.square(weights).sum())
    for block in design.blocks():
        for part in block.parts(len(intercept)):
            total += float(row_loss(part.raw(weights, intercept), part.label)[0].sum())
    return total


def report(name: str, case: Case, arguments: argparse.Namespace) -> None:
    """Every contender in turn, and the ratios to Hagane."""
    command = [sys.executable, __file__, "--rows", str(arguments.rows), "--folder", str(arguments.folder)]
    command += ["--memory", arguments.memory, "--case", name, "--contender"]
    open_columns(arguments.folder, arguments.rows, case)
    found = {}
    for contender in ("Hagane", *case.oracles):
        done = subprocess.run([*command, contender], stdout=subprocess.PIPE, check=True, env=os.environ)
        found[contender] = json.loads(done.stdout.splitlines()[-1])
    lowest, own = min(each["loss"] for each in found.values()), found["Hagane"]
    print(f"\n{name}: {own['rows']:,} rows, {case.model}")
    for contender, each in found.items():
        iterations = "    –" if each["iterations"] is None else f"{each['iterations']:5,}"
        print(f"{contender:38s} {iterations} iterations  {each['seconds']:7.1f} s  "
              f"{each['cpu_seconds']:7.1f} s CPU (x {each['cpu_seconds'] / own['cpu_seconds']:.2f})  "
              f"peak {each['peak_gib']:.2f} GiB  above {(each['loss'] - lowest) / lowest:.1e}")  # fmt: skip


if __name__ == "__main__":
    main()

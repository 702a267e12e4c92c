"""What a network's training waits for its batches, beside what its steps take.

    python benchmarks/input_path.py [--data QUERY --label COLUMN] [--epochs 3] [--workspace FOLDER]

trains the network of `hagane demo` (flights from New York, late or not; needs the extra `demo`), or one on other data,
and measures two ways of reading: ahead, in a thread, as training does; and not ahead, where all that reading costs is
waited for. Waiting is the time that the loop spends asking for the next batch as tensors.
"""

from __future__ import annotations

import argparse
import functools
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import hagane as hg
from hagane.features.batch import Batch
from hagane.features.encoded_reader import CHUNKS_AHEAD, EncodedReader
from hagane.features.row_window import RowWindow
from hagane.fronts.demo_data import QUERY, unpack_flights
from hagane.models import torch_task
from hagane.training.run_state import RunState
from hagane.training.steps import Step, Steps
from hagane.training.task import TensorBatch


class Cost(NamedTuple):
    """Seconds of one training."""

    steps: float
    """Of the epochs over the training rows, waiting included."""
    waited: float
    gathered: float
    """On the processor, by whatever thread gathered rows."""
    num_batches: int
    num_rows: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="a SQL query or a file; the demo's without it")
    parser.add_argument("--label", default="late")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--workspace", type=Path, default=Path(tempfile.gettempdir()) / "hagane-benchmark")
    arguments = parser.parse_args()
    data = arguments.data or QUERY.format(folder=unpack_flights(arguments.workspace / "demo"))
    for _ in range(arguments.repeats):
        for name, ahead in (("ahead", CHUNKS_AHEAD), ("not ahead", 0)):
            report(name, measure(data, arguments, ahead))


def measure(data: str, arguments: argparse.Namespace, ahead: int) -> Cost:
    """Train once; the columns come out of the cache the second time."""
    spent = {"steps": 0.0, "waited": 0.0, "gathered": 0.0, "batches": 0.0, "rows": 0.0}
    step, epoch, take = Steps.take, Steps._epoch, RowWindow.take
    torch_task.EncodedReader = functools.partial(EncodedReader, chunks_ahead=ahead)
    Steps.take, Steps._epoch = clocked(step, spent), waiting(epoch, spent)
    RowWindow.take = gathering(take, spent)
    try:
        options = {"max_iterations": arguments.epochs, "early_stop": False}
        hg.train(data, arguments.label, model="dnn_classifier", options=options, workspace=arguments.workspace)
    finally:
        Steps.take, Steps._epoch, RowWindow.take, torch_task.EncodedReader = step, epoch, take, EncodedReader
    return Cost(spent["steps"], spent["waited"], spent["gathered"], int(spent["batches"]), int(spent["rows"]))


def clocked(step: Callable[..., Step], spent: dict[str, float]) -> Callable[..., Step]:
    """The loop's step, its duration added up."""

    def timed(steps: Steps, state: RunState) -> Step:
        begun = time.perf_counter()
        try:
            return step(steps, state)
        finally:
            spent["steps"] += time.perf_counter() - begun

    return timed


def waiting(
    epoch: Callable[..., Iterator[TensorBatch]], spent: dict[str, float]
) -> Callable[..., Iterator[TensorBatch]]:
    """The loop's batches, the time until each comes added up."""

    def timed(steps: Steps, state: RunState) -> Iterator[TensorBatch]:
        source = epoch(steps, state)
        while True:
            asked = time.perf_counter()
            batch = next(source, None)
            spent["waited"] += time.perf_counter() - asked
            if batch is None:
                return
            spent["batches"] += 1
            spent["rows"] += len(batch.label)
            yield batch

    return timed


def gathering(take: Callable[..., Batch], spent: dict[str, float]) -> Callable[..., Batch]:
    """`RowWindow.take`, its time on the processor added up."""

    def timed(window: RowWindow, rows: Any) -> Batch:
        begun = time.thread_time()
        try:
            return take(window, rows)
        finally:
            spent["gathered"] += time.thread_time() - begun

    return timed


def report(name: str, cost: Cost) -> None:
    step = 1e6 * cost.steps / cost.num_batches
    print(f"{name:10s} {cost.num_rows:,} rows in {cost.num_batches:,} steps of {step:,.0f} µs: "
          f"waited {100 * cost.waited / cost.steps:.2f} %, gathering took {100 * cost.gathered / cost.steps:.2f} % "
          f"({1e9 * cost.gathered / cost.num_rows:,.0f} ns a row)")  # fmt: skip


if __name__ == "__main__":
    main()

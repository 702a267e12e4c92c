"""Training beside its limit and its peers: examples a second of the demo's network.

    python benchmarks/training.py [--families dnn_classifier,…] [--pairs 11] [--epochs 1]

The limit is the same torch module, optimizer and loss, fed slices of tensors that lie in memory by the shortest loop
there can be: no reading, no shuffling, no loss told, no state saved. Both train in this process, on as many threads, in
interleaved pairs; the ratio is told with the 95 % interval of its median over the pairs (by order statistics), by the
clock and by the processor's time.
"""

from __future__ import annotations

import argparse
import math
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch

from hagane.features.encode import encode
from hagane.fronts.demo_data import QUERY, unpack_flights
from hagane.models import family_options
from hagane.models.family import FitContext
from hagane.progress import SILENT
from hagane.spec.spec import Model, Spec, Split
from hagane.training.group import Group
from hagane.training.loop import train_module
from hagane.training.seeded import seeded
from hagane.training.task import Task, TensorBatch
from hagane.training.training_job import Share, TrainingJob
from hagane.workflow.prepare import prepare
from hagane.workspace.workspace import Workspace

FAMILIES = ("dnn_classifier", "dnn_linear_combined_classifier")


class Cost(NamedTuple):
    """Seconds of one training."""

    clock: float
    processor: float


class CaughtError(Exception):
    """The job that a family was about to do."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--families", default=",".join(FAMILIES))
    parser.add_argument("--pairs", type=int, default=11)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--workspace", type=Path, default=Path(tempfile.gettempdir()) / "hagane-benchmark")
    arguments = parser.parse_args()
    data = QUERY.format(folder=unpack_flights(arguments.workspace / "demo"))
    for family in arguments.families.split(","):
        job, share = job_of(family, data, arguments)
        batch = next(iter(job.make_task(share).train_batches(0, 0))).num_rows
        print(f"{family}: {share.train.num_rows:,} rows, {len(share.train.features)} features, batches of {batch}")
        beside_the_limit(job, share, arguments.pairs)


def job_of(family: str, data: str, arguments: argparse.Namespace) -> tuple[TrainingJob, Share]:
    """What the family would have a strategy do, caught on its way."""
    from hagane.models import get_family, train_torch

    spec = Spec(data=data, label="late", split=Split(method="time", column="departure"), model=Model(type=family))
    workspace = Workspace(arguments.workspace / "workspace")
    prepared = prepare(spec, None, SILENT, folder=workspace.root)
    with workspace.scratch() as scratch:
        encoded = encode(
            prepared.splits, prepared.transform, prepared.label, scratch / "encoded", cache=workspace.cache
        )
    caught: list[tuple[TrainingJob, Share]] = []

    def strategy(job: TrainingJob, share: Share, run: Any) -> Any:
        caught.append((job, share))
        raise CaughtError

    before, train_torch.get_strategy = train_torch.get_strategy, lambda name: strategy
    options = family_options(family, {"max_iterations": arguments.epochs, "early_stop": False})
    context = FitContext(features=encoded.train.features, num_classes=2)
    try:
        get_family(family).fit(encoded.train, None, options, context)
    except CaughtError:
        pass
    finally:
        train_torch.get_strategy = before
    return caught[0]


def beside_the_limit(job: TrainingJob, share: Share, pairs: int) -> None:
    """Both in turn, the order changed from pair to pair."""
    torch.set_num_threads(job.num_threads or torch.get_num_threads())
    held = list(job.make_task(share).train_batches(0, 0))
    found: list[tuple[Cost, Cost]] = []
    for number in range(pairs + 1):
        runs: list[Callable[[], Cost]] = [lambda: engine(job, share), lambda: limit(job, share, held)]
        costs = [run() for run in (runs if number % 2 else runs[::-1])]
        if number:  # the first pair warms up
            found.append((costs[0], costs[1]) if number % 2 else (costs[1], costs[0]))
    rows = share.train.num_rows * job.settings.max_epochs
    ours, least = (statistics.median(pair[side].clock for pair in found) for side in (0, 1))
    print(f"  hagane {rows / ours:12,.0f} examples/s   limit {rows / least:12,.0f} examples/s")
    for name in Cost._fields:
        ratios = [getattr(bare, name) / getattr(own, name) for own, bare in found]
        low, high = interval_of_median(ratios)
        print(f"  of the limit, by {name:9}: {statistics.median(ratios):.3f}  ({low:.3f} to {high:.3f}, {pairs} pairs)")


def engine(job: TrainingJob, share: Share) -> Cost:
    """The loop that every family is trained by."""
    with seeded(job.settings.seed, job.num_threads):
        task = job.make_task(share)
        return clocked(lambda: train_module(task, job.settings, group=Group()))


def limit(job: TrainingJob, share: Share, held: list[TensorBatch]) -> Cost:
    """The same steps on what is in memory."""
    with seeded(job.settings.seed, job.num_threads):
        task = job.make_task(share)
        return clocked(lambda: shortest_loop(task, held, job.settings.max_epochs))


def shortest_loop(task: Task, held: list[TensorBatch], epochs: int) -> None:
    """Forward, backward, step."""
    optimizers = task.make_optimizers(task.module)
    task.module.train()
    for _ in range(epochs):
        for batch in held:
            for optimizer in optimizers:
                optimizer.zero_grad(set_to_none=True)
            task.loss(task.module(*batch.inputs), batch.label).mean().backward()
            for optimizer in optimizers:
                optimizer.step()


def clocked(work: Callable[[], object]) -> Cost:
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return Cost(time.perf_counter() - clock, time.process_time() - processor)


def interval_of_median(values: list[float]) -> tuple[float, float]:
    """The order statistics between which the median lies with at least 95 % (binomial)."""
    ordered, n = sorted(values), len(values)
    below = 0
    while sum(math.comb(n, k) for k in range(below + 1)) / 2**n <= 0.025:
        below += 1
    return ordered[max(below - 1, 0)], ordered[n - max(below, 1)]


if __name__ == "__main__":
    main()

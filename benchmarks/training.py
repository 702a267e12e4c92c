"""Training beside its limit and its peers: examples a second of the demo's network.

    python benchmarks/training.py [--families dnn_classifier,…] [--pairs 11] [--epochs 1]
    python benchmarks/training.py --beside keras [--families …] [--pairs 11] [--epochs 2] [--threads 1]
    python benchmarks/training.py --beside ludwig --pairs 11

The limit is the same torch module, optimizer and loss, fed slices of tensors that lie in memory by the shortest loop
there can be: no reading, no shuffling, no loss told, no state saved. Both train in this process, on as many threads, in
interleaved pairs; the ratio is told with the 95 % interval of its median over the pairs (by order statistics), by the
clock and by the processor's time.

A peer runs in an environment of its own, which is built at its first use. It and Hagane are given the same Parquet file
and train the same network (embeddings and layers as wide, the same batches, AdamW, as many epochs), bound to as many
processors as they have threads. *train* is training on what was prepared before; *whole* is everything from the file to
a saved model with the ROC AUC of its test rows. Nobody's imports are counted.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from functools import partial
from pathlib import Path
from zlib import crc32

import pyarrow.compute as pc
import pyarrow.parquet as pq
import torch

from hagane.data.open_table import open_table
from hagane.fronts.demo_data import QUERY, unpack_flights
from hagane.models.embedding_widths import embedding_width
from hagane.spec.spec import Model, Spec, Split
from hagane.training.group import Group
from hagane.training.loop import train_module
from hagane.training.seeded import seeded
from hagane.training.task import Task, TensorBatch
from hagane.training.training_job import Share, TrainingJob
from peers.caught_job import caught_job
from peers.contender import Contender, Cost, Problem, clocked
from peers.environment import CACHE, peer_python
from peers.pairs import interleaved, median_clock, print_ratios

FAMILIES = {"dnn_classifier": "dnn", "dnn_linear_combined_classifier": "wide"}
PEERS = {"keras": ("dnn", "wide"), "ludwig": ("dnn",)}
"""Peer → what it has."""
NUMBERS = ["distance", "sched_dep_time", "sched_arr_time", "dest_lat", "dest_lon", "built", "seats", "temp", "dewp"]
NUMBERS += ["humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib"]
NAMES = ["carrier", "origin", "dest", "manufacturer", "aircraft"]
TIMES = ["day", "dayofweek", "hour"]
CATEGORIES = [*NAMES, *(f"departure_{part}" for part in TIMES)]
FLIGHTS = f"""\
SELECT late, {", ".join(f"CAST({name} AS DOUBLE) AS {name}" for name in NUMBERS)}, {", ".join(NAMES)},
  {", ".join(f"CAST({part}(departure) AS VARCHAR) AS departure_{part}" for part in TIMES)},
  CASE WHEN place > 0.9 THEN 'TEST' WHEN place > 0.8 THEN 'EVAL' ELSE 'TRAIN' END AS part
FROM (SELECT *, percent_rank() OVER (ORDER BY departure) AS place FROM data) ORDER BY departure"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--families", default=",".join(FAMILIES))
    parser.add_argument("--pairs", type=int, default=11)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--workspace", type=Path, default=Path(tempfile.gettempdir()) / "hagane-benchmark")
    parser.add_argument("--beside", choices=PEERS)
    parser.add_argument("--only", choices=("train", "whole"), help="beside a peer: one of the two measurements")
    parser.add_argument("--threads", type=int, default=1, help="beside a peer")
    parser.add_argument("--environments", type=Path, default=CACHE, help="where the peers' environments are")
    parser.add_argument("--torch-index", default="", help="where Ludwig's CPU build of torch is, if not on the index")
    arguments = parser.parse_args()
    query = QUERY.format(folder=unpack_flights(arguments.workspace / "demo"))
    for family in arguments.families.split(","):
        if arguments.beside is None:
            beside_the_limit(family, query, arguments)
        elif FAMILIES[family] in PEERS[arguments.beside]:
            beside_a_peer(family, query, arguments)
        else:
            print(f"{family}: {arguments.beside} has none")


def beside_the_limit(family: str, query: str, arguments: argparse.Namespace) -> None:
    """The loop on encoded columns and the shortest one there can be, in turn."""
    spec = Spec(data=query, label="late", split=Split(method="time", column="departure"), model=Model(type=family))
    options = {"max_iterations": arguments.epochs, "early_stop": False}
    job, share = caught_job(spec, options, arguments.workspace / "workspace")
    torch.set_num_threads(job.num_threads or torch.get_num_threads())
    held = list(job.make_task(share).train_batches(0, 0))
    print(f"{family}: {share.train.num_rows:,} rows, {len(share.train.features)} features, "
          f"batches of {held[0].num_rows}")  # fmt: skip
    pairs = interleaved(lambda: engine(job, share), lambda: limit(job, share, held), arguments.pairs)
    rows = share.train.num_rows * job.settings.max_epochs
    ours, least = median_clock(pairs)
    print(f"  hagane {rows / ours:12,.0f} examples/s   limit {rows / least:12,.0f} examples/s")
    print_ratios("of the limit", pairs)


def engine(job: TrainingJob, share: Share) -> Cost:
    """The loop that every family is trained by."""
    with seeded(job.settings.seed, job.num_threads):
        task = job.make_task(share)
        return Cost(**clocked(lambda: train_module(task, job.settings, group=Group())))


def limit(job: TrainingJob, share: Share, held: list[TensorBatch]) -> Cost:
    """The same steps on what is in memory."""
    with seeded(job.settings.seed, job.num_threads):
        task = job.make_task(share)
        return Cost(**clocked(lambda: shortest_loop(task, held, job.settings.max_epochs)))


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


def beside_a_peer(family: str, query: str, arguments: argparse.Namespace) -> None:
    """Both in turn, each in its own process."""
    peer = arguments.beside
    python = peer_python(peer, arguments.torch_index, arguments.environments)
    problem, rows = posed(FAMILIES[family], query, arguments)
    print(
        f"{family}: {rows:,} rows, {len(problem.numbers)} numbers, {len(problem.categories)} categories, "
        f"batches of {problem.batch_size}, epochs: {problem.epochs}, threads: {problem.threads}",
        flush=True,
    )
    with (
        Contender(sys.executable, "hagane_contender", problem, arguments.workspace) as ours,
        Contender(python, f"{peer}_contender", problem, arguments.workspace) as theirs,
    ):
        print(f"  preparing: hagane {ours.cost('prepare').clock:.1f} s, {peer} {theirs.cost('prepare').clock:.1f} s")
        for command in ("train", "whole") if arguments.only is None else (arguments.only,):
            pairs = interleaved(partial(ours.cost, command), partial(theirs.cost, command), arguments.pairs)
            tell(command, peer, rows * problem.epochs, pairs)
        if arguments.only != "train":
            areas = [each.answer["roc_auc"] for each in (ours, theirs)]
            print(f"  ROC AUC of the test rows: hagane {areas[0]:.4f}, {peer} {areas[1]:.4f}")


def tell(command: str, peer: str, rows: int, pairs: list[tuple[Cost, Cost]]) -> None:
    mine, its = median_clock(pairs)
    print(f"  {command}: hagane {rows / mine:,.0f} examples/s ({mine:.2f} s), {peer} {rows / its:,.0f} ({its:.2f} s)")
    print_ratios(f"{command}, times as fast as {peer}", pairs)


def posed(kind: str, query: str, arguments: argparse.Namespace) -> tuple[Problem, int]:
    """The flights as one file of numbers and categories, the last ones to test by; and how many train."""
    file = arguments.workspace / f"flights-{crc32(FLIGHTS.encode()):08x}.parquet"
    if not file.exists():
        aside = file.with_suffix(".partial")
        pq.write_table(open_table(query).query(FLIGHTS), aside)
        aside.rename(file)
    rows = pq.read_table(file)
    train = rows.filter(pc.equal(rows["part"], "TRAIN"))
    problem = Problem(
        file=str(file), label="late", numbers=NUMBERS, kind=kind, epochs=arguments.epochs, threads=arguments.threads,
        categories={name: embedding_width(len(train[name].unique()) + 1) for name in CATEGORIES},
        hidden_units=[128, 64], dropout=0.2, batch_size=1024, learn_rate=0.002,
    )  # fmt: skip
    return problem, len(train)


if __name__ == "__main__":
    main()

"""What gradient compression and outer steps bring where bandwidth is scarce, and what they cost in quality.

    python benchmarks/communication.py [--rates 50 200 1000 0] [--seeds 4] [--data FOLDER]  # as root

trains a network of 2.8 million parameters on UCI Adult, by the strategies' own loop and group: in two processes on two
"machines" (network namespaces) joined by a cable of so many Mbit/s (0: not shaped), and in one. Two parts:

* speed: examples/s and bytes sent a step, of `--steps` steps at each rate, from the cable's own counters;
* quality: the ROC AUC of the test rows after `--epochs` epochs, for each seed. It does not depend on the rate: the
  weights of the steps that were measured are the same, bit by bit, at every rate, which is checked.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import msgspec
import numpy as np
import torch
import torch.distributed as dist
from torch import nn

from hagane.features.encode import encode
from hagane.features.encoded import Encoded
from hagane.metrics.ranked_counts import ranked_counts
from hagane.metrics.roc_auc import roc_auc
from hagane.models.dnn import DnnArguments, DnnOptions, make_task
from hagane.models.target import Target
from hagane.models.torch_task import as_tensors
from hagane.progress import SILENT
from hagane.spec.communication import Communication
from hagane.spec.spec import Model, Spec, Split
from hagane.training.communicating_group import CommunicatingGroup
from hagane.training.group import Group
from hagane.training.loop import train_module
from hagane.training.seeded import seeded
from hagane.training.training_job import Share
from hagane.workflow.prepare import prepare
from shaped_link import ShapedLink, missing, sent_bytes

OPTIONS: dict[str, Communication | None] = {
    "one process": None,
    "all-reduce": Communication(),
    "bfloat16": Communication(compression="bfloat16"),
    "powersgd, rank 4": Communication(compression="powersgd", powersgd_rank=4),
    "powersgd, rank 1": Communication(compression="powersgd", powersgd_rank=1),
    "local SGD, 16, bfloat16": Communication(outer_steps=16, compression="bfloat16"),
    "DiLoCo, 16, bfloat16": Communication(outer_steps=16, compression="bfloat16", outer_learn_rate=0.7,
                                          outer_momentum=0.9),
}  # fmt: skip
WARM_UP = 16
"""Steps before those that are measured: a round of the outer steps."""
ADULT = """
SELECT * FROM (
  SELECT *, 'TRAIN' AS part FROM read_csv('{folder}/adult.data', header = false, names = {names}, nullstr = '?')
  UNION ALL
  SELECT * REPLACE (rtrim(income, '.') AS income), 'TEST' AS part
  FROM read_csv('{folder}/adult.test', header = false, names = {names}, nullstr = '?', skip = 1)
)
"""
COLUMNS = ["age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation", "relationship",
           "race", "sex", "capital_gain", "capital_loss", "hours_per_week", "native_country", "income"]  # fmt: skip


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What one process is told."""

    rank: int
    size: int
    folder: str
    """Where the encoded rows lie."""
    communication: Communication
    hidden_units: tuple[int, ...]
    batch_size: int
    epochs: int
    seed: int
    num_steps: int | None = None
    """Steps to be measured; None: all epochs are trained, and the test rows predicted."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What one process says."""

    weights: int
    """A checksum."""
    seconds: float
    cpu_seconds: float
    sent_bytes: float
    """A step, over the cable."""
    counted_bytes: float
    """The same by `Traffic`."""
    auc: float | None = None


class EnoughError(Exception):
    """All steps that were to be measured are done."""


class Clock:
    """What has been spent between two steps."""

    def __init__(self, num_steps: int | None) -> None:
        self.num_steps = num_steps
        self.spent: dict[str, float] = {}

    def after(self, step: int, *, is_linked: bool, counted: int) -> None:
        """Raises EnoughError behind the last step that is measured."""
        if self.num_steps is None or step not in (WARM_UP, WARM_UP + self.num_steps):
            return
        if is_linked:
            dist.barrier()
        now = {
            "seconds": time.perf_counter(),
            "cpu_seconds": time.process_time(),
            "sent_bytes": sent_bytes() if is_linked else 0,
            "counted_bytes": counted,
        }
        self.spent = {name: value - self.spent.get(name, 0) for name, value in now.items()}
        if step > WARM_UP:
            raise EnoughError


class LinkedGroup(CommunicatingGroup):
    """That of the strategies, with a clock."""

    def __init__(self, told: Work, clock: Clock) -> None:
        super().__init__("cpu", local_rank=0, communication=told.communication, seed=told.seed)
        self._clock = clock

    def after_step(self, step: int) -> None:
        super().after_step(step)
        kept = self.outer or self.hook
        self._clock.after(step, is_linked=True, counted=kept.traffic.sent_bytes if kept is not None else 0)


class Alone(Group):
    """One process, with a clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def after_step(self, step: int) -> None:
        self._clock.after(step, is_linked=False, counted=0)


def work(told: Work) -> Result:
    """Be one of the processes."""
    folder = Path(told.folder)
    options = DnnOptions(hidden_units=told.hidden_units, batch_size=told.batch_size, max_iterations=told.epochs,
                         early_stop=False)  # fmt: skip
    arguments = DnnArguments(options=options, target=Target(1, "binary_log_loss", "sigmoid"), seed=told.seed, shift=())
    clock = Clock(told.num_steps)
    group = Alone(clock) if told.size == 1 else LinkedGroup(told, clock)
    with seeded(told.seed, 1):
        share = Share(Encoded.open(folder / "train"), None, told.rank, told.size)
        task = make_task(msgspec.to_builtins(arguments), share)
        try:
            train_module(task, options.loop_settings(seed=told.seed), group=group)
        except EnoughError:
            group.settle()
    steps = told.num_steps or 1
    spent = {name: clock.spent.get(name, 0) for name in ("seconds", "cpu_seconds", "sent_bytes", "counted_bytes")}
    spent |= {name: spent[name] / steps for name in ("sent_bytes", "counted_bytes")}
    weights = torch.cat([parameter.detach().reshape(-1) for parameter in task.module.parameters()]).numpy()
    wanted = told.num_steps is None and told.rank == 0
    return Result(weights=zlib.crc32(weights.tobytes()), auc=auc(task.module, folder) if wanted else None, **spent)


def auc(module: nn.Module, folder: Path) -> float:
    """ROC AUC of the test rows."""
    batch = as_tensors(Encoded.open(folder / "test").arrays(), Target(1, "binary_log_loss", "sigmoid"))
    module.eval()
    with torch.no_grad():
        parts = zip(*(each.split(4096) for each in batch.inputs), strict=True)
        logits = torch.cat([module(*part)[:, 0] for part in parts])
    found = roc_auc(ranked_counts(batch.label.numpy().astype(bool), logits.numpy().astype(np.float64)))
    assert isinstance(found, float)
    return found


def encode_adult(data: Path, folder: Path) -> None:
    """Train and test rows as features, in `folder`."""
    query = ADULT.format(folder=data, names=COLUMNS)
    spec = Spec(data=query, label="income", split=Split(method="column", column="part"),
                model=Model(type="dnn_classifier"))  # fmt: skip
    prepared = prepare(spec, None, SILENT, folder=folder / "work")
    encode(prepared.splits, prepared.transform, prepared.label, folder / "rows")


def together(link: ShapedLink, told: Work) -> Result:
    """Two processes, or one; what the first says."""
    processes = []
    for rank in range(told.size):
        text = msgspec.json.encode(msgspec.structs.replace(told, rank=rank)).decode()
        processes.append(
            link.start(rank, [sys.executable, __file__, "--work", text], stdout=subprocess.PIPE, text=True)
        )
    said = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        sys.exit("a process failed")
    results = [msgspec.json.decode(text.splitlines()[-1], type=Result) for text in said]
    assert len({result.weights for result in results}) == 1, "the processes hold different weights"
    return results[0]


def be_worker(text: str) -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: no process outlives the benchmark
    told = msgspec.json.decode(text, type=Work)
    if told.size > 1:
        os.environ.setdefault("MASTER_PORT", "29700")
        dist.init_process_group("gloo", rank=told.rank, world_size=told.size, timeout=timedelta(minutes=10))
    print(msgspec.json.encode(work(told)).decode(), flush=True)
    if told.size > 1:
        dist.barrier()
    os._exit(0)  # gloo's threads now and then abort an interpreter that ends


def report_speed(link: ShapedLink, told: Work, arguments: argparse.Namespace) -> None:
    """Examples/s at each rate, beside plain all-reduce."""
    checksums: dict[str, set[int]] = {}
    for rate in arguments.rates:
        link.shape(rate or None)
        plain = 0.0
        for name in arguments.options:
            option = OPTIONS[name]
            size = 1 if option is None else 2
            found = together(link, msgspec.structs.replace(told, size=size, communication=option or Communication()))
            checksums.setdefault(name, set()).add(found.weights)
            rows = arguments.steps * told.batch_size / found.seconds
            plain = rows if name == "all-reduce" else plain
            times = f"{rows / plain:6.2f}x" if plain else "       "
            millis = 1000 * found.cpu_seconds / arguments.steps
            print(f"{rate or 'unshaped':>8} {name:24s} {rows:8.0f} examples/s {times} "
                  f"{found.sent_bytes / 1e6:8.3f} MB a step ({found.counted_bytes / 1e6:.3f} counted) "
                  f"{millis:6.0f} ms of CPU a step", flush=True)  # fmt: skip
    odd = [name for name, found in checksums.items() if len(found) > 1]
    print("weights are the same at every rate" if not odd else f"WEIGHTS DEPEND ON THE RATE: {odd}")


def report_quality(link: ShapedLink, told: Work, arguments: argparse.Namespace) -> None:
    """The AUC of each option over seeds, and its difference from all-reduce seed by seed."""
    link.shape(None)
    plain: list[float] = []
    for name in arguments.options:
        option = OPTIONS[name]
        size = 1 if option is None else 2
        found = []
        for seed in range(arguments.seeds):
            result = together(link, msgspec.structs.replace(told, size=size, seed=seed, num_steps=None,
                                                            communication=option or Communication()))  # fmt: skip
            assert result.auc is not None
            found.append(result.auc)
        plain = found if name == "all-reduce" else plain
        spread = statistics.stdev(found) if len(found) > 1 else 0.0
        less = f"{statistics.mean(found) - statistics.mean(plain):+.5f}" if plain else ""
        print(f"{name:24s} AUC {statistics.mean(found):.5f} ± {spread:.5f} {less}  {[round(x, 5) for x in found]}",
              flush=True)  # fmt: skip


@contextmanager
def ended_by_sigterm() -> Iterator[None]:
    """SIGTERM leaves through the context managers, so that nothing stays behind."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data" / "adult",
                        help="the folder of adult.data and adult.test")  # fmt: skip
    parser.add_argument("--rates", type=int, nargs="*", default=[50, 200, 1000, 0], help="Mbit/s; 0: not shaped")
    parser.add_argument("--steps", type=int, default=32, help="that are measured at each rate")
    parser.add_argument("--seeds", type=int, default=4, help="for each of which quality is measured; 0: not at all")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=256, help="rows of a step, of both processes together")
    parser.add_argument("--hidden-units", type=json.loads, default=[2048, 1024, 512])
    parser.add_argument("--options", nargs="*", default=list(OPTIONS), choices=list(OPTIONS))
    parser.add_argument("--work", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        be_worker(arguments.work)
    if why := missing():
        sys.exit(f"no link can be shaped here: {why}")
    with ended_by_sigterm(), tempfile.TemporaryDirectory() as folder, ShapedLink() as link:
        encode_adult(arguments.data, Path(folder))
        told = Work(rank=0, size=2, folder=f"{folder}/rows", communication=Communication(), seed=0,
                    hidden_units=tuple(arguments.hidden_units), batch_size=arguments.batch_size,
                    epochs=arguments.epochs, num_steps=arguments.steps)  # fmt: skip
        report_speed(link, told, arguments)
        if arguments.seeds:
            report_quality(link, told, arguments)


if __name__ == "__main__":
    main()

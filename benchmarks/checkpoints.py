"""What checkpoints cost a network's training: bytes, how long a step is held up, the end at SIGTERM, the way back.

    python benchmarks/checkpoints.py [--table 1.0] [--only small]

Two networks of the same two hidden layers (128 and 64 units) and batches: the *small* one over 20 numbers and 5
categories; the *large* one over a category whose embeddings take --table gigabytes beside them. A training is run
without checkpoints and with one every few seconds, in turn: a checkpoint costs the difference by their number, and of
the 30 s between two of them by default that share. A step is *held up* by what it takes longer than the median step
when it is the first after a save. In a process of its own a training is then told to end (SIGTERM) and started again:
*exit* is from the signal to the end of the process, *return* by how much later its first step ends than that of a
training that begins (the process's own start is in neither). The disk needs four times the checkpoint's bytes.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hagane.errors import PreemptedError
from hagane.features.encoded import Encoded, EncodedWriter
from hagane.features.feature import Feature, FeatureKind
from hagane.models import family_options, get_family
from hagane.models.family import FitContext
from hagane.progress import SILENT, Phase
from hagane.progress.events import CheckpointWritten, Event, StepEnded
from hagane.spec.checkpoint_policy import CheckpointPolicy
from hagane.spec.spec import Training
from hagane.training.preemption import Preemption
from peers.contender import clocked

FAMILY = "dnn_classifier"
WIDTH = 32
SMALL = 100
PREEMPTED = 75


class Case(NamedTuple):
    """One network, and how it is measured."""

    name: str
    slots: int
    """Of one category; the four others have 100."""
    rows: int
    epochs: int
    every_seconds: float
    pairs: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=float, default=1.0, help="gigabytes of the large network's embeddings")
    parser.add_argument("--only", choices=("small", "large"))
    parser.add_argument("--folder", type=Path, help="where rows and checkpoints lie while it runs: a disk, no tmpfs")
    parser.add_argument("--train", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    cases = (
        Case("small", SMALL, 262_144, 6, 0.5, 5),
        Case("large", int(arguments.table * 1e9 / (4 * WIDTH)), 262_144, 4, 4.0, 3),
    )
    if arguments.train:
        name, place, checkpoints = arguments.train
        return train_until_told(next(case for case in cases if case.name == name), Path(place), Path(checkpoints))
    for case in cases:
        if arguments.only in (None, case.name):
            with tempfile.TemporaryDirectory(prefix="hagane-checkpoints-", dir=arguments.folder) as place:
                measure(case, Path(place), arguments)


def measure(case: Case, place: Path, arguments: argparse.Namespace) -> None:
    encoded = make_rows(place / "rows", case)
    training = Training(checkpoint=CheckpointPolicy(every_seconds=case.every_seconds))
    plain, saving, told = [], [], []
    for number in range(case.pairs):
        told.append(Told())
        checkpoints = place / f"run{number}" / "checkpoints"
        plain.append(train(case, encoded, progress=SILENT))
        saving.append(train(case, encoded, progress=told[-1], checkpoints=checkpoints, training=training))
        shutil.rmtree(checkpoints.parent, ignore_errors=True)
        print(f"  {case.name}, pair {number + 1}: {plain[-1]['clock']:.2f} s, saving {saving[-1]['clock']:.2f} s",
              file=sys.stderr, flush=True)  # fmt: skip
    tell_costs(case, plain, saving, told)
    end_and_return(case, place, arguments)


def tell_costs(case: Case, plain: list[dict[str, float]], saving: list[dict[str, float]], told: list[Told]) -> None:
    written = [each for run in told for each in run.written]
    step = statistics.median(seconds for run in told for seconds in run.seconds.values())
    held_up = [seconds - step for run in told for seconds in run.after_saves()]
    each = len(written) / case.pairs
    print(f"{case.name}: {written[-1].num_bytes / 1e6:,.1f} MB a checkpoint, {each:.1f} in a training of "
          f"{statistics.median(run['clock'] for run in plain):.1f} s ({len(told[0].seconds):,} steps of "
          f"{1e3 * step:.2f} ms)")  # fmt: skip
    default = CheckpointPolicy().every_seconds
    for name in ("clock", "processor"):
        more = [with_[name] - without[name] for with_, without in zip(saving, plain, strict=True)]
        cost = statistics.median(more) / each
        print(f"  one costs {1e3 * cost:,.0f} ms by {name}: {100 * cost / default:.2f} % of {default:.0f} s")
    aside = statistics.median(each.duration_seconds for each in written)
    print(f"  a step is held up by {1e3 * statistics.median(held_up):,.1f} ms (at most {1e3 * max(held_up):,.1f}), "
          f"{100 * statistics.median(held_up) / default:.3f} %; on the disk after {1e3 * aside:,.0f} ms")  # fmt: skip


def make_rows(place: Path, case: Case) -> Encoded:
    random, n = np.random.default_rng(0), case.rows
    cardinalities = (case.slots, SMALL, SMALL, SMALL, SMALL)
    features = [
        *(Feature(name=f"x{i}", kind=FeatureKind.DENSE, columns=(f"x{i}",)) for i in range(20)),
        *(Feature(name=f"c{i}", kind=FeatureKind.ID, columns=(f"c{i}",), cardinality=c)
          for i, c in enumerate(cardinalities)),
    ]  # fmt: skip
    writer = EncodedWriter(place, tuple(features))
    dense = random.normal(size=(20, n)).astype(np.float32)
    ids = [random.integers(0, cardinality, n) for cardinality in cardinalities]
    writer.append([*dense, *ids, (dense[:6].sum(axis=0) + random.normal(size=n) > 0).astype(np.int64)])
    return writer.close()


class Told:
    """A `Progress` that keeps how long each step took, and what was written."""

    def __init__(self, print_steps: bool = False) -> None:
        self.seconds: dict[int, float] = {}
        self.written: list[CheckpointWritten] = []
        self._print = print_steps

    def phase(self, name: str, **more: Any) -> Phase:
        return SILENT.phase(name)

    def note(self, text: str) -> None:
        print(text, file=sys.stderr)

    def tell(self, event: Event) -> None:
        """From the thread that trains, and from the one that writes."""
        if isinstance(event, StepEnded):
            self.seconds[event.step] = event.duration_seconds
            if self._print:
                print(json.dumps([event.step, time.monotonic()]), flush=True)
        elif isinstance(event, CheckpointWritten):
            self.written.append(event)

    def after_saves(self) -> list[float]:
        """Seconds of the steps behind a save."""
        steps = [event.step + 1 for event in self.written]
        return [self.seconds[step] for step in steps if step in self.seconds]


def train(case: Case, encoded: Encoded, **surroundings: Any) -> dict[str, float]:
    """The fit of the family, early stopping off; its seconds."""
    asked = {"hidden_units": [128, 64], "embedding_dims": {"c0": WIDTH}, "max_iterations": case.epochs}
    options = family_options(FAMILY, asked | {"early_stop": False, "batch_size": 1024})
    context = FitContext(features=encoded.features, num_classes=2, num_threads=1, **surroundings)
    return clocked(lambda: get_family(FAMILY).fit(encoded, None, options, context))


def train_until_told(case: Case, place: Path, checkpoints: Path) -> None:
    """In a process of its own: say when steps end, and leave when told to."""
    encoded = Encoded.open(place / "rows")
    print(json.dumps([0, time.monotonic()]), flush=True)
    try:
        with Preemption() as notice:
            train(case, encoded, progress=Told(print_steps=True), checkpoints=checkpoints, preemption=notice)
    except PreemptedError:
        sys.exit(PREEMPTED)


def end_and_return(case: Case, place: Path, arguments: argparse.Namespace) -> None:
    """Three trainings that are told to end after 30 steps, and each of them once more."""
    fresh, again = [], []
    for number in range(3):
        checkpoints = place / f"ended{number}" / "checkpoints"
        for found in (fresh, again):
            found.append(ended(case, place, checkpoints, arguments.table))
            print(f"  {case.name}: first step after {found[-1][0]:.2f} s, exit after {found[-1][1]:.2f} s",
                  file=sys.stderr, flush=True)  # fmt: skip
        shutil.rmtree(checkpoints.parent)
    first, later = (statistics.median(each[0] for each in found) for found in (fresh, again))
    exits = [each[1] for each in (*fresh, *again)]
    print(f"  exit {statistics.median(exits):.2f} s after SIGTERM (at most {max(exits):.2f}); "
          f"return {later - first:.2f} s")  # fmt: skip


def ended(case: Case, place: Path, checkpoints: Path, table: float) -> tuple[float, float]:
    """Seconds from the fit's beginning to its first step, and from SIGTERM to the end of the process."""
    command = [sys.executable, __file__, "--train", case.name, str(place), str(checkpoints), "--table", str(table)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        begun = json.loads(process.stdout.readline())[1]
        first = json.loads(process.stdout.readline())[1] - begun
        for _ in range(30):
            process.stdout.readline()
        told = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.stdout.read()
        code = process.wait()
        exited = time.monotonic() - told
    if code != PREEMPTED:
        raise RuntimeError(f"it ended with {code}, not {PREEMPTED}")
    return first, exited


if __name__ == "__main__":
    main()

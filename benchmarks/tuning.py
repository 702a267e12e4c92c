"""What thirty trials of a study cost beside the trainings that they stand for.

    python benchmarks/tuning.py [--only sweep | linear | ludwig] [--trials 30] [--repeats 3] [--separate 30]

*sweep*: trees over 2,000,000 rows; bucket counts of three numbers, vocabulary sizes of three texts, leaves and learning
rate are searched. Beside it: the same thirty models fitted on the same rows, encoded beforehand, in one process; only
the fits are counted (`fits`), or the fits and the figures of the eval rows, which a study needs, too (`fits, judged`).

*linear*: a ridge regression over 5,000,000 rows; the same features, and the penalty. Beside it: `hagane train --hparam`
for each of the same thirty choices, a process each, in a workspace of its own, whose cache they share.

What is counted of a study is all of it but the training of its winner: reading, dividing, statistics, the search.
Each is a process of its own. CPU seconds are those of all threads. The figures of every trial are held against those
of the models beside it: they are the same. *ludwig*: whether Ludwig's own search runs in its environment.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from hagane.features.encode import encode
from hagane.models.family import FitContext
from hagane.progress import SILENT
from hagane.progress.events import Event, StudyEnded
from hagane.spec.read_yaml import read_yaml
from hagane.spec.spec import Spec
from hagane.workflow.hyperparameters import set_hyperparameters
from hagane.workflow.prepare import prepare
from hagane.workflow.row_weights import weigh_rows
from hagane.workflow.shared_rows import SharedRows
from hagane.workflow.trial_scores import trial_metrics, trial_scores
from hagane.workflow.tune import tune
from hagane.workspace.workspace import Workspace

CHUNK = 500_000
SIZES = {"airline": 20, "origin": 400, "destination": 400, "tail": 6_000}
LUDWIG = Path.home() / ".cache" / "hagane-benchmark" / "ludwig" / "bin" / "python"


class Case(NamedTuple):
    """What is tuned."""

    rows: int
    label: str
    family: str
    options: dict[str, Any]
    most_tails: int


CASES = {
    "sweep": Case(
        2_000_000,
        "late",
        "boosted_tree_classifier",
        {
            "num_leaves": "HPARAM_RANGE(15, 63)",
            "learn_rate": "HPARAM_RANGE(0.05, 0.3)",
            "max_iterations": 100,
            "early_stop": False,
        },
        most_tails=4_000,
    ),
    "linear": Case(5_000_000, "delay", "linear_reg", {"l2_reg": "HPARAM_RANGE(0.1, 100.0)"}, most_tails=1_500),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=[*CASES, "ludwig"])
    parser.add_argument("--rows", type=lambda text: int(text.replace("_", "")), help="instead of each case's own")
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--separate", type=int, help="so many trainings of the linear case, spread; scaled up to all")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "hagane-benchmark")
    parser.add_argument("--child", choices=["study", "fits"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child = study if arguments.child == "study" else fits
        print(json.dumps(child(arguments.only, arguments)))
        return
    for name in CASES:
        if arguments.only in (None, name):
            report(name, arguments)
    if arguments.only in (None, "ludwig"):
        ludwig()


def report(name: str, arguments: argparse.Namespace) -> None:
    """Each repeat of a case, and the median of the ratios."""
    ratios: dict[str, list[float]] = {}
    for repeat in range(arguments.repeats):
        shutil.rmtree(workspace(name, arguments), ignore_errors=True)
        found = in_process(name, "study", arguments)
        if name == "sweep":
            trained = in_process(name, "fits", arguments)
            check_same(found["trials"], trained["trials"])
            beside = {"fits": trained["fits"], "fits, judged": trained["judged"]}
        else:
            beside = {f"{arguments.trials} trainings": trainings(name, found["trials"], arguments)}
        cost = found["cost"]
        print(f"{name}, repeat {repeat + 1}: {found['rows']:,} rows, {len(found['trials'])} trials: "
              f"{cost['cpu']:.1f} s CPU, {cost['wall']:.1f} s, peak {found['peak_gib']:.2f} GiB")  # fmt: skip
        for other, each in beside.items():
            by_cpu, by_wall = cost["cpu"] / each["cpu"], cost["wall"] / each["wall"]
            ratios.setdefault(other, []).append(by_cpu)
            print(f"  {other:14s} {each['cpu']:.1f} s CPU, {each['wall']:.1f} s: the study costs {by_cpu:.2f} of their "
                  f"CPU ({1 / by_cpu:.1f} times less), {by_wall:.2f} of their time", flush=True)  # fmt: skip
    for other, each in ratios.items():
        middle = statistics.median(each)
        print(
            f"{name}: median of {len(each)}: {middle:.2f} of the CPU seconds of {other} ({1 / middle:.1f} times less)"
        )


def in_process(name: str, child: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """What a child says, in a process of its own."""
    command = [sys.executable, __file__, "--child", child, "--only", name, "--folder", str(arguments.folder)]
    command += ["--trials", str(arguments.trials)] + (["--rows", str(arguments.rows)] if arguments.rows else [])
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def workspace(name: str, arguments: argparse.Namespace) -> Path:
    return arguments.folder / f"tuning-{name}"


def study(name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """The whole study but the training of its winner."""
    spec = spec_of(name, arguments)
    clock = Clock()
    told = UntilStudyEnds(clock)
    result = tune(spec, workspace=Workspace(workspace(name, arguments)), progress=told)
    trials = [
        {"parameters": trial.parameters, "metrics": trial.final_measurement.metrics}
        for trial in result.record.trials
        if trial.final_measurement is not None
    ]
    assert len(trials) == arguments.trials
    parameters = [trial["parameters"] for trial in trials]
    (workspace(name, arguments) / "trials.json").write_text(json.dumps(parameters))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {
        "cost": clock.spent(told.ended),
        "trials": trials,
        "peak_gib": peak,
        "rows": sum(result.trained.split_counts.values()),
    }


def fits(name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """The same models, on columns that are there: the study left them in the cache."""
    spec, place = spec_of(name, arguments), Workspace(workspace(name, arguments))
    shared = SharedRows(None, place.root, answers=place.fit_answers)
    asked = json.loads((place.root / "trials.json").read_text())
    fitted, judged, trials = dict.fromkeys(("cpu", "wall"), 0.0), dict.fromkeys(("cpu", "wall"), 0.0), []
    for parameters in asked:
        prepared = prepare(set_hyperparameters(spec, parameters), None, SILENT, folder=place.root, shared=shared)
        with place.scratch() as scratch:
            encoded = encode(
                prepared.splits, prepared.transform, prepared.label, scratch / "encoded", cache=place.cache
            )
        weighted = weigh_rows(encoded, prepared)
        context = FitContext(features=weighted.train.features, num_classes=prepared.label.num_classes,
                             label_names=prepared.label.columns, memory=prepared.table.engine.memory,
                             training=prepared.resolved.spec.training)  # fmt: skip
        clock = Clock()
        model = prepared.resolved.family.fit(weighted.train, weighted.eval, prepared.resolved.options, context)
        add(fitted, clock.spent())
        assert encoded.eval is not None
        metrics = trial_metrics(prepared, trial_scores(prepared, encoded.eval, model))
        add(judged, clock.spent())
        trials.append({"parameters": parameters, "metrics": metrics})
    return {"fits": fitted, "judged": judged, "trials": trials}


def trainings(name: str, trials: list[dict[str, Any]], arguments: argparse.Namespace) -> dict[str, float]:
    """`hagane train` for each of them, or for some, as if for all."""
    root = arguments.folder / f"trainings-{name}"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    spec_file = root / "spec.yaml"
    spec_file.write_text(json.dumps({**document(name, arguments), "tuning": None}))
    chosen = trials[:: max(1, len(trials) // (arguments.separate or len(trials)))]
    spent = dict.fromkeys(("cpu", "wall"), 0.0)
    for trial in chosen:
        hparams = [word for key, value in trial["parameters"].items() for word in ("--hparam", f"{key}={value}")]
        command = [sys.executable, "-m", "hagane.fronts.cli", "train", str(spec_file), "--workspace", str(root / "w")]
        clock = Clock(resource.RUSAGE_CHILDREN)
        subprocess.run([*command, *hparams], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        add(spent, clock.spent())
    scale = len(trials) / len(chosen)
    if scale > 1:
        print(f"  ({len(chosen)} of {len(trials)} trainings were run; their cost is scaled up)")
    return {unit: seconds * scale for unit, seconds in spent.items()}


def add(total: dict[str, float], spent: dict[str, float]) -> None:
    for unit, seconds in spent.items():
        total[unit] += seconds


def check_same(study_trials: list[dict[str, Any]], trained: list[dict[str, Any]]) -> None:
    """The study's models are those beside it, to the last bit of every figure."""
    for one, other in zip(study_trials, trained, strict=True):
        assert one == other, (one, other)


def ludwig() -> None:
    """Whether Ludwig's search can be run at all."""
    if not LUDWIG.exists():
        print("ludwig: no environment; benchmarks/training.py makes it")
        return
    done = subprocess.run([LUDWIG, "-c", "import ludwig.hyperopt.run"], capture_output=True, text=True)  # noqa: PLW1510
    said = "its search can be imported" if done.returncode == 0 else done.stderr.strip().splitlines()[-1]
    print(f"ludwig: {said}")


class Clock:
    """CPU and wall seconds since it was made."""

    def __init__(self, who: int = resource.RUSAGE_SELF) -> None:
        self.who = who
        self.began = self.now()

    def now(self) -> tuple[float, float]:
        used = resource.getrusage(self.who)
        return used.ru_utime + used.ru_stime, time.perf_counter()

    def spent(self, until: tuple[float, float] | None = None) -> dict[str, float]:
        cpu, wall = until or self.now()
        return {"cpu": cpu - self.began[0], "wall": wall - self.began[1]}


class UntilStudyEnds:
    """A `Progress` that notes when the last trial was over: then the winner is trained."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.ended = clock, (0.0, 0.0)

    def phase(self, name: str, **about: Any) -> Any:
        return SILENT.phase(name, **about)

    def note(self, text: str) -> None:
        return None

    def tell(self, event: Event) -> None:
        if isinstance(event, StudyEnded):
            self.ended = self.clock.now()


def spec_of(name: str, arguments: argparse.Namespace) -> Spec:
    return read_yaml(json.dumps(document(name, arguments)))


def document(name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """The spec of a case, with what is searched."""
    case = CASES[name]
    path = write_rows(arguments.folder, arguments.rows or case.rows)
    buckets = "ML.QUANTILE_BUCKETIZE({}, HPARAM_RANGE(5, 200)) OVER ()"
    words = "ML.ONE_HOT_ENCODER({}, 'none', HPARAM_RANGE({}, {}), 5) OVER ()"
    transform = {column: buckets.format(column) for column in ("distance", "delay_before", "taxi_out")}
    transform |= {column: words.format(column, 20, 400) for column in ("origin", "destination")}
    transform |= {"tail": words.format("tail", 50, case.most_tails)}
    transform |= {column: column for column in ("airline", "minute", "temperature", "wind")}
    return {
        "name": f"tuning_{name}",
        "data": str(path),
        "label": case.label,
        "split": {"seed": 1},
        "transform": transform,
        "model": {"type": case.family, "options": case.options},
        "tuning": {"num_trials": arguments.trials, "algorithm": "random", "family_space": False,
                   "stopping": {"method": "none"}},
    }  # fmt: skip


def write_rows(folder: Path, rows: int) -> Path:
    """Flights that never were, as Parquet, the same ones every time."""
    path = folder / f"tuning-{rows}.parquet"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    partial, writer = path.with_suffix(".partial"), None
    for start in range(0, rows, CHUNK):
        table = _rows(np.random.default_rng(start + 7), min(CHUNK, rows - start))
        writer = writer or pq.ParquetWriter(partial, table.schema)
        writer.write_table(table)
    assert writer is not None
    writer.close()
    partial.rename(path)
    return path


def _rows(random: np.random.Generator, n: int) -> pa.Table:
    effects = np.random.default_rng(1)
    tables = {name: effects.normal(size=size) * 4 for name, size in SIZES.items()}
    ids = {name: _ids(random, n, size) for name, size in SIZES.items()}
    distance, before = random.gamma(2.0, 400.0, n), random.exponential(12.0, n) - 5
    taxi, minute, wind = random.lognormal(2.7, 0.4, n), random.uniform(0, 1_440, n), random.weibull(2.0, n) * 6
    score = 0.8 * before + 0.3 * taxi + 5 * np.sin(minute / 1_440 * 2 * np.pi) - distance / 500
    score += np.where(wind > 10, 6, 0) + sum(tables[name][each] for name, each in ids.items())
    delay = score + random.normal(size=n) * 10
    columns: dict[str, Any] = {"distance": distance, "delay_before": before, "taxi_out": taxi, "minute": minute,
                               "temperature": pa.array(random.normal(12, 9, n), mask=random.random(n) < 0.02),
                               "wind": wind}  # fmt: skip
    for name, each in ids.items():
        words = pa.array([f"{name[0].upper()}{number:04d}" for number in range(SIZES[name])])
        columns[name] = pa.DictionaryArray.from_arrays(pa.array(each), words)
    return pa.table({**columns, "delay": delay, "late": delay > 8})


def _ids(random: np.random.Generator, n: int, size: int) -> npt.NDArray[np.int32]:
    """Some frequent, most rare."""
    spread = random.zipf(1.5, n) - 1 + random.integers(0, max(1, size // 4), n)
    return np.minimum(spread, size - 1).astype(np.int32)


if __name__ == "__main__":
    main()

"""AutoML beside AutoGluon: the same rows, the same cores, the same time.

    python benchmarks/automl.py [--cases adult,flights] [--seeds 5] [--seconds 60] [--cores 2] [--presets medium]
    python benchmarks/automl.py --tell

For each table and seed a fifth of the rows, drawn by the seed, is for testing; both systems are given the others and as
many seconds, bound to the same cores, one after the other, which first changing from seed to seed. A run is a process;
its answer is kept under `--folder`, and not asked again. Told are ROC AUC or RMSE on the test rows, with the 95 %
interval of the mean difference over the seeds (Student's t, in pairs: the rows are the same), the time that each took,
what one row takes with the model in memory (medians), and the bytes of what is deployed.

AutoGluon runs in an environment of its own (peers/autogluon.txt, 3 GB, built at its first use), with its default
presets unless told otherwise: `--presets best_quality`, `--presets good_quality`.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from scipy import stats

from hagane.metrics.ranked_counts import ranked_counts
from hagane.metrics.roc_auc import roc_auc
from peers.automl_answer import Answer
from peers.automl_cases import CASES, write_case
from peers.environment import CACHE, peer_python

SYSTEMS = ("hagane", "autogluon")
MODULES = Path(__file__).parent
GRACE_SECONDS = 600
"""Beside the budget, for a system that does not keep it, and for predictions and clocks."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", default=",".join(CASES))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--presets", default="", help="AutoGluon's; without it, its default")
    parser.add_argument("--systems", default=",".join(SYSTEMS))
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("HAGANE_SHARED", "../shared")) / "data")
    parser.add_argument("--folder", type=Path, default=CACHE / "automl")
    parser.add_argument("--environments", type=Path, default=CACHE)
    parser.add_argument("--torch-index", default="", help="where the CPU build of torch is, if not on the index")
    parser.add_argument("--tell", action="store_true", help="run nothing: tell what was kept")
    arguments = parser.parse_args()
    cases = arguments.cases.split(",")
    if not arguments.tell:
        for seed in range(arguments.seeds):
            for case in cases:
                order = arguments.systems.split(",")
                for system in order if seed % 2 else reversed(order):
                    run(system, case, seed, arguments)
    for case in cases:
        tell(case, arguments)


def run(system: str, case: str, seed: int, arguments: argparse.Namespace) -> None:
    """One system on one table, unless its answer is there."""
    answer = answer_file(system, case, seed, arguments)
    if answer.is_file():
        return
    answer.parent.mkdir(parents=True, exist_ok=True)
    about = CASES[case]
    file = write_case(case, seed, arguments.shared, CACHE / "automl-data")
    work = answer.with_suffix("")
    shutil.rmtree(work, ignore_errors=True)
    python: Path | str = sys.executable
    if system == "autogluon":
        python = peer_python("autogluon", arguments.torch_index, arguments.environments)
    module = {"hagane": "hagane_automl_contender", "autogluon": "autogluon_contender"}[system]
    command = [str(python), "-m", f"peers.{module}", str(file), about.label, about.metric, f"{arguments.seconds:g}"]
    command += [str(work), str(answer), *([arguments.presets] if system == "autogluon" and arguments.presets else [])]
    cores = sorted(os.sched_getaffinity(0))[-arguments.cores :]
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    print(f"{case}, seed {seed}: {system} …", flush=True)
    with answer.with_suffix(".log").open("w") as log:
        ended = subprocess.run(
            command, cwd=MODULES, env=environment, stdout=log, stderr=log, check=False,
            timeout=arguments.seconds + GRACE_SECONDS, preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )  # fmt: skip
    for folder in (work, work.with_name(work.name + "-deployed")):
        shutil.rmtree(folder, ignore_errors=True)
    if ended.returncode:
        print(f"  ended with {ended.returncode}: {answer.with_suffix('.log')}", flush=True)


def answer_file(system: str, case: str, seed: int, arguments: argparse.Namespace) -> Path:
    presets = f"-{arguments.presets}" if system == "autogluon" and arguments.presets else ""
    name = f"{case}-{seed}-{system}{presets}-{arguments.seconds:g}s-{arguments.cores}c.json"
    folder: Path = arguments.folder
    return folder / name


def tell(case: str, arguments: argparse.Namespace) -> None:
    """What both were worth on one table."""
    pairs = []
    for seed in range(arguments.seeds):
        files = [answer_file(system, case, seed, arguments) for system in SYSTEMS]
        if all(file.is_file() for file in files):
            answers = [Answer(**json.loads(file.read_text())) for file in files]
            pairs.append((seed, answers))
    if not pairs:
        print(f"{case}: no pair of runs yet")
        return
    about = CASES[case]
    values = np.array([[worth(case, seed, answer) for answer in answers] for seed, answers in pairs])
    gains = (values[:, 0] - values[:, 1]) * (-1 if about.is_number else 1)
    low, high = interval(gains)
    verdict = "better" if low > 0 else "worse" if high < 0 else "not worse beyond noise"
    means = values.mean(axis=0)
    print(f"{case}, {about.metric}, {len(pairs)} seeds: hagane {means[0]:.5g}, autogluon {means[1]:.5g}")
    print(f"  hagane better by {gains.mean():.3g} ({low:.3g} to {high:.3g}): {verdict}")
    for name, text in (("wall_seconds", "seconds"), ("processor_seconds", "processor seconds"),
                       ("row_milliseconds", "ms a row"), ("num_bytes", "bytes")):  # fmt: skip
        ours, theirs = (statistics.median(getattr(answers[place], name) for _, answers in pairs) for place in (0, 1))
        ratio = statistics.median(getattr(theirs, name) / getattr(ours, name) for _, (ours, theirs) in pairs)
        print(f"  {text}: hagane {ours:,.4g}, autogluon {theirs:,.4g} ({ratio:.1f} times)")


def worth(case: str, seed: int, answer: Answer) -> float:
    """The metric of the test rows."""
    about = CASES[case]
    table = pq.read_table(CACHE / "automl-data" / f"{case}-{seed}.parquet", columns=[about.label, "part"])
    truth = table.filter(table["part"].to_numpy(zero_copy_only=False) == "TEST")[about.label].to_pylist()
    scores = np.array(answer.scores)
    if about.is_number:
        return float(np.sqrt(np.mean(np.square(np.array(truth, float) - scores))))
    higher = sorted(set(truth))[-1]
    found = roc_auc(ranked_counts(np.array([each == higher for each in truth]), scores))
    assert isinstance(found, float)
    return found


def interval(gains: np.ndarray) -> tuple[float, float]:  # type: ignore[type-arg]
    """95 %, of the mean."""
    if len(gains) < 2:
        return -math.inf, math.inf
    reach = stats.t.ppf(0.975, len(gains) - 1) * gains.std(ddof=1) / math.sqrt(len(gains))
    return float(gains.mean() - reach), float(gains.mean() + reach)


if __name__ == "__main__":
    main()

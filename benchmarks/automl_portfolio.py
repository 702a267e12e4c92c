"""The portfolio of AutoML: which configurations are worth a try first, found on real tables.

    python benchmarks/automl_portfolio.py [--cases adult,flights] [--seeds 2] [--pool 24]
    python benchmarks/automl_portfolio.py --tell

Each configuration of a pool (those of the portfolio, and drawn ones of boosted trees and networks) is fitted to each
table of `benchmarks/automl.py`, on rows drawn by each seed (TRAIN less an eighth that is watched), and measured on that
eighth; flights on 60,000 rows. What was done is kept, and not done again. `--tell` then takes one configuration after
another, each time the one that lowers the mean regret of the best so far the most (the regret of a configuration on a
table: how far behind the best of the pool it is, in standard deviations of the pool's better half), and tells what such
a portfolio is worth on each table when that table had no say in it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import replace

from hagane.errors import HaganeError
from hagane.progress import SILENT
from hagane.spec.spec import Model, Spec, Split
from hagane.tuning.configuration import Configuration
from hagane.tuning.portfolio import MEANS, PORTFOLIO, ROUNDS
from hagane.workflow.shared_rows import SharedRows
from hagane.workflow.trial_runner import TrialRunner
from hagane.workspace.workspace import Workspace
from peers.automl_cases import CASES, write_case
from peers.environment import CACHE

EVAL_SHARE = 0.125
MOST_ROWS = 60_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", default=",".join(CASES))
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--pool", type=int, default=24, help="configurations that are drawn besides the portfolio's")
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("HAGANE_SHARED", "../shared")) / "data")
    parser.add_argument("--folder", type=Path, default=CACHE / "automl-portfolio")
    parser.add_argument("--tell", action="store_true", help="fit nothing: tell the portfolio of what was fitted")
    arguments = parser.parse_args()
    configurations = [*PORTFOLIO, *drawn(arguments.pool)]
    if not arguments.tell:
        for case in arguments.cases.split(","):
            for seed in range(arguments.seeds):
                fit_all(case, seed, configurations, arguments)
    tell(configurations, arguments.folder)


def drawn(number: int) -> Iterator[Configuration]:
    """The same ones every time."""
    random = np.random.default_rng(7)
    for index in range(number):
        if index % 4 == 3:
            width = int(random.choice([64, 128, 256, 512]))
            options: dict[str, Any] = {
                "hidden_units": [width, width // 2][: int(random.integers(1, 3))],
                "activation_fn": str(random.choice(["relu", "silu"])),
                "batch_norm": bool(random.integers(2)),
                "dropout": float(random.choice([0.0, 0.1, 0.3])),
                "learn_rate": float(np.round(10 ** random.uniform(-3.3, -2), 5)),
                "max_iterations": 30,
            }
            yield Configuration(name=f"drawn {index}", kind="dnn", options=options)
            continue
        leaves = int(random.choice([7, 15, 31, 63, 127]))
        options = {
            **ROUNDS,
            **(MEANS if random.integers(3) else {}),
            "num_leaves": leaves,
            "learn_rate": float(np.round(10 ** random.uniform(-1.7, -1), 3)),
            "min_tree_child_rows": int(random.choice([5, 20, 40, 100])),
            "colsample_bytree": float(random.choice([0.4, 0.6, 0.8, 1.0])),
            "subsample": float(random.choice([0.6, 0.8, 1.0])),
            "l2_reg": float(random.choice([0.0, 1.0, 10.0])),
        }
        yield Configuration(name=f"drawn {index}", kind="boosted_tree", options=options)


def fit_all(case: str, seed: int, configurations: list[Configuration], arguments: argparse.Namespace) -> None:
    """Every configuration that was not fitted yet."""
    file, about = write_case(case, seed, arguments.shared, CACHE / "automl-data"), CASES[case]
    train = f"(SELECT * EXCLUDE (part) FROM read_parquet('{file}') WHERE part = 'TRAIN' LIMIT {MOST_ROWS})"
    base = Spec(data=f"SELECT * FROM {train}", label=about.label,
                split=Split(eval_fraction=EVAL_SHARE, test_fraction=0.0, seed=seed))  # fmt: skip
    workspace = Workspace(arguments.folder / "workspace")
    runner = TrialRunner(base, workspace=workspace, shared=SharedRows(None, workspace.root), num_threads=1)
    for configuration in configurations:
        kept = place(arguments.folder, case, seed, configuration)
        if kept.is_file():
            continue
        model = Model(type=configuration.model_type(is_number=about.is_number), options=configuration.options)
        try:
            value = runner.run(replace(base, model=model), SILENT).metrics[about.metric]
        except HaganeError as error:
            print(f"{case} {seed} {configuration.name}: {error.faults[0].what}", flush=True)
            continue
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps({"value": value}))
        print(f"{case} {seed} {configuration.name}: {about.metric} {value:.5g}", flush=True)


def place(folder: Path, case: str, seed: int, configuration: Configuration) -> Path:
    told = json.dumps([configuration.kind, configuration.options], sort_keys=True)
    return folder / f"{case}-{seed}-{hashlib.sha256(told.encode()).hexdigest()[:12]}.json"


def tell(configurations: list[Configuration], folder: Path) -> None:
    """The portfolio of all tables, and what it is worth on each without that table's say."""
    cases, regrets = regrets_of(configurations, folder)
    if not cases:
        print("nothing was fitted yet")
        return
    print(f"tables and seeds: {len(cases)}; the portfolio that they give:")
    for number, index in enumerate(greedy(regrets)):
        best = regrets[:, greedy(regrets)[: number + 1]].min(axis=1).mean()
        print(f"  {number + 1}. {configurations[index].name}: mean regret {best:.3f}   {configurations[index].options}")
    for name in dict.fromkeys(case for case, _ in cases):
        own = np.array([case == name for case, _ in cases])
        if own.all():
            continue
        order = greedy(regrets[~own])
        first = regrets[own][:, order[:1]].mean()
        print(f"  without {name}: its first is behind by {first:.3f}, the best of five by "
              f"{regrets[own][:, order[:5]].min(axis=1).mean():.3f}; the portfolio of today: first "
              f"{regrets[own][:, 0].mean():.3f}, of five {regrets[own][:, :5].min(axis=1).mean():.3f}")  # fmt: skip


def regrets_of(configurations: list[Configuration], folder: Path) -> tuple[list[tuple[str, int]], np.ndarray]:  # type: ignore[type-arg]
    """Tables with seeds, and [tables, configurations] how far behind the best of the table each is."""
    cases, rows = [], []
    for case, about in CASES.items():
        for seed in range(20):
            files = [place(folder, case, seed, configuration) for configuration in configurations]
            if not all(file.is_file() for file in files):
                continue
            values = np.array([json.loads(file.read_text())["value"] for file in files], float)
            losses = values if about.is_number else -values
            better = np.sort(losses)[: max(2, len(losses) // 2)]
            rows.append((losses - losses.min()) / max(float(better.std()), 1e-12))
            cases.append((case, seed))
    return cases, np.array(rows)


def greedy(regrets: np.ndarray, number: int = 9) -> list[int]:  # type: ignore[type-arg]
    """Configurations, each time that which lowers the mean regret of the best so far the most."""
    chosen: list[int] = []
    best = np.full(len(regrets), np.inf)
    for _ in range(min(number, regrets.shape[1])):
        found = int(np.argmin(np.minimum(regrets, best[:, None]).mean(axis=0)))
        if found in chosen:
            break
        chosen.append(found)
        best = np.minimum(best, regrets[:, found])
    return chosen


if __name__ == "__main__":
    main()

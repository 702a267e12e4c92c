"""Studies over functions that are known in closed form: no model is trained."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import optuna

from hagane.spec.tuning import TrialStopping
from hagane.tuning.dimension import Dimension
from hagane.tuning.make_space import make_space
from hagane.tuning.objective import Objective
from hagane.tuning.open_study import open_or_make_study, study_path
from hagane.tuning.run_trial import Report, TrialOutcome
from hagane.tuning.run_trials import run_trials
from hagane.tuning.search import Search
from hagane.tuning.space import Space
from hagane.tuning.study import Study, direction_of
from hagane.tuning.study_about import StudyAbout
from hagane.tuning.trial import Measurement

LOSS = Objective("log_loss", "MINIMIZE")
SQUARE = make_space([Dimension(name="x", low=-2.0, high=2.0), Dimension(name="y", low=-2.0, high=2.0)])
SMALL = make_space([Dimension(name="x", low=0, high=2), Dimension(name="kind", candidates=("a", "b"))])


def study_of(
    folder: Path | None, space: Space, *, name: str = "late", algorithm: str = "random", seed: int = 0,
    stopping: TrialStopping | None = None, objectives: tuple[Objective, ...] = (LOSS,),
) -> Study:  # fmt: skip
    about = StudyAbout(name=name, space=space, objectives=objectives, algorithm=algorithm, seed=seed,
                       stopping=stopping or TrialStopping(method="none"))  # fmt: skip
    if folder is not None:
        return open_or_make_study(study_path(folder, name), about)
    directions = [direction_of(objective) for objective in objectives]
    storage = optuna.storages.InMemoryStorage()  # as exact, and a tenth of the time
    return Study(optuna.create_study(storage=storage, directions=directions, study_name=name), about)


def searched(study: Study, cost: Callable[[dict[str, Any]], float], num_trials: int, **options: Any) -> Search:
    """The study with `num_trials` trials of `cost`."""

    def run(number: int, parameters: Mapping[str, Any], report: Report) -> TrialOutcome:
        return TrialOutcome(metrics={"log_loss": cost(dict(parameters))})

    with Search(study, num_trials=num_trials, **options) as search:
        run_trials(search, run)
    return search


def sphere(values: Mapping[str, Any]) -> float:
    """Least, 0, at (0.7, -0.4)."""
    return float((values["x"] - 0.7) ** 2 + (values["y"] + 0.4) ** 2)


def decaying(report: Report, floor: float, rate: float, num_iterations: int) -> TrialOutcome:
    """A training whose eval loss falls to `floor`; ended where it is told to."""
    value = math.inf
    for iteration in range(1, num_iterations + 1):
        value = floor + (1 - floor) * math.exp(-rate * iteration)
        told = Measurement(iteration=iteration, elapsed_seconds=iteration / 100, metrics={"log_loss": value})
        if report(told):
            return TrialOutcome(metrics={"log_loss": value}, best_iteration=iteration, stopped=True)
    return TrialOutcome(metrics={"log_loss": value}, best_iteration=num_iterations)

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.tuning.studies import SMALL, SQUARE, searched, sphere, study_of

from hagane.errors import TrainingError
from hagane.tuning.dimension import Dimension
from hagane.tuning.make_space import make_space
from hagane.tuning.objective import Objective
from hagane.tuning.run_trial import InfeasibleTrialError, Report, TrialOutcome
from hagane.tuning.run_trials import run_trials
from hagane.tuning.search import Search
from hagane.tuning.trial import Measurement, TrialState

SLOW_PROCESS = pytest.param("gaussian_process", marks=pytest.mark.slow)
CONDITIONAL = make_space(
    [
        Dimension(name="kind", candidates=("net", "trees")),
        Dimension(name="depth", low=1, high=9, when=(("kind", ("trees",)),)),
        Dimension(name="rate", low=1e-4, high=1.0, scale="log", when=(("kind", ("net",)),)),
        Dimension(name="seed", low=-1.0, high=1.0),
    ]
)


def parameters_of(study: Any) -> list[dict[str, Any]]:
    return [trial.parameters for trial in study.trials()]


@pytest.mark.parametrize("algorithm", ["random", "tpe", "gaussian_process", "cma_es"])
def test_the_same_seed_gives_the_same_trials(algorithm: str) -> None:
    runs = [study_of(None, SQUARE, algorithm=algorithm, seed=seed) for seed in (3, 3, 4)]
    for study in runs:
        searched(study, sphere, 14)
    first, again, other = map(parameters_of, runs)
    assert first == again
    assert first != other
    assert first[0] == other[0] == SQUARE.default_point()


@pytest.mark.parametrize("algorithm", ["tpe", SLOW_PROCESS, "cma_es"])
def test_a_study_in_two_parts_tries_what_it_would_have_tried_in_one(tmp_path: Path, algorithm: str) -> None:
    whole, parts = (study_of(tmp_path / name, SQUARE, algorithm=algorithm) for name in ("whole", "parts"))
    searched(whole, sphere, 16)
    searched(parts, sphere, 12)
    searched(study_of(tmp_path / "parts", SQUARE, algorithm=algorithm), sphere, 16)
    assert parameters_of(whole) == parameters_of(study_of(tmp_path / "parts", SQUARE))


@pytest.mark.parametrize("algorithm", ["tpe", SLOW_PROCESS, "cma_es"])
def test_a_model_of_the_space_finds_more_than_chance(algorithm: str) -> None:
    best = {}
    for name in ("random", algorithm):
        found = [study_of(None, SQUARE, algorithm=name, seed=seed) for seed in range(2)]
        for study in found:
            searched(study, sphere, 25)
        best[name] = sum(min(sphere(trial.parameters) for trial in study.trials()[1:]) for study in found)
    assert best[algorithm] < best["random"] / 3


@pytest.mark.parametrize("algorithm", ["grid", "tpe", "random", "gaussian_process"])
def test_a_finite_space_is_tried_point_by_point_and_no_point_twice(algorithm: str) -> None:
    study = study_of(None, SMALL, algorithm=algorithm)
    search = searched(study, lambda values: values["x"] + (values["kind"] == "a"), 50)
    tried = parameters_of(study)
    assert search.reason == "exhausted"
    assert len(tried) == SMALL.num_points == 6
    assert {(point["x"], point["kind"]) for point in tried} == {(x, kind) for x in range(3) for kind in "ab"}


def test_grid_goes_through_its_points_in_order() -> None:
    study = study_of(None, SMALL, algorithm="grid")
    searched(study, lambda values: 0.0, 3)
    assert parameters_of(study) == [{"x": 1, "kind": "a"}, {"x": 0, "kind": "a"}, {"x": 0, "kind": "b"}]


@pytest.mark.parametrize("algorithm", ["tpe", "random", "gaussian_process"])
def test_what_plays_no_part_has_no_value(algorithm: str) -> None:
    study = study_of(None, CONDITIONAL, algorithm=algorithm)
    searched(study, lambda values: values.get("depth", 5) + values["seed"], 24)
    for tried in parameters_of(study):
        assert ("depth" in tried, "rate" in tried) == (tried["kind"] == "trees", tried["kind"] == "net")
        assert 1e-4 <= tried.get("rate", 1.0) <= 1.0


def test_infeasible_is_not_failed_and_neither_ends_the_study() -> None:
    def run(number: int, parameters: Mapping[str, Any], report: Report) -> TrialOutcome:
        if number == 2:
            raise InfeasibleTrialError("no vocabulary")
        if number == 4:
            raise TrainingError("the loss is no number")
        if number == 6:
            raise MemoryError
        if number == 8:
            raise ZeroDivisionError("inside a library")
        return TrialOutcome(metrics={"log_loss": None if number == 10 else 0.5})

    study = study_of(None, SQUARE)
    with Search(study, num_trials=12) as search:
        run_trials(search, run)
    trials = study.trials()
    assert search.failures() is None
    states = {trial.id: trial.state.value for trial in trials}
    assert {number: state for number, state in states.items() if state != "SUCCEEDED"} == {
        2: "INFEASIBLE", 4: "FAILED", 6: "FAILED", 8: "FAILED", 10: "FAILED",
    }  # fmt: skip
    assert len(trials) == 12
    assert trials[1].infeasible_reason == "no vocabulary"
    assert [trials[index].error for index in (3, 5, 7, 9)] == [
        "the loss is no number",
        "the memory was not enough",
        "ZeroDivisionError: inside a library",
        "log_loss of the eval rows is undefined: give eval more rows, or take another objective",
    ]


def test_a_study_of_which_most_fail_is_given_up_with_the_reasons() -> None:
    def run(number: int, parameters: Mapping[str, Any], report: Report) -> TrialOutcome:
        if number > 2:
            raise TrainingError("no rows" if number % 2 else "one class")
        return TrialOutcome(metrics={"log_loss": 0.5})

    study = study_of(None, SQUARE)
    with Search(study, num_trials=30) as search:
        run_trials(search, run)
    error = search.failures()
    assert error is not None
    assert len(study.trials()) == 5
    assert [fault.what for fault in error.faults] == [
        "3 of 5 trials failed: the study was ended", "no rows", "one class",
    ]  # fmt: skip
    assert [fault.where for fault in error.faults[1:]] == ["trials 3, 5", "trials 4"]


@pytest.mark.parametrize(
    ("algorithm", "num_trials"), [("tpe", 50), pytest.param("gaussian_process", 30, marks=pytest.mark.slow)]
)
def test_a_model_of_the_space_keeps_away_from_what_is_infeasible(algorithm: str, num_trials: int) -> None:
    def run(number: int, parameters: Mapping[str, Any], report: Report) -> TrialOutcome:
        if parameters["y"] > 0:
            raise InfeasibleTrialError("too large")
        return TrialOutcome(metrics={"log_loss": sphere(parameters)})

    study = study_of(None, SQUARE, algorithm=algorithm)
    with Search(study, num_trials=num_trials) as search:
        run_trials(search, run)
    late = [trial.state for trial in study.trials()[15:]]
    assert late.count(TrialState.INFEASIBLE) < len(late) / 3  # half of what chance tries


def test_parameters_that_were_tried_are_not_trained_again() -> None:
    ran: list[int] = []

    def run(number: int, parameters: Mapping[str, Any], report: Report) -> TrialOutcome:
        ran.append(number)
        return TrialOutcome(metrics={"log_loss": 0.25}, best_iteration=7)

    study = study_of(None, SQUARE)
    study.request({"x": 1.0, "y": 1.0})
    study.request({"x": 1.0, "y": 1.0})
    with Search(study, num_trials=3) as search:
        run_trials(search, run)
    first, second, _ = study.trials()
    assert ran == [1, 3]
    assert second.same_as == 1
    assert second.state is TrialState.SUCCEEDED
    assert first.final_measurement == second.final_measurement
    assert second.best_iteration == 7


def test_several_objectives_make_a_front() -> None:
    objectives = (Objective("roc_auc", "MAXIMIZE"), Objective("model_bytes", "MINIMIZE"))
    study = study_of(None, SQUARE, algorithm="tpe", objectives=objectives)

    def run(number: int, parameters: Mapping[str, Any], report: Report) -> TrialOutcome:
        x, y = parameters["x"], parameters["y"]
        return TrialOutcome(metrics={"roc_auc": 1 - (x - 1) ** 2 - y * y, "model_bytes": (x + 1) ** 2 + y * y})

    with Search(study, num_trials=60) as search:
        run_trials(search, run)
    front = [trial.parameters for trial in search.record().best_trials]
    assert len(front) >= 4
    assert all(abs(point["y"]) < 1 for point in front)  # the front itself is y = 0, x from -1 to 1


def test_time_that_is_over_begins_no_trial() -> None:
    study = study_of(None, SQUARE)
    search = searched(study, sphere, 5, seconds=0.0)
    assert search.reason == "budget"
    assert study.trials() == ()


def test_a_trial_that_runs_when_the_time_is_over_ends_at_its_next_measurement() -> None:
    def run(number: int, parameters: Mapping[str, Any], report: Report) -> TrialOutcome:
        for iteration in range(1, 10**9):
            metrics: dict[str, float | None] = {"log_loss": 1 / iteration}
            if report(Measurement(iteration=iteration, elapsed_seconds=0.0, metrics=metrics)):
                return TrialOutcome(metrics=metrics, best_iteration=iteration, stopped=True)
        raise AssertionError

    study = study_of(None, SQUARE)
    with Search(study, num_trials=5, seconds=0.2) as search:
        run_trials(search, run)
    (trial,) = study.trials()
    assert (search.reason, trial.state, trial.stopped_by) == ("budget", TrialState.STOPPED, "budget")
    assert search.record().best_trials == (trial,)  # there is no other


def test_an_interruption_gives_back_what_runs(tmp_path: Path) -> None:
    def run(number: int, parameters: Mapping[str, Any], report: Report) -> TrialOutcome:
        if number == 3:
            raise KeyboardInterrupt
        return TrialOutcome(metrics={"log_loss": sphere(parameters)})

    study = study_of(tmp_path, SQUARE, algorithm="tpe")
    with pytest.raises(KeyboardInterrupt), Search(study, num_trials=5) as search:
        run_trials(search, run)
    given = study.trials()[2]
    assert (given.state, given.num_attempts) == (TrialState.REQUESTED, 0)
    again = study_of(tmp_path, SQUARE)
    searched(again, sphere, 5)
    whole = study_of(tmp_path / "whole", SQUARE, algorithm="tpe")
    searched(whole, sphere, 5)
    assert parameters_of(again) == parameters_of(whole)
    assert again.trials()[2].parameters == given.parameters

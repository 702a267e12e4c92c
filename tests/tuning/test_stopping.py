from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from tests.tuning.studies import SQUARE, decaying, sphere, study_of

from hagane.spec.tuning import TrialStopping
from hagane.tuning.dimension import Dimension
from hagane.tuning.make_space import make_space
from hagane.tuning.objective import Objective
from hagane.tuning.run_trial import Report, TrialOutcome
from hagane.tuning.run_trials import run_trials
from hagane.tuning.search import Search
from hagane.tuning.stopping import is_to_stop, rungs
from hagane.tuning.trial import Measurement, TrialState
from hagane.tuning.trial_curve import TrialCurve

ITERATIONS = 64
RULE = TrialStopping(min_iterations=4)
"""Rungs at 4 and 16."""


def run_with(method: str, seed: int, **rule: Any) -> tuple[Search, int]:
    """A study of 40 trainings whose losses decay at rates of their own to what their parameters are worth."""
    spent = 0

    def run(number: int, parameters: Mapping[str, Any], report: Report) -> TrialOutcome:
        nonlocal spent
        rate = 0.3 + 0.1 * abs(parameters["x"])  # slow ones are no worse in the end
        outcome = decaying(report, sphere(parameters) / 13, rate, ITERATIONS)
        spent += outcome.best_iteration or 0
        return outcome

    study = study_of(None, SQUARE, stopping=TrialStopping(method=method, min_iterations=4, **rule), seed=seed)  # type: ignore[arg-type]
    with Search(study, num_trials=40, max_iterations=lambda _: ITERATIONS) as search:
        run_trials(search, run)
    return search, spent


@pytest.mark.parametrize("seed", range(3))
def test_successive_halving_finds_the_same_winner_for_less(seed: int) -> None:
    whole, cost = run_with("none", seed)
    halved, less = run_with("successive_halving", seed)
    assert [trial.id for trial in halved.record().best_trials] == [trial.id for trial in whole.record().best_trials]
    assert cost == 40 * ITERATIONS
    assert less < cost / 2


@pytest.mark.parametrize("seed", range(3))
def test_the_median_rule_finds_the_same_winner_for_less(seed: int) -> None:
    whole, cost = run_with("none", seed)
    median, less = run_with("median", seed)
    assert [trial.id for trial in median.record().best_trials] == [trial.id for trial in whole.record().best_trials]
    assert less < 0.85 * cost


def test_what_is_stopped_says_by_what_and_keeps_its_last_measurement() -> None:
    search, _ = run_with("successive_halving", 0)
    stopped = [trial for trial in search.study.trials() if trial.state is TrialState.STOPPED]
    assert stopped
    for trial in stopped:
        assert trial.stopped_by == "successive_halving"
        assert trial.measurements[-1].iteration in rungs(RULE, ITERATIONS)
        assert trial.final_measurement is not None
        assert trial.final_measurement.metrics == trial.measurements[-1].metrics


def test_the_best_at_a_rung_is_never_stopped_and_a_quarter_goes_on() -> None:
    rule = RULE
    others = [TrialCurve("eval_loss", (4,), (cost / 10,)) for cost in range(11)]
    verdicts = {
        place: is_to_stop(rule, TrialCurve("eval_loss", (4,), (place / 10 - 0.05,)), others, ITERATIONS)
        for place in range(12)
    }
    assert [place for place, is_stopped in verdicts.items() if not is_stopped] == [0, 1, 2]  # 3 of 12


def test_few_trials_say_nothing() -> None:
    own = TrialCurve("eval_loss", (4,), (9.0,))
    others = [TrialCurve("eval_loss", (4,), (0.1,))] * 2
    assert not is_to_stop(RULE, own, others, ITERATIONS)
    assert is_to_stop(RULE, own, others * 2, ITERATIONS)


def test_between_rungs_and_before_the_first_nobody_is_stopped() -> None:
    others = [TrialCurve("eval_loss", tuple(range(1, 65)), (0.1,) * 64)] * 8
    for last in range(1, 65):
        own = TrialCurve("eval_loss", tuple(range(1, last + 1)), (9.0,) * last)
        assert is_to_stop(RULE, own, others, ITERATIONS) == (last in (4, 16))


def test_curves_of_another_metric_are_not_compared() -> None:
    own = TrialCurve("eval_loss", (4,), (9.0,))
    others = [TrialCurve("roc_auc", (4,), (-0.9,))] * 8
    assert not is_to_stop(RULE, own, others, ITERATIONS)


def test_what_ended_by_itself_stands_at_later_rungs() -> None:
    own = TrialCurve("eval_loss", (4, 16), (0.9, 0.5))
    early = TrialCurve("eval_loss", (4, 8), (0.6, 0.4), is_ended=True)
    running = early._replace(is_ended=False)
    assert is_to_stop(RULE, own, [early] * 4, ITERATIONS)
    assert not is_to_stop(RULE, own, [running] * 4, ITERATIONS)


def test_more_is_better_where_it_is() -> None:
    told = {"up": Objective("roc_auc", "MAXIMIZE"), "down": Objective("log_loss", "MINIMIZE")}
    stopped = {}
    for name, objective in told.items():

        def run(
            number: int, parameters: Mapping[str, Any], report: Report, name: str = objective.metric
        ) -> TrialOutcome:
            for iteration in (1, 2, 4, 8):
                metrics: dict[str, float | None] = {name: number / 100}
                if report(Measurement(iteration=iteration, elapsed_seconds=0.0, metrics=metrics)):
                    return TrialOutcome(metrics=metrics, best_iteration=iteration, stopped=True)
            return TrialOutcome(metrics={name: number / 100}, best_iteration=8)

        study = study_of(None, SQUARE, objectives=(objective,), stopping=RULE)
        with Search(study, num_trials=12, max_iterations=lambda _: 64) as search:
            run_trials(search, run)
        stopped[name] = sum(trial.state is TrialState.STOPPED for trial in study.trials())
    assert stopped == {"up": 0, "down": 9}  # each better than all before, each worse from the fourth on


def test_figures_of_other_families_are_not_compared() -> None:
    space = make_space([Dimension(name="model.type", candidates=("a", "b")), Dimension(name="x", low=0.0, high=1.0)])

    def run(number: int, parameters: Mapping[str, Any], report: Report) -> TrialOutcome:
        worth = 0.1 if parameters["model.type"] == "a" else 0.9
        if report(Measurement(iteration=4, elapsed_seconds=0.0, metrics={"eval_loss": worth})):
            return TrialOutcome(metrics={}, best_iteration=4, stopped=True)
        return TrialOutcome(metrics={"log_loss": worth}, best_iteration=8)

    study = study_of(None, space, stopping=RULE)
    with Search(study, num_trials=20, max_iterations=lambda _: 64) as search:
        run_trials(search, run)
    assert {trial.state for trial in study.trials()} == {TrialState.SUCCEEDED}

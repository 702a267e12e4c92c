"""What matters, held against functions whose variance is known."""

from __future__ import annotations

import math
import random

import msgspec
import numpy as np
import pytest
from made_study import made_study

from hagane.tuning.dimension import Dimension
from hagane.tuning.importance import FEWEST, comparable_values, importance
from hagane.tuning.objective import Objective
from hagane.tuning.study_record import COUNTED, StudyRecord
from hagane.tuning.trial import Measurement, Trial, TrialState

SPACE = (
    Dimension(name="rate", low=1e-4, high=1.0, scale="log"),
    Dimension(name="share", low=0.0, high=1.0),
    Dimension(name="kind", candidates=("x", None, (1, 2))),
    Dimension(name="idle", low=1, high=8),
)


def worth(rate: float, share: float, kind: object) -> float:
    return 0.75 * (math.log10(rate) + 2) ** 2 + 4 * (share - 0.3) ** 2 + (1.5 if kind is None else 0.0)


def study(num_trials: int, seed: int) -> StudyRecord:
    draw = random.Random(seed)
    trials = []
    for number in range(1, num_trials + 1):
        chosen = {"rate": 10 ** draw.uniform(-4, 0), "share": draw.random(), "idle": draw.randint(1, 8),
                  "kind": draw.choice(["x", None, [1, 2]])}  # fmt: skip
        measured = Measurement(iteration=1, elapsed_seconds=1.0,
                               metrics={"loss": worth(chosen["rate"], chosen["share"], chosen["kind"])})  # fmt: skip
        trials.append(Trial(id=number, parameters=chosen, state=TrialState.SUCCEEDED, final_measurement=measured))
    return StudyRecord(name="s", objectives=(Objective("loss", "MINIMIZE"),), dimensions=SPACE, trials=tuple(trials))


def test_shares_are_those_of_the_functions_variance() -> None:
    draw = np.random.default_rng(0)
    parts = {
        "rate": np.var(0.75 * (draw.uniform(-4, 0, 100_000) + 2) ** 2),
        "share": np.var(4 * (draw.random(100_000) - 0.3) ** 2),
        "kind": np.var(1.5 * (draw.integers(0, 3, 100_000) == 0)),
        "idle": 0.0,
    }
    found = {each.name: each.share for each in importance(study(80, 1))}
    assert sum(found.values()) == pytest.approx(1)
    for name, part in parts.items():
        assert found[name] == pytest.approx(part / sum(parts.values()), abs=0.15), name


def test_it_is_the_same_each_time_and_nothing_of_few_trials() -> None:
    record = made_study()
    assert importance(record) == importance(record)
    assert importance(study(FEWEST - 1, 0)) == ()
    assert len(importance(study(FEWEST, 0))) == len(SPACE)


def test_what_plays_a_part_in_some_trials_is_judged_by_those() -> None:
    found = {each.name: each for each in importance(made_study(60))}
    dart = found["model.options.dropout"]
    assert dart.num_trials < found["model.options.learn_rate"].num_trials
    assert found["model.options.learn_rate"].share > dart.share


def test_a_trial_that_was_ended_early_is_no_worse_for_that() -> None:
    """Two trials run abreast; one is ended at iteration 1, where both were equal."""

    def curve(*values: float) -> tuple[Measurement, ...]:
        return tuple(Measurement(iteration=at, elapsed_seconds=at, metrics={"auc": value})
                     for at, value in enumerate(values, 1))  # fmt: skip

    curves = {1: curve(0.5, 0.8), 2: curve(0.5), 3: curve(0.4)}
    states = {1: TrialState.SUCCEEDED, 2: TrialState.STOPPED, 3: TrialState.STOPPED}
    trials = tuple(Trial(id=i, parameters={}, state=states[i], measurements=points, final_measurement=points[-1])
                   for i, points in curves.items())  # fmt: skip
    record = StudyRecord(name="s", objectives=(Objective("auc", "MAXIMIZE"),), dimensions=(), trials=trials)
    metric, values = comparable_values(record)
    assert metric == "auc"
    assert values == pytest.approx({1: -0.8, 2: -0.8, 3: -0.7})


def test_where_the_objective_is_known_of_whole_trials_alone_all_are_held_by_what_they_told() -> None:
    record = made_study(40)
    told = [
        msgspec.structs.replace(
            trial,
            measurements=tuple(
                msgspec.structs.replace(each, metrics={"eval_loss": 1 - (each.metrics["roc_auc"] or 0.0)})
                for each in trial.measurements
            ),
            final_measurement=trial.final_measurement if trial.state is TrialState.SUCCEEDED else None,
        )
        for trial in record.trials
    ]
    found = importance(msgspec.structs.replace(record, trials=tuple(told)))
    assert {each.metric for each in found} == {"eval_loss"}
    assert max(each.num_trials for each in found) == sum(trial.state in COUNTED for trial in record.trials)
    assert found[0].name in ("model.options.learn_rate", "model.options.max_tree_depth")

"""A study as everyone sees it: which trials are the best, in every order and with every gap."""

from __future__ import annotations

import datetime
import itertools
import math

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from hagane.tuning.dimension import Dimension
from hagane.tuning.objective import Objective
from hagane.tuning.study_record import StudyRecord
from hagane.tuning.trial import Measurement, Trial, TrialState

AUC, BYTES = Objective("roc_auc", "MAXIMIZE"), Objective("model_bytes", "MINIMIZE")
BEGAN = datetime.datetime(2026, 11, 21, tzinfo=datetime.UTC)
VALUES = st.one_of(st.none(), st.just(math.nan), st.integers(0, 4).map(float))


def trial(number: int, state: TrialState = TrialState.SUCCEEDED, **metrics: float | None) -> Trial:
    measured = Measurement(iteration=1, elapsed_seconds=1.0, metrics=metrics) if metrics else None
    ended = BEGAN + datetime.timedelta(seconds=number)
    return Trial(id=number, parameters={"x": number}, state=state, final_measurement=measured, ended=ended)


def record(trials: list[Trial], *objectives: Objective) -> StudyRecord:
    return StudyRecord(name="s", objectives=objectives, dimensions=(Dimension(name="x", low=0, high=9),),
                       trials=tuple(trials))  # fmt: skip


@given(st.lists(VALUES, max_size=8))
def test_the_best_trial_is_the_oldest_of_the_largest(values: list[float | None]) -> None:
    trials = [trial(number, roc_auc=value) for number, value in enumerate(values, 1)]
    known = [value for value in values if value is not None and not math.isnan(value)]
    expected = [1 + next(at for at, value in enumerate(values) if value == max(known))] if known else []
    assert [each.id for each in record(trials, AUC).best_trials] == expected


@given(st.lists(st.tuples(VALUES, VALUES), max_size=8))
def test_a_front_is_what_nothing_dominates(values: list[tuple[float | None, float | None]]) -> None:
    trials = [trial(number, roc_auc=auc, model_bytes=size) for number, (auc, size) in enumerate(values, 1)]
    front = {each.id for each in record(trials, AUC, BYTES).best_trials}
    points = {at: pair for at, pair in enumerate(values, 1) if not any(v is None or math.isnan(v) for v in pair)}
    for at, (auc, size) in points.items():
        others = (other for key, other in points.items() if key != at)
        beaten = any(a >= auc and s <= size and (a > auc or s < size) for a, s in others)  # type: ignore[operator]
        assert (at in front) == (not beaten)
    assert front <= points.keys()


def test_failed_trials_and_those_that_run_are_never_the_best() -> None:
    states = [TrialState.FAILED, TrialState.INFEASIBLE, TrialState.ACTIVE, TrialState.REQUESTED]
    trials = [trial(number, state, roc_auc=0.9) for number, state in enumerate(states, 1)]
    trials.append(trial(5, TrialState.STOPPED, roc_auc=0.6))
    assert [each.id for each in record(trials, AUC).best_trials] == [5]


def test_improvements_come_in_the_order_in_which_trials_ended() -> None:
    values = {1: 0.7, 2: 0.6, 3: 0.8, 4: 0.8, 5: 0.9}
    trials = [trial(number, roc_auc=value) for number, value in values.items()]
    for order in itertools.islice(itertools.permutations(trials), 24):
        assert [each.id for each, _ in record(list(order), AUC).improvements()] == [1, 3, 5]
    assert [value for _, value in record(trials, Objective("roc_auc", "MINIMIZE")).improvements()] == [0.7, 0.6]


def test_a_record_survives_json() -> None:
    kept = record([trial(1, roc_auc=0.5, model_bytes=None)], AUC, BYTES)
    assert msgspec.json.decode(msgspec.json.encode(kept), type=StudyRecord) == kept

"""The rows on which AutoML compares models, and what it can train in the time that is left."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from hagane.data.folds import Fold
from hagane.data.training_fraction import TrainingFraction
from hagane.spec.spec import Split
from hagane.tuning.trial import TrialState
from hagane.workflow.affordable_training import affordable_training
from hagane.workflow.automl_candidate import AutoMlCandidate, TriedModel
from hagane.workflow.compared_rows import ComparedRows, compared_rows

TREES, RATE = "boosted_tree_regressor", {"learn_rate": 0.05}

ALL = ComparedRows(num_folds=3, used=(1,))


def tried(
    seconds: float, *, model_type: str = TREES, num_fits: int = 1, best: int = 100, name: str = "x"
) -> TriedModel:
    return TriedModel(
        number=1, candidate=AutoMlCandidate(name=name, model_type=model_type, options=RATE, seed=len(name)),
        state=TrialState.SUCCEEDED, seconds=seconds, num_fits=num_fits, best_iteration=best, num_iterations=best + 50,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("counts", "num_folds"), [((80, 10, 10), 3), ((32_000, 4_000, 4_000), 7), ((900_000, 9, 9), 10)]
)
def test_about_five_thousand_rows_are_held_out(counts: tuple[int, int, int], num_folds: int) -> None:
    assert compared_rows(Split(), counts).num_folds == num_folds


def test_eval_rows_of_their_own_kind_are_kept_and_made_where_there_are_none() -> None:
    by_time = Split(method="time", column="day")
    assert compared_rows(by_time, (80, 10, 10)).divisions() == [()]
    without = compared_rows(by_time, (80, 0, 20))
    assert without.divisions() == [(Fold(number=3, count=3),)]  # all that comes before is trained on
    assert compared_rows(Split(method="column", column="part"), (80, 0, 20)).used == (1,)


def test_a_share_of_the_other_rows_is_trained_on() -> None:
    rows = ComparedRows(num_folds=4, used=(1, 2), share=0.5)
    assert rows.num_fits == 2
    assert rows.divisions()[1] == (Fold(number=2, count=4), TrainingFraction(share=0.5))


def test_with_time_each_member_is_several_models() -> None:
    found = affordable_training([(tried(1.0), 0.6), (tried(1.0, name="yy"), 0.4)], seconds=100, rows=ALL, max_folds=5)
    assert (found.num_folds, sorted(found.shares.values())) == (5, [0.4, 0.6])


def test_several_fits_of_a_trial_are_told_apart_from_one() -> None:
    assert affordable_training([(tried(8.0, num_fits=8), 1.0)], seconds=3.0, rows=ALL, max_folds=5).num_folds == 2


def test_without_time_the_member_with_the_least_to_say_goes_first() -> None:
    chosen = [(tried(10.0, model_type="linear_reg", name="least"), 0.2), (tried(10.0, name="yy"), 0.8)]
    found = affordable_training(chosen, seconds=14.0, rows=ALL, max_folds=5)
    assert [own for _, own in found.members] == [1.0]
    assert found.num_folds == 0
    assert found.because == ("least left out: too little time is left to train it again",)


def test_linear_models_are_not_trained_by_folds() -> None:
    assert (
        affordable_training([(tried(0.1, model_type="linear_reg"), 1.0)], seconds=99, rows=ALL, max_folds=5).num_folds
        == 0
    )


def test_trees_that_take_too_long_take_fewer_and_larger_steps() -> None:
    found = affordable_training(
        [(tried(10.0, best=1000), 1.0)], seconds=20.0, rows=ComparedRows(num_folds=3, used=(1,), share=0.1), max_folds=5
    )
    options = found.members[0][0].candidate.options
    a_round = 10.0 / 0.1 / 1050
    assert options["max_iterations"] * a_round <= 20.0
    assert 0.05 < options["learn_rate"] <= 0.2
    assert found.shares == {tried(1.0).candidate.key: 1.0}  # it stays the candidate that was tried
    assert str(options["max_iterations"]) in found.because[0]


def test_rounds_cost_what_was_measured_on_all_rows() -> None:
    """A tenth of the rows, on which a round takes 10 ms of which most is no row's: on all it takes 20 ms, not 100."""
    small = replace(tried(2.0), iteration_seconds=0.01, num_iterations=150)
    rows = ComparedRows(num_folds=3, used=(1,), share=0.1, slowdown=2.0)
    found = affordable_training([(small, 1.0)], seconds=40.0, rows=rows, max_folds=5)
    assert found.num_folds == int(40.0 / (1.3 * (0.5 * 5 + 150 * 10**0.3 * 0.02)))


def test_trees_that_are_done_in_time_are_left_as_they_are() -> None:
    found = affordable_training([(tried(10.0, best=100), 1.0)], seconds=14.0, rows=ALL, max_folds=0)
    assert found.members[0][0].candidate.options == {"learn_rate": 0.05}

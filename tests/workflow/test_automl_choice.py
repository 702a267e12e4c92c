"""Which models become the result: by differences beyond noise, on rows that chose nothing."""

from __future__ import annotations

import numpy as np
import pytest

from hagane.tuning.ensemble_selection import select_members
from hagane.tuning.objective import Objective
from hagane.workflow.automl_choice import Judge, mix

RMSE = Objective("root_mean_squared_error", "MINIMIZE")
AUC = Objective("roc_auc", "MAXIMIZE")
RANDOM = np.random.default_rng(0)
TRUTH = RANDOM.normal(size=2000)


def noisy(seed: int, size: float = 1.0) -> np.ndarray:  # type: ignore[type-arg]
    return TRUTH + size * np.random.default_rng(seed).normal(size=len(TRUTH))


def test_models_that_err_apart_are_mixed() -> None:
    judge = Judge(TRUTH, RMSE, classes=())
    choice = judge.choose({"a": noisy(1), "b": noisy(2), "c": noisy(3)}, max_members=3)
    assert set(choice.shares) == {"a", "b", "c"}
    assert choice.ensemble is not None
    assert choice.ensemble.gain == pytest.approx(1 - 1 / np.sqrt(3), abs=0.03)


def test_models_that_are_one_and_the_same_are_not() -> None:
    judge = Judge(TRUTH, RMSE, classes=())
    same = noisy(1)
    choice = judge.choose({"a": same, "b": same + 1e-9}, max_members=3)
    assert choice.shares == {"a": 1.0}


def test_two_that_cannot_be_told_apart_are_averaged_unless_they_are_seeds_of_one() -> None:
    """Errors that are mostly common: a selected ensemble gains little, and neither is clearly better."""
    few = TRUTH[:150]
    common = 1.5 * np.random.default_rng(8).normal(size=150)
    own = np.random.default_rng(9).normal(size=(2, 150))
    scores = {"a": few + common + 0.3 * own[0], "b": few + common + 0.3 * own[1]}
    judge = Judge(few, RMSE, classes=())
    assert not judge.difference(scores["a"], scores["b"]).is_clear
    choice = judge.choose(scores, max_members=2)
    assert choice.ensemble is not None
    assert not choice.ensemble.is_clear
    assert choice.shares == {"a": 0.5, "b": 0.5}
    assert judge.choose(scores, max_members=2, groups={"a": "trees", "b": "trees"}).shares == {"a": 1.0}


def test_of_models_that_are_as_good_the_one_that_costs_half_is_taken() -> None:
    judge = Judge(TRUTH, RMSE, classes=())
    best = noisy(1)
    scores = {"best": best, "as good": best + 1e-9, "worse": 3 * noisy(2)}
    for costs, taken in (
        ({"best": 4.0, "as good": 2.0, "worse": 0.1}, "as good"),
        ({"best": 4.0, "as good": 2.1, "worse": 0.1}, "best"),
        ({"as good": 2.0}, "best"),
    ):
        choice = judge.choose(scores, max_members=2, costs=costs)
        assert choice.shares == {taken: 1.0}, costs
        assert ("cheaper to serve" in choice.because) == (taken == "as good")


def test_no_more_members_than_asked_for_have_a_say() -> None:
    scores = {name: noisy(seed) for seed, name in enumerate("abcdef")}
    assert len(Judge(TRUTH, RMSE, classes=()).choose(scores, max_members=2).shares) == 2
    assert Judge(TRUTH, RMSE, classes=()).choose(scores, max_members=1).shares == {"a": 1.0}


def test_a_difference_has_the_sign_of_the_objective_and_the_error_of_pairs() -> None:
    labels = (TRUTH > 0).astype(np.int64)
    near, far = (1 / (1 + np.exp(-noisy(seed, size))) for seed, size in ((1, 0.5), (2, 2.0)))
    judge = Judge(labels, AUC, classes=(False, True))
    found = judge.difference(near, far)
    assert found.is_clear
    assert judge.difference(far, near).gain == pytest.approx(-found.gain)
    alone = judge.errors({"near": near, "same": near})
    assert judge.difference(near, near).error == 0
    assert alone["near"] == alone["same"] != 0


def test_shares_of_squared_error_are_those_of_least_squares() -> None:
    """Two independent errors of deviations 1 and 2: the best mean gives the first 4 / 5."""
    scores = {"a": noisy(1, 1.0), "b": noisy(2, 2.0)}
    shares = select_members(scores, lambda s, y: (s - y) ** 2, TRUTH, max_members=2)
    assert shares["a"] == pytest.approx(0.8, abs=0.06)


def test_probabilities_of_several_classes_are_mixed_by_row() -> None:
    first, second = np.eye(3)[[0, 1]], np.eye(3)[[1, 1]]
    assert mix({"a": first, "b": second}, {"a": 0.5, "b": 0.5}).tolist() == [[0.5, 0.5, 0.0], [0.0, 1.0, 0.0]]

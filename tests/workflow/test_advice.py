"""Advice names options that the family has, with values that it takes; against overfitting never longer training."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
import numpy as np
import pytest

from hagane.models import FAMILIES, family_options
from hagane.models.ensemble_member import FittedMember
from hagane.models.ensemble_mixture import WeightedMean
from hagane.models.ensemble_model import EnsembleModel
from hagane.models.family import Iteration
from hagane.workflow.advice import REGULARISATION, SIZE, STOPPING, advice_of, advice_on, remedies


class Fitted(NamedTuple):
    curve: Any
    best_iteration: int


def options_of(name: str) -> Any:
    """The defaults, and what has none."""
    needed: dict[str, dict[str, Any]] = {"pca": {"num_principal_components": 2}}
    return family_options(name, {"module": "package:Module"} if name.startswith("torch_") else needed.get(name, {}))


def has_remedies(name: str) -> bool:
    """Not where a model is found at once, from options that say no more than what it is."""
    return any(remedies((*REGULARISATION, *STOPPING, *SIZE), options_of(name)))


def overfitted(length: int = 20) -> list[Iteration]:
    return [Iteration(iteration=i, loss=1 / i, eval_loss=0.5 + 0.02 * abs(i - 6)) for i in range(1, length + 1)]


def underfitted(length: int = 20) -> list[Iteration]:
    return [Iteration(iteration=i, loss=2 - i / length, eval_loss=2.1 - i / length) for i in range(1, length + 1)]


@pytest.mark.parametrize("name", FAMILIES)
def test_every_value_is_one_that_the_family_takes(name: str) -> None:
    options: Any = options_of(name)
    for _ in range(30):
        found = list(remedies((*REGULARISATION, *STOPPING, *SIZE), options))
        if not found:
            break
        for option, _, value in found:
            options = family_options(name, msgspec.to_builtins(options) | {option: value})
    else:
        pytest.fail("the remedies never end")


def test_only_models_that_are_found_at_once_have_none() -> None:
    assert {name for name in FAMILIES if not has_remedies(name)} == {
        "pls_reg",
        "naive_bayes",
        "knn_classifier",
        "knn_regressor",
        "kmeans",
        "pca",
        "transform_only",
        "ensemble_classifier",
        "ensemble_regressor",
    }


@pytest.mark.parametrize("name", [n for n in FAMILIES if n != "linear_reg" and has_remedies(n)])
def test_overfitting_is_told_with_remedies_in_order(name: str) -> None:
    (said,) = advice_of(overfitted(), 6, options_of(name))
    assert "after iteration 6 the eval loss rose (0.5 to 0.76) while the training loss fell on (0.1667 to " in said
    assert "the model kept is that of iteration 6. To try" in said
    assert "max_iterations" not in said
    assert "learn_rate" not in said
    order = [said.find(option) for option in ("dropout", "l2_reg", "early_stop", "hidden_units", "num_leaves")]
    present = [place for place in order if place >= 0]
    assert present == sorted(present)
    assert present


def test_what_is_told_of_a_network() -> None:
    off = family_options("dnn_classifier", {"early_stop": False, "max_iterations": 20})
    assert advice_of(overfitted(), 6, off)[0].endswith(
        "To try, in this order: dropout 0.35 (now 0.2), l2_reg 0.0001 (now 0), early_stop true (now false), "
        "hidden_units [128] (now [128, 64])"
    )
    strong = family_options("dnn_classifier", {"dropout": 0.5, "l2_reg": 0.01, "hidden_units": [10]})
    assert advice_of(overfitted(), 20, strong)[0].endswith(
        "the model kept is that of iteration 20, the last. To try: l2_reg 0.1 (now 0.01)"
    )


def test_what_is_told_of_trees() -> None:
    (said,) = advice_of(overfitted(), 6, family_options("boosted_tree_classifier", {}))
    assert said.endswith("To try, in this order: l2_reg 10 (now 1), subsample 0.6 (now 0.8), num_leaves 15 (now 31)")


def test_underfitting() -> None:
    (said,) = advice_of(underfitted(), 20, family_options("dnn_classifier", {"max_iterations": 20}))
    assert said == (
        "underfitting: the eval loss still fell when the iterations ran out (by 15.4 % over the last 4). To try, one "
        "or the other: max_iterations 40 (now 20), learn_rate 0.004 (now 0.002)"
    )
    (said,) = advice_of(underfitted(), 20, family_options("logistic_reg", {"max_iterations": 20}))
    assert said.endswith("To try: max_iterations 40 (now 20)")
    assert advice_of(underfitted(), 20, family_options("dnn_classifier", {"max_iterations": 30})) == ()


def test_nothing_is_said_where_nothing_is_wrong() -> None:
    random = np.random.default_rng(0)
    level = [Iteration(iteration=i, loss=1 / i, eval_loss=0.5 + 0.001 * random.normal()) for i in range(1, 40)]
    for name in FAMILIES:
        assert advice_of(level, 3, options_of(name)) == ()
        assert advice_of(level[:1], 1, options_of(name)) == ()


def test_a_metric_that_never_had_a_value_is_said() -> None:
    curve = [Iteration(iteration=i, loss=1 / i, eval_loss=1 / i, metric=float("nan")) for i in range(1, 9)]
    options = family_options("dnn_classifier", {"eval_metric": "precision"})
    (said,) = advice_of(curve, 8, options)
    assert said.startswith("precision was undefined after every iteration")
    known = [msgspec.structs.replace(each, metric=0.5) for each in curve]
    assert not any("undefined" in each for each in advice_of(known, 8, options))


def test_of_an_ensemble_each_member_is_judged_by_its_own_curve() -> None:
    """The curves of all of them one after another rise and fall without meaning."""
    options = family_options("ensemble_classifier", {"members": [{"type": "logistic_reg"}, {"type": "dnn_classifier"}]})
    still = Fitted(curve=overfitted()[:1], best_iteration=1)
    members = [
        FittedMember(number=number, view=None, models=(model,))  # type: ignore[arg-type]
        for number, model in enumerate((still, Fitted(curve=overfitted(), best_iteration=6)))
    ]
    ensemble = EnsembleModel(
        family="ensemble_classifier",
        features=(),
        members=members,
        mixture=WeightedMean(np.array([0.5, 0.5])),
        num_classes=2,
    )
    (said,) = advice_on(ensemble, options)
    assert said.startswith("member 2 (dnn_classifier): overfitting: ")
    assert "dropout" in said

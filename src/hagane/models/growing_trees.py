"""`GrowingTrees`: LightGBM's booster, between two rounds nothing but its trees and the sums that they give the rows.

LightGBM draws rows and features with generators that run on from round to round, and keeps their state to itself. Here
both are seeded anew for each round, by a function of the fit's seed and the round's number, so that a round follows
from the trees before it, their sums and its number alone. From these another process goes on to the same bits.

The generator of rows is made anew only where `bagging_fraction` changes: it is told by turns as f and as f (1 - 1e-12),
which is the same to a draw, a multiple of 1/32,768.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from hagane.models.lightgbm_native import EVAL, TRAIN, grow_on, predictions_of, put_trees_before
from hagane.models.lightgbm_trees import parse_trees

Floats = npt.NDArray[np.float64]
NEVER_DRAWN = 2**30
"""A seed that no round has."""


class Grown(NamedTuple):
    """What is there after a round."""

    text: str
    """LightGBM's model file."""
    train_sums: Floats
    """[outputs · n] raw sums, output after output."""
    eval_sums: Floats | None


class Gradients(NamedTuple):
    """Of a loss that does not change from round to round: [outputs · n] each."""

    first: npt.NDArray[np.float32]
    second: npt.NDArray[np.float32]


class GrowingTrees:
    """Trees of which one more round is grown at a time, on the objective, or on the gradients given.

    The data sets hold, as initial scores, the sums of the trees in `before` (a model file), if there are any.
    """

    def __init__(
        self,
        parameters: Mapping[str, Any],
        train: lgb.Dataset,
        evaluation: lgb.Dataset | None,
        *,
        seed: int,
        before: str = "",
        gradients: Gradients | None = None,
    ) -> None:
        self._parameters = dict(parameters)
        self._seed = seed
        self._gradients = gradients
        self._train, self._evaluation = train, evaluation
        self.can_go_on = parameters.get("boosting") != "dart"
        """dart leaves out trees that it has grown itself: of those from a file LightGBM does not know the bins."""
        self._is_reseeded = self.can_go_on and any(map(train.feature_num_bin, range(train.num_feature())))
        own = _before_any_round(parameters) if self._is_reseeded else {}
        self.booster = lgb.Booster({**parameters, **own}, train)
        if evaluation is not None:
            self.booster.add_valid(evaluation, "eval")
        if before:
            put_trees_before(self.booster, lgb.Booster(model_str=before))

    def grow(self, round_number: int) -> bool:
        """Grow the trees of a round; whether none could be split."""
        if self._is_reseeded:
            self.booster.reset_parameter(round_parameters(self._parameters, self._seed, round_number))
        if self._gradients is None:
            return bool(self.booster.update())
        return grow_on(self.booster, self._gradients.first, self._gradients.second)

    def losses(self) -> tuple[float, float | None]:
        """Of the training rows and of the eval rows, weighted means."""
        loss = float(self.booster.eval_train()[0][2])
        return loss, None if self._evaluation is None else float(self.booster.eval_valid()[0][2])

    def eval_scores(self) -> Floats:
        """[outputs · n] behind the link."""
        assert self._evaluation is not None
        return predictions_of(self.booster, EVAL, self._num_outputs * self._evaluation.num_data())

    def text(self, num_rounds: int | None = None) -> str:
        """LightGBM's model file, of the first rounds alone where their number is given.

        Without the parameters at its end: those are of the last round, and nothing reads them.
        """
        text = str(self.booster.model_to_string(num_iteration=-1 if num_rounds is None else num_rounds))
        kept = text.partition("\nparameters:")[0] + "\n"
        return kept if self.can_go_on else _turned_back(kept)

    def state(self) -> Grown:
        """All that the next round follows from, besides its number."""
        shape = {"num_class": self._num_outputs} if self._num_outputs > 1 else {}
        if self._gradients is None:  # else there is no objective, and no link
            self.booster.reset_parameter({"objective": "none", **shape})
        train_sums = predictions_of(self.booster, TRAIN, self._num_outputs * self._train.num_data())
        eval_sums = None if self._evaluation is None else self.eval_scores()
        if self._gradients is None:
            self.booster.reset_parameter({"objective": self._parameters["objective"], **shape})
        return Grown(self.text(), train_sums, eval_sums)

    @property
    def _num_outputs(self) -> int:
        return int(self._parameters.get("num_class", 1))


def round_parameters(parameters: Mapping[str, Any], seed: int, round_number: int) -> dict[str, Any]:
    """The seeds of a round, and the share of rows to draw, as LightGBM must be told them to draw anew.

    >>> [round_parameters({"bagging_fraction": 0.5}, 42, number)["bagging_fraction"] for number in (1, 2)]
    [0.4999999999995, 0.5]
    """
    rows, features = np.random.SeedSequence((seed, round_number)).generate_state(2) >> np.uint32(3)
    share, is_odd = parameters.get("bagging_fraction", 1.0), round_number % 2
    return {
        "bagging_seed": int(rows),
        "feature_fraction_seed": int(features) // 2 * 2 + is_odd,
        "bagging_fraction": share * (1 - 1e-12) if is_odd and share < 1 else share,
    }


def _before_any_round(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """What differs from the parameters of every round, so that the first one grown here changes them."""
    own: dict[str, Any] = {"feature_fraction_seed": NEVER_DRAWN, "bagging_seed": NEVER_DRAWN}
    if parameters.get("bagging_fraction", 1.0) < 1:
        own["bagging_fraction"] = parameters["bagging_fraction"] * (1 - 2e-12)
    return own


def best_constants(parameters: Mapping[str, Any], train: lgb.Dataset) -> Floats:
    """[outputs] the raw score that suits all rows best, from which LightGBM itself starts."""
    booster = lgb.Booster({**parameters, "boosting": "gbdt", "min_gain_to_split": 1e300}, train)
    booster.update()
    return np.array([tree.leaves[0] for tree in parse_trees(booster.model_to_string()).trees])


def _turned_back(text: str) -> str:
    """LightGBM turns trees around to leave them out, and leaves them so where a round of dart then finds no split."""
    if "\nshrinkage=-" not in text:
        return text
    booster = lgb.Booster(model_str=text)
    for number, (tree, block) in enumerate(zip(parse_trees(text).trees, text.split("\nTree=")[1:], strict=True)):
        if "\nshrinkage=-" in block:
            for leaf, value in enumerate(tree.leaves):
                booster.set_leaf_output(number, leaf, -value)
    return str(booster.model_to_string())

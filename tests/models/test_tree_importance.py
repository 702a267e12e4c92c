"""What trees split on, held against LightGBM's own sums and the rows that came to each node."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pytest

from hagane.models.lightgbm_trees import parse_trees
from hagane.models.tree_importance import TreeImportance, tree_importance

OWNERS = np.array([0, 1, 1, 2])
"""Two columns are one feature's; nothing depends on the last."""


@pytest.mark.parametrize(("objective", "num_class"), [("regression", 1), ("binary", 1), ("multiclass", 3)])
def test_splits_and_gains_are_lightgbms(objective: str, num_class: int) -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(400, 4))
    x[:, 3] = 1.0
    target = x[:, 0] + np.abs(x[:, 1]) - x[:, 2]
    label = {"regression": target, "binary": target > 0, "multiclass": np.digitize(target, [-0.5, 1])}[objective]
    parameters = {"objective": objective, "num_leaves": 8, "verbose": -1} | (
        {"num_class": num_class} if num_class > 1 else {}
    )
    booster = lgb.train(parameters, lgb.Dataset(x, label), 5)
    found = tree_importance(parse_trees(booster.model_to_string()), ["a", "b", "none"], OWNERS)
    splits, gains = (np.bincount(OWNERS, booster.feature_importance(kind)) for kind in ("split", "gain"))
    assert [each.weight for each in found.features] == splits.tolist()
    assert [each.gain * each.weight for each in found.features] == pytest.approx(gains.tolist(), rel=1e-5)
    assert (found.features[2].weight, found.features[2].gain, found.features[2].cover) == (0, 0.0, 0.0)
    assert TreeImportance.from_json(found.to_json()) == found


def test_the_cover_is_rows_where_the_loss_is_quadratic() -> None:
    """One split of one column: all rows come to it. A second one below it sees those of its side."""
    x = np.repeat([0.0, 1.0, 2.0], [30, 50, 20])[:, None]
    booster = lgb.train(
        {"objective": "regression", "num_leaves": 3, "verbose": -1, "min_data_in_leaf": 5, "min_data_in_bin": 1},
        lgb.Dataset(x, x[:, 0] ** 2),
        1,
    )
    trees = parse_trees(booster.model_to_string())
    found = tree_importance(trees, ["x"], np.array([0])).features[0]
    assert found.weight == 2
    assert found.cover == pytest.approx(np.mean(trees.trees[0].node_rows))
    assert trees.trees[0].node_rows[0] == 100

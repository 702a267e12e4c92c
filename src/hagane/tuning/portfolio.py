"""`PORTFOLIO`: configurations that are tried first, in this order, since they were good elsewhere.

They were found beforehand: `benchmarks/automl_portfolio.py` fits a pool of configurations to real tables and takes one
after another, each time the one that lowers the mean regret of the best so far the most (zero-shot portfolios:
Wistuba, Schilling and Schmidt-Thieme 2015; Feurer et al. 2022, "Auto-Sklearn 2.0", section 3.1). docs/automl.md tells
the tables and what came out.
"""

from __future__ import annotations

from collections.abc import Sequence

from hagane.tuning.configuration import Configuration, Kind

ROUNDS = {"max_iterations": 3000, "patience": 60}
MEANS = {"max_category_slots": 8}
"""Categories of more slots are given to trees as the label's mean in each, of the rows of other folds."""

PORTFOLIO: tuple[Configuration, ...] = (
    Configuration(
        name="trees, categories by their mean",
        kind="boosted_tree",
        options={**MEANS, **ROUNDS, "learn_rate": 0.05},
        because="the best or near it on every table",
    ),
    Configuration(
        name="trees of many leaves",
        kind="boosted_tree",
        options={**MEANS, **ROUNDS, "learn_rate": 0.04, "num_leaves": 63, "min_tree_child_rows": 40},
        cost=1.4,
        because="interactions of several numbers",
    ),
    Configuration(
        name="trees of limited depth",
        kind="boosted_tree",
        options={**MEANS, **ROUNDS, "learn_rate": 0.04, "max_tree_depth": 6, "num_leaves": 64, "l2_reg": 10.0,
                 "subsample": 0.9},
        cost=1.5,
        because="strong regularisation",
    ),
    Configuration(
        name="small trees",
        kind="boosted_tree",
        options={**ROUNDS, "learn_rate": 0.02, "num_leaves": 15, "min_tree_child_rows": 5, "colsample_bytree": 0.4,
                 "subsample": 1.0, "l2_reg": 10.0},
        cost=1.5,
        because="few rows, or effects that add up",
    ),
    Configuration(
        name="trees, categories as sets",
        kind="boosted_tree",
        options={**ROUNDS, "learn_rate": 0.04},
        cost=1.5,
        because="categories that matter in groups",
    ),
    Configuration(name="linear", kind="linear", cost=0.1, because="cheap, and right where effects add up"),
    Configuration(
        name="network",
        kind="dnn",
        options={"batch_norm": True, "hidden_units": [256, 128], "activation_fn": "silu", "dropout": 0.1,
                 "learn_rate": 0.003, "max_iterations": 30},
        cost=2.5,
        because="smooth where trees have steps: it errs elsewhere",
    ),
    Configuration(
        name="trees, features drawn at each split",
        kind="boosted_tree",
        options={**MEANS, **ROUNDS, "learn_rate": 0.04, "colsample_bytree": 1.0, "colsample_bynode": 0.35},
        cost=1.2,
        because="columns that say nearly the same",
    ),
    Configuration(
        name="forest",
        kind="random_forest",
        options={"num_parallel_tree": 100},
        cost=4.0,
        because="noisy labels: nothing is fitted to the errors of trees before",
    ),
)  # fmt: skip


def portfolio(kinds: Sequence[Kind]) -> tuple[Configuration, ...]:
    """The configurations of these families, in the order in which they are tried.

    >>> [configuration.name for configuration in portfolio(["linear"])]
    ['linear']
    """
    return tuple(configuration for configuration in PORTFOLIO if configuration.kind in kinds)

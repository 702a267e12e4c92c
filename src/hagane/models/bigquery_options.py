"""`bigquery_options`: BigQuery ML's published defaults of CREATE MODEL, as options of our families.

What has no counterpart keeps Hagane's default: the solvers of linear models (ours find the optimum: no learn rate, line
search or count of gradient steps to copy), `hidden_units` (BigQuery's depends on the width of the encoded features).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LINEAR = {"l1_reg": 0.0, "l2_reg": 0.0, "fit_intercept": True}
STOPPING = {"max_iterations": 20, "early_stop": True, "min_rel_progress": 0.01, "patience": 1}
"""Training ends with the first iteration that gains less than one part in a hundred."""
SPLITS = {
    "min_tree_child_weight": 1.0,
    "min_tree_child_rows": 1,
    "min_split_loss": 0.0,
    "l1_reg": 0.0,
    "l2_reg": 1.0,
    "colsample_bytree": 1.0,
    "colsample_bylevel": 1.0,
    "tree_method": "auto",
}
TREES = {
    **STOPPING,
    **SPLITS,
    "booster_type": "gbtree",
    "dart_normalize_type": "tree",
    "dropout": 0.0,
    "num_parallel_tree": 1,
    "learn_rate": 0.3,
    "max_tree_depth": 6,
    "subsample": 1.0,
    "colsample_bynode": 1.0,
}
FORESTS = {**SPLITS, "num_parallel_tree": 100, "max_tree_depth": 15, "subsample": 0.8, "colsample_bynode": 0.8}
NETWORKS = {
    **STOPPING,
    "activation_fn": "relu",
    "batch_norm": False,
    "batch_size": 32,
    "dropout": 0.0,
    "l1_reg": 0.0,
    "l2_reg": 0.0,
    "learn_rate": 0.001,
    "learn_rate_schedule": "constant",
    "optimizer": "adam",
}
WIDE_AND_DEEP = {
    **NETWORKS,
    "linear_optimizer": "ftrl",
    "linear_learn_rate": 0.01,
    "linear_l1_reg": 0.0,
    "linear_l2_reg": 0.0,
}
KMEANS = {
    "kmeans_init_method": "random",
    "num_starts": 1,
    "distance_type": "euclidean",
    "standardize_features": True,
    "max_iterations": 20,
    "early_stop": True,
    "min_rel_progress": 0.01,
}
PCA = {"scale_features": True, "center_categories": False, "pca_solver": "auto"}
DEFAULTS: dict[str, Mapping[str, Any]] = {
    "linear_reg": LINEAR,
    "kmeans": KMEANS,
    "pca": PCA,
    "logistic_reg": LINEAR,
    "boosted_tree_classifier": TREES,
    "boosted_tree_regressor": TREES,
    "random_forest_classifier": FORESTS,
    "random_forest_regressor": FORESTS,
    "dnn_classifier": NETWORKS,
    "dnn_regressor": NETWORKS,
    "dnn_linear_combined_classifier": WIDE_AND_DEEP,
    "dnn_linear_combined_regressor": WIDE_AND_DEEP,
}
"""Family → option → BigQuery ML's default; families that it does not have keep ours."""
DEEPEST, MOST_LEAVES = 17, 2**17
"""Trees of more levels than the first have as many leaves as there can be."""


def bigquery_options(family: str, given: Mapping[str, Any], *, num_rows: int) -> dict[str, Any]:
    """`given` over BigQuery ML's defaults for training on `num_rows` rows.

    >>> bigquery_options("boosted_tree_classifier", {"max_tree_depth": 3}, num_rows=100)["num_leaves"]
    8
    """
    if family.startswith("ensemble_"):
        members = given.get("members")
        return {**given, "members": [_of_member(each, num_rows) for each in members]} if members else dict(given)
    defaults = DEFAULTS.get(family, {})
    options = {**defaults, **given}
    if "batch_size" in defaults:
        options["batch_size"] = given.get("batch_size", max(1, min(32, num_rows)))
    if "max_tree_depth" in defaults:
        options.setdefault("num_leaves", _most_leaves(options["max_tree_depth"]))
    return options


def _of_member(member: Any, num_rows: int) -> Any:
    """One of an ensemble, which BigQuery ML does not have: with the defaults of its family."""
    if not isinstance(member, Mapping) or not isinstance(options := member.get("options", {}), Mapping):
        return member
    return {**member, "options": bigquery_options(str(member.get("type", "")).lower(), options, num_rows=num_rows)}


def _most_leaves(depth: Any) -> int:
    """As many as the depth allows: BigQuery's trees grow by level, and nothing else limits them."""
    return 2**depth if isinstance(depth, int) and 1 <= depth <= DEEPEST else MOST_LEAVES

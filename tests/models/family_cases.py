"""What the suites that run on every family must know of some: options that make a fit quick, and those it needs."""

from __future__ import annotations

from typing import Any

from hagane.models import FAMILIES, get_family
from hagane.models.family import Task

OWN = {"module": "own_torch_modules:Mixed"}
QUICK_NET = {"max_iterations": 1, "hidden_units": [8], "learn_rate": 0.01}
CLASS_MEMBERS = {
    "members": [
        {"type": "boosted_tree_classifier", "options": {"max_iterations": 10, "learn_rate": 0.2}, "weight": 4},
        {"type": "logistic_reg", "options": {"max_iterations": 20}},
        {"type": "dnn_classifier", "options": QUICK_NET, "weight": 0.2, "seed": 3},
    ]
}
NUMBER_MEMBERS = {
    "members": [
        {"type": "boosted_tree_regressor", "options": {"max_iterations": 10, "learn_rate": 0.2}, "weight": 4},
        {"type": "linear_reg"},
        {"type": "dnn_regressor", "options": QUICK_NET, "weight": 0.2, "seed": 3},
    ]
}
NEEDED: dict[str, dict[str, Any]] = {
    "torch_classifier": OWN,
    "torch_regressor": OWN,
    "pca": {"num_principal_components": 1},
}
"""Options without a default."""
TREES = {"max_iterations": 30}
FOREST = {"num_parallel_tree": 20}
NETWORK = {"max_iterations": 3, "hidden_units": [16, 8], "learn_rate": 0.01}
TABNET = {"max_iterations": 3, "n_d": 8, "n_a": 8, "num_steps": 2}
QUICK: dict[str, dict[str, Any]] = {
    "boosted_tree_classifier": TREES,
    "boosted_tree_regressor": TREES,
    "random_forest_classifier": FOREST,
    "random_forest_regressor": FOREST,
    "dnn_classifier": NETWORK,
    "dnn_regressor": NETWORK,
    "dnn_linear_combined_classifier": NETWORK,
    "dnn_linear_combined_regressor": NETWORK,
    "tabnet_classifier": TABNET,
    "tabnet_regressor": TABNET,
    "torch_classifier": {**OWN, "max_iterations": 3, "learn_rate": 0.01},
    "torch_regressor": {**OWN, "max_iterations": 3, "learn_rate": 0.01},
    "ensemble_classifier": CLASS_MEMBERS,
    "ensemble_regressor": NUMBER_MEMBERS,
    "kmeans": {"num_clusters": 3, "num_starts": 1},
    "pca": {"num_principal_components": 1},
}
NEIGHBOURS = ("knn_classifier", "knn_regressor")
"""They know no words."""
DIRECT = ("pls_reg", "naive_bayes", "decision_tree_classifier", "decision_tree_regressor", *NEIGHBOURS)
"""Found at once from the rows: no iterations to count, no penalty, nothing that a later fit could go on from."""
ONE_TREE = ("decision_tree_classifier", "decision_tree_regressor")
"""They follow a sum of many features in a few steps alone."""
NETWORKS = tuple(name for name in FAMILIES if name.startswith(("dnn", "tabnet", "torch")))
ENSEMBLES = tuple(name for name in FAMILIES if name.startswith("ensemble"))
FITTED = tuple(name for name in FAMILIES if name != "transform_only")
"""Those that learn something of features; the other one is its features (tests/workflow/test_without_label.py)."""
LABEL_FREE = tuple(name for name in FAMILIES if not get_family(name).task.has_label)
"""They predict nothing."""
CLASSIFIERS = tuple(name for name in FAMILIES if get_family(name).task is Task.CLASSIFICATION)
REGRESSORS = tuple(name for name in FAMILIES if get_family(name).task is Task.REGRESSION)

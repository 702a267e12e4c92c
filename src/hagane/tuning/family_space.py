"""`family_space`: what is searched of a family where a spec names no hyperparameter of it.

With BigQuery ML's defaults its own table (CREATE MODEL, hyperparameter tuning: default ranges and scales); an end that
is left out there, as 0 of (0, 1], is the least value here that means something. With Hagane's the options that matter
most for what our families are (best-first trees with early stopping, networks with schedules), on the scale on which
they act. Options that decide how long a training takes (iterations, trees) are searched by neither: early stopping
finds them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hagane.spec.tuning import Scale
from hagane.tuning.dimension import Dimension

LEAST_RATE, LEAST_SHARE = 0.001, 0.05


def _range(low: float, high: float, scale: Scale = "linear") -> Dimension:
    return Dimension(name="", low=low, high=high, scale=scale)


def _choice(*candidates: Any) -> Dimension:
    return Dimension(name="", candidates=candidates)


_BIGQUERY_PENALTIES = {"l1_reg": _range(0.0, 10.0, "log"), "l2_reg": _range(0.0, 10.0, "log")}
_BIGQUERY_TREES = {
    "learn_rate": _range(LEAST_RATE, 1.0),
    **_BIGQUERY_PENALTIES,
    "max_tree_depth": _range(1, 10),
    "subsample": _range(LEAST_SHARE, 1.0),
}
_BIGQUERY_FORESTS = {
    **_BIGQUERY_PENALTIES,
    "max_tree_depth": _range(1, 20),
    "subsample": _range(LEAST_SHARE, 1.0),
    "num_parallel_tree": _range(2, 200),
}
_BIGQUERY_NETWORKS = {
    "batch_size": _range(16, 1024, "log"),
    "dropout": _range(0.0, 0.8),
    "learn_rate": _range(LEAST_RATE, 1.0),
    "optimizer": _choice("adam", "adagrad", "rmsprop", "sgd"),
    **_BIGQUERY_PENALTIES,
    "activation_fn": _choice("relu", "relu6", "crelu", "elu", "selu", "sigmoid", "tanh"),
}
_TREES = {
    "learn_rate": _range(0.01, 0.3, "log"),
    "num_leaves": _range(4, 256, "log"),
    "min_tree_child_rows": _range(1, 200, "log"),
    "l2_reg": _range(0.001, 100.0, "log"),
    "subsample": _range(0.4, 1.0),
    "colsample_bynode": _range(0.2, 1.0),
}
_FORESTS = {
    "num_leaves": _range(32, 8192, "log"),
    "min_tree_child_rows": _range(1, 100, "log"),
    "subsample": _range(0.3, 1.0),
    "colsample_bynode": _range(0.1, 1.0),
}
_LINEAR = {"l2_reg": _range(1e-4, 1e4, "log")}
_NETWORKS = {
    "hidden_units": _choice((64,), (128, 64), (256, 128), (256, 128, 64), (512, 256)),
    "learn_rate": _range(1e-4, 0.05, "log"),
    "batch_size": _range(32, 1024, "log"),
    "dropout": _range(0.0, 0.6),
    "l2_reg": _range(1e-8, 0.1, "log"),
}
_WIDE_AND_DEEP = {**_NETWORKS, "linear_learn_rate": _range(0.001, 1.0, "log")}
_TABNET = {
    "n_d": _range(8, 64, "log"),
    "n_a": _range(8, 64, "log"),
    "num_steps": _range(2, 8),
    "gamma": _range(1.0, 2.0),
    "sparsity_reg": _range(1e-6, 0.01, "log"),
    "learn_rate": _range(0.002, 0.1, "log"),
}
"""Widths, steps and penalties around those of arXiv 1908.07442, table 1 and section F."""

_DECISION_TREE = {
    "num_leaves": _range(4, 256, "log"),
    "min_tree_child_rows": _range(1, 200, "log"),
    "max_tree_depth": _range(2, 20),
}
_NEIGHBOURS = {
    "num_neighbors": _range(1, 100, "log"),
    "neighbor_weights": _choice("uniform", "distance"),
}
_NAIVE_BAYES = {"smoothing": _range(0.01, 100.0, "log"), "var_smoothing": _range(1e-9, 0.1, "log")}
_PLS = {"num_components": _range(1, 50, "log")}

_CLUSTERS = {"num_clusters": _range(2, 10)}

_BIGQUERY = {
    "linear_reg": _BIGQUERY_PENALTIES,
    "logistic_reg": _BIGQUERY_PENALTIES,
    "boosted_tree": _BIGQUERY_TREES,
    "random_forest": _BIGQUERY_FORESTS,
    "dnn": _BIGQUERY_NETWORKS,
    "dnn_linear_combined": _BIGQUERY_NETWORKS,
}
_OWN = {
    "linear_reg": _LINEAR,
    "logistic_reg": _LINEAR,
    "boosted_tree": _TREES,
    "random_forest": _FORESTS,
    "dnn": _NETWORKS,
    "dnn_linear_combined": _WIDE_AND_DEEP,
    "tabnet": _TABNET,
    "decision_tree": _DECISION_TREE,
    "knn": _NEIGHBOURS,
    "naive_bayes": _NAIVE_BAYES,
    "pls_reg": _PLS,
    "kmeans": _CLUSTERS,
}
"""Family, whatever it predicts → option → what is searched."""

IMPLIED: Mapping[str, tuple[str, Any]] = {
    "dropout": ("booster_type", "dart"),
    "dart_normalize_type": ("booster_type", "dart"),
}
"""Option of boosted trees → the option, with the value of it, without which it plays no part."""


def family_space(family: str, defaults: str = "hagane") -> dict[str, Dimension]:
    """Option → what is searched of it, without a name; nothing for families of a user's own module.

    >>> family_space("logistic_reg", "bigquery")["l2_reg"].high, family_space("torch_classifier")
    (10.0, {})
    """
    kind = family.removesuffix("_classifier").removesuffix("_regressor")
    found = _BIGQUERY.get(kind) if defaults == "bigquery" else None
    return dict(_OWN.get(kind, {}) if found is None else found)

"""`nearest_family`: the model type that was meant by a name of another library, or by half of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable

from hagane.errors import nearest

OTHER_NAMES: dict[str, tuple[str, ...]] = {
    "linear_reg": (
        *("linear", "linear regression", "linear model", "linear regressor", "regression", "ols", "least squares"),
        *("ridge", "ridge regression", "lasso", "elastic net", "glm", "lm"),
    ),
    "logistic_reg": (
        *("logistic", "logistic regression", "logistic classifier", "linear classifier", "logit", "log reg"),
        *("softmax", "softmax regression", "multinomial", "maxent"),
    ),
    "dnn": (
        *("deep", "deep neural network", "neural network", "neural net", "network", "nn", "ann"),
        *("mlp", "multilayer perceptron", "perceptron", "feed forward", "fnn"),
    ),
    "dnn_linear_combined": (
        *("wide and deep", "wide deep", "wide n deep", "deep and wide", "deep wide", "wide & deep", "deep & wide"),
        *("dnn linear", "linear dnn", "linear dnn combined", "linear combined"),
    ),
    "tabnet": ("tab net",),
    "torch": ("pytorch", "torch module", "module", "nn module", "custom", "own"),
    "boosted_tree": (
        *("boosted trees", "boosting", "gradient boosting", "gradient boosted trees", "gradient boosted tree"),
        *("hist gradient boosting", "gbm", "gbt", "gbdt", "gbrt", "lightgbm", "lgbm", "light gbm", "lgb"),
        *("xgboost", "xgb", "catboost", "ada boost", "trees", "dart"),
    ),
    "random_forest": ("random forests", "forest", "forests", "rf", "extra trees", "random trees", "bagged trees"),
    "decision_tree": ("tree", "cart", "single tree", "id3", "c4 5", "rpart"),
    "knn": (
        *("k nearest neighbors", "k nearest neighbours", "nearest neighbors", "nearest neighbours", "neighbors"),
        *("k neighbors", "nearest neighbor", "kneighbor"),
    ),
    "naive_bayes": (
        *(
            "bayes",
            "gaussian nb",
            "gaussian naive bayes",
            "categorical nb",
            "multinomial nb",
            "multinomial naive bayes",
        ),
        *("bernoulli nb", "complement nb", "nb"),
    ),
    "pls_reg": ("pls", "pls regression", "partial least squares", "simpls", "nipals", "pls1"),
    "kmeans": ("k means", "kmeans clustering", "k means clustering", "clustering", "cluster", "mini batch k means"),
    "pca": ("principal component analysis", "principal components", "truncated svd", "incremental pca"),
    "transform_only": ("transform", "preprocessing", "preprocess", "column transformer", "feature transform"),
    "ensemble": ("voting", "voting ensemble", "weighted ensemble", "averaging", "blending", "model averaging"),
}
"""Model type, or what both types of a family begin with → what others call it."""
SIDES = {
    "classifier": ("classifier", "classification", "clf", "cls"),
    "regressor": ("regressor", "regression", "reg", "rgr"),
}
"""How the type of a family ends → how others end theirs."""


def nearest_family(name: str, families: Iterable[str]) -> str:
    """The family, or both of its types, that `name` means elsewhere; else the name most like it; else an empty string.

    >>> known = ["logistic_reg", "dnn_linear_combined_classifier", "dnn_linear_combined_regressor",
    ...          "boosted_tree_classifier", "boosted_tree_regressor"]
    >>> nearest_family("wide_and_deep", known)
    'dnn_linear_combined_classifier or dnn_linear_combined_regressor'
    >>> [nearest_family(each, known) for each in ("XGBRegressor", "LogisticRegression", "logistic_rge", "qqq")]
    ['boosted_tree_regressor', 'logistic_reg', 'logistic_reg', '']
    """
    known = tuple(families)
    family, side = _family_of(_bare(name))
    meant = [each for each in (family, f"{family}_classifier", f"{family}_regressor") if each in known]
    return " or ".join(each for each in meant if not side or each == family or each.endswith(side)) or nearest(
        name, known
    )


def _family_of(bare: str) -> tuple[str, str]:
    """The family that a name without anything but letters means, and which side of it; empty where none."""
    if bare in FAMILY_OF:
        return FAMILY_OF[bare], ""
    for side, ends in SIDES.items():
        for end in ends:
            if (start := bare.removesuffix(end)) != bare and start in FAMILY_OF:
                return FAMILY_OF[start], side
    return "", ""


def _bare(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


FAMILY_OF = {_bare(name): family for family, names in OTHER_NAMES.items() for name in (family, *names)}

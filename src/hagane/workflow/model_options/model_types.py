"""The values of MODEL_TYPE: what is trained here, what is imported, and what comes later."""

from __future__ import annotations

from typing import Literal, NamedTuple

from hagane.models import FAMILIES, SEARCHED
from hagane.models.other_names import nearest_family

GLM = ("linear_reg", "logistic_reg")
BOOSTED = ("boosted_tree_classifier", "boosted_tree_regressor")
FORESTS = ("random_forest_classifier", "random_forest_regressor")
TREES = (*BOOSTED, *FORESTS)
DNN = ("dnn_classifier", "dnn_regressor")
WIDE = ("dnn_linear_combined_classifier", "dnn_linear_combined_regressor")
NETWORKS = (*DNN, *WIDE)
CLASSIFIERS = (
    *("logistic_reg", "boosted_tree_classifier", "random_forest_classifier", "dnn_classifier"),
    "dnn_linear_combined_classifier",
)
LABELLED = (*GLM, *TREES, *NETWORKS, *SEARCHED)
TIME_SERIES = ("arima_plus", "arima_plus_xreg", "arima")
IMPORTED = ("onnx", "xgboost", "tensorflow", "tensorflow_lite")
REMOTE = "remote"
"""What has no MODEL_TYPE, but REMOTE WITH CONNECTION."""
WITHOUT_LABEL = ("kmeans", "pca", "transform_only")

BIGQUERY_TYPES = (
    *LABELLED,
    *WITHOUT_LABEL,
    *("autoencoder", "matrix_factorization"),
    *TIME_SERIES,
    "contribution_analysis",
    *IMPORTED,
)
"""BigQuery ML's own, in lower case."""

ModelKind = Literal["trained", "searched", "imported", "remote", "later"]


class Later(NamedTuple):
    """Why a model type is refused, for now."""

    missing: str
    next_step: str


LATER: dict[str, Later] = {
    "matrix_factorization": Later(
        "factors of users and items, learned by alternating least squares",
        "train a model of the rating over features of the user and the item: model_type = 'boosted_tree_regressor'",
    ),
    "autoencoder": Later(
        "a network that is trained to give its input back",
        "model_type = 'pca' reduces dimensions, and finds anomalies by what it cannot give back",
    ),
    **dict.fromkeys(
        TIME_SERIES,
        Later(
            "the pipeline of a forecast: holidays, spikes, steps, seasons and ARIMA's own search",
            "train a model over lagged columns of the series (LAG(…) OVER (ORDER BY …)), split in time: "
            "data_split_method = 'SEQ'",
        ),
    ),
    "contribution_analysis": Later(
        "the search for the segments that moved a metric",
        "compare the segments in a query: GROUP BY the dimensions, and difference of the sums",
    ),
}
"""Model type → what is not there yet."""


def kind_of(model_type: str) -> ModelKind | None:
    """What becomes of a CREATE MODEL of this type; None of a type that nobody knows.

    >>> [kind_of(each) for each in ("kmeans", "automl_classifier", "onnx", "arima_plus", "boosted_tre")]
    ['trained', 'searched', 'imported', 'later', None]
    """
    if model_type in SEARCHED:
        return "searched"
    if model_type in FAMILIES or model_type in WITHOUT_LABEL:
        return "trained"
    if model_type in IMPORTED:
        return "imported"
    return "remote" if model_type == REMOTE else "later" if model_type in LATER else None


def known_types() -> tuple[str, ...]:
    """Every value that MODEL_TYPE may have."""
    return tuple(dict.fromkeys((*BIGQUERY_TYPES, *FAMILIES)))


def nearest_type(model_type: str) -> str:
    """The type that was meant, by another library's name, too; in capitals, as BigQuery ML writes it.

    >>> nearest_type("xgbregressor"), nearest_type("linear_regression")
    ('BOOSTED_TREE_REGRESSOR', 'LINEAR_REG')
    """
    return nearest_family(model_type, known_types()).upper().replace(" OR ", " or ")


def has_label(model_type: str) -> bool:
    """Whether models of this type predict a column that the rows have."""
    return model_type not in WITHOUT_LABEL

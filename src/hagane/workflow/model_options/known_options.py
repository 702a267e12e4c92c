"""`KNOWN_OPTIONS`: every option of BigQuery ML's CREATE MODEL, its default, and where it stands in a spec."""

from __future__ import annotations

from collections.abc import Iterator

from hagane.models import SEARCHED
from hagane.workflow.model_options.known_option import Kind, KnownOption
from hagane.workflow.model_options.model_types import (
    BIGQUERY_TYPES,
    BOOSTED,
    CLASSIFIERS,
    FORESTS,
    GLM,
    IMPORTED,
    LABELLED,
    NETWORKS,
    REMOTE,
    TIME_SERIES,
    TREES,
)

KMEANS, PCA, FACTORS, AUTOENCODER = ("kmeans",), ("pca",), ("matrix_factorization",), ("autoencoder",)
INSIGHTS = ("contribution_analysis",)
ITERATIVE = (*GLM, *BOOSTED, *NETWORKS, *KMEANS, *FACTORS, *AUTOENCODER)
TUNED = (*GLM, *TREES, *NETWORKS, *KMEANS, *FACTORS, *AUTOENCODER)
SPLIT = (*LABELLED, *FACTORS, *AUTOENCODER)
EVERYWHERE = (*BIGQUERY_TYPES, REMOTE)
ONE_ROUND = "a forest is grown in one round, which nothing ends before its time"
CATEGORIES = "trees here split categories into sets of them; no encoding stands before that"
OPTIMUM = "linear models are solved to their optimum here: there is no rate, line search or strategy to choose"
REGISTRY = "there is no registry of Google's here; hagane keeps every version of a model"
AT_EXPLANATION = "explanations are computed when they are asked for, from any model"


def _model(*rows: tuple[str, tuple[str, ...], Kind, str, str]) -> Iterator[KnownOption]:
    """Options of families, under their own names."""
    for name, of, kind, default, meaning in rows:
        yield KnownOption(name, of, f"model.options.{name.lower()}", kind, default, meaning)


def _without_effect(notice: str, *rows: tuple[str, tuple[str, ...], Kind, str, str]) -> Iterator[KnownOption]:
    for name, of, kind, default, meaning in rows:
        yield KnownOption(name, of, "", kind, default, meaning, notice)


_GENERAL = (
    KnownOption("MODEL_TYPE", BIGQUERY_TYPES, "model.type", "text", "", "the family"),
    KnownOption("INPUT_LABEL_COLS", LABELLED, "label", "texts", "['label']", "the column to predict; `labels`, too"),
    KnownOption("DATA_SPLIT_METHOD", SPLIT, "split.method", "text", "AUTO_SPLIT",
                "AUTO_SPLIT, RANDOM, CUSTOM (a column says), SEQ (in time), NO_SPLIT"),
    KnownOption("DATA_SPLIT_EVAL_FRACTION", SPLIT, "split.eval_fraction", "number", "0.2", "of RANDOM and SEQ"),
    KnownOption("DATA_SPLIT_TEST_FRACTION", SPLIT, "split.test_fraction", "number", "0", "where it is tuned"),
    KnownOption("DATA_SPLIT_COL", SPLIT, "split.column", "text", "", "of CUSTOM and SEQ; no feature"),
    KnownOption("WARM_START", (*GLM, *NETWORKS, *KMEANS, *AUTOENCODER), "training.warm_start", "bool", "FALSE",
                "begin with the newest version of the same name"),
    KnownOption("AUTO_CLASS_WEIGHTS", (*CLASSIFIERS, "automl_classifier"), "training.auto_class_weights",
                "bool", "FALSE", "a class weighs total_rows / (its rows × classes)"),
    KnownOption("CLASS_WEIGHTS", CLASSIFIERS, "training.class_weights", "any", "", "[STRUCT('a', 0.5), …], of all"),
    KnownOption("INSTANCE_WEIGHT_COL", TREES, "training.weight_column", "text", "", "what each row weighs; no feature"),
    KnownOption("ENABLE_GLOBAL_EXPLAIN", LABELLED, "evaluation.global_explain", "bool", "FALSE",
                "how much each column matters is kept: ML.GLOBAL_EXPLAIN"),
    KnownOption("NUM_TRIALS", TUNED, "tuning.num_trials", "whole", "", "1 to 100: the model is tuned"),
    KnownOption("MAX_PARALLEL_TRIALS", TUNED, "tuning.max_parallel_trials", "whole", "1", "1 to 5"),
    KnownOption("HPARAM_TUNING_ALGORITHM", TUNED, "tuning.algorithm", "text", "VIZIER_DEFAULT",
                "VIZIER_DEFAULT (`tpe` here), RANDOM_SEARCH, GRID_SEARCH"),
    KnownOption("HPARAM_TUNING_OBJECTIVES", TUNED, "tuning.objectives", "texts", "by the model", "one metric"),
    KnownOption("DESCRIPTION", EVERYWHERE, "", "text", "", "what the model is, in words"),
    KnownOption("LABELS", EVERYWHERE, "", "any", "", "[('team', 'ml')]; an array of texts is INPUT_LABEL_COLS"),
    KnownOption("EXPIRATION_TIMESTAMP", EVERYWHERE, "", "text", "", "from when on it is no more"),
)  # fmt: skip

_ITERATIONS = (
    *_model(
        ("MAX_ITERATIONS", ITERATIVE, "whole", "20", "iterations, at most; refused of forests"),
        ("EARLY_STOP", (*ITERATIVE, *FORESTS), "bool", "TRUE", "end where the loss gains too little"),
        ("MIN_REL_PROGRESS", (*ITERATIVE, *FORESTS), "number", "0.01", "the gain that is enough"),
        ("L1_REG", (*GLM, *TREES, *NETWORKS, *AUTOENCODER), "any", "0", ""),
        ("L2_REG", (*GLM, *TREES, *NETWORKS, *AUTOENCODER, *FACTORS, TIME_SERIES[1]), "any", "0 (trees 1)", ""),
        ("LEARN_RATE", (*GLM, *BOOSTED, *NETWORKS, *AUTOENCODER), "any", "0.1 (trees 0.3, networks 0.001)", ""),
        ("DROPOUT", (*BOOSTED, *NETWORKS, *AUTOENCODER), "number", "0", "of trees: with DART"),
    ),
)  # fmt: skip

_LINEAR = (
    *_model(
        ("FIT_INTERCEPT", GLM, "bool", "TRUE", ""),
        ("CALCULATE_P_VALUES", GLM, "bool", "FALSE", "needs DUMMY_ENCODING and no L1_REG"),
        ("CATEGORY_ENCODING_METHOD", (*GLM, *TREES), "text", "ONE_HOT_ENCODING (trees: LABEL_ENCODING)", ""),
    ),
    *_without_effect(
        OPTIMUM,
        ("OPTIMIZE_STRATEGY", GLM, "text", "AUTO_STRATEGY", "AUTO_STRATEGY, BATCH_GRADIENT_DESCENT, NORMAL_EQUATION"),
        ("LEARN_RATE_STRATEGY", GLM, "text", "LINE_SEARCH", "LINE_SEARCH, CONSTANT"),
        ("LS_INIT_LEARN_RATE", GLM, "number", "0.1", "of LINE_SEARCH"),
    ),
)

_TREES = (
    *_model(
        ("BOOSTER_TYPE", BOOSTED, "text", "GBTREE", "GBTREE, DART"),
        ("DART_NORMALIZE_TYPE", BOOSTED, "text", "TREE", "TREE, FOREST"),
        ("NUM_PARALLEL_TREE", TREES, "whole", "1 (forests 100)", ""),
        ("MAX_TREE_DEPTH", TREES, "whole", "6 (forests 15)", ""),
        ("TREE_METHOD", TREES, "text", "AUTO", "AUTO, EXACT, APPROX, HIST"),
        ("MIN_TREE_CHILD_WEIGHT", TREES, "number", "1", ""),
        ("COLSAMPLE_BYTREE", TREES, "number", "1", ""),
        ("COLSAMPLE_BYLEVEL", TREES, "number", "1", ""),
        ("COLSAMPLE_BYNODE", TREES, "number", "1 (forests 0.8)", ""),
        ("MIN_SPLIT_LOSS", TREES, "number", "0", ""),
        ("SUBSAMPLE", TREES, "number", "1 (forests 0.8)", ""),
    ),
    *_without_effect(
        "trees are grown by the release of LightGBM that is installed",
        ("XGBOOST_VERSION", TREES, "text", "'0.9'", ""),
    ),
)

_NETWORKS = (
    *_model(
        ("ACTIVATION_FN", (*NETWORKS, *AUTOENCODER), "text", "RELU", "RELU, RELU6, CRELU, ELU, SELU, SIGMOID, TANH"),
        ("BATCH_SIZE", (*NETWORKS, *AUTOENCODER), "whole", "min(32, rows)", ""),
        ("HIDDEN_UNITS", (*NETWORKS, *AUTOENCODER), "any", "one layer", "[64, 32]"),
        ("OPTIMIZER", (*NETWORKS, *AUTOENCODER), "any", "ADAM",
         "ADAM, ADAGRAD, FTRL, RMSPROP, SGD; or [STRUCT('dnn', 'ADAM'), STRUCT('linear', 'FTRL')]"),
    ),
    *_without_effect(
        "networks are trained by the release of PyTorch that is installed",
        ("TF_VERSION", (*NETWORKS, *AUTOENCODER), "text", "'1.15'", ""),
    ),
    *_without_effect(
        AT_EXPLANATION,
        ("INTEGRATED_GRADIENTS_NUM_STEPS", NETWORKS, "whole", "15 (DNN_LINEAR_COMBINED_* 50)", ""),
        ("APPROX_GLOBAL_FEATURE_CONTRIB", TREES, "bool", "by the number of trees", ""),
    ),
)  # fmt: skip

_UNSUPERVISED = (
    *_model(
        ("NUM_CLUSTERS", KMEANS, "whole", "log10(rows)", "2 to 100"),
        ("KMEANS_INIT_METHOD", KMEANS, "text", "RANDOM", "RANDOM, KMEANS++, CUSTOM"),
        ("KMEANS_INIT_COL", KMEANS, "text", "", "of CUSTOM: a BOOL column, TRUE of as many rows as there are clusters"),
        ("DISTANCE_TYPE", KMEANS, "text", "EUCLIDEAN", "EUCLIDEAN, COSINE"),
        ("STANDARDIZE_FEATURES", KMEANS, "bool", "TRUE", ""),
        ("NUM_PRINCIPAL_COMPONENTS", PCA, "whole", "", "this or the next"),
        ("PCA_EXPLAINED_VARIANCE_RATIO", PCA, "number", "", "this or the one before"),
        ("SCALE_FEATURES", PCA, "bool", "TRUE", ""),
        ("PCA_SOLVER", PCA, "text", "AUTO", "AUTO, FULL, RANDOMIZED"),
    ),
)

_SEARCHED = (
    *_model(
        ("BUDGET_HOURS", SEARCHED, "number", "1", "BigQuery ML takes 1 to 72; less is enough here"),
        ("OPTIMIZATION_OBJECTIVE", SEARCHED, "any", "by the label", "MAXIMIZE_AU_ROC, MINIMIZE_RMSE, …"),
    ),
)  # fmt: skip

_NOT_OF_A_SPEC = (
    KnownOption("MODEL_PATH", IMPORTED, "", "text", "", "the file or folder of an imported model"),
    KnownOption("ENDPOINT", (REMOTE,), "", "text", "", "the URL that a remote model is asked at"),
)

_RECORDED = (
    *_without_effect(
        REGISTRY,
        ("MODEL_REGISTRY", EVERYWHERE, "text", "", ""),
        ("VERTEX_AI_MODEL_ID", EVERYWHERE, "text", "", ""),
        ("VERTEX_AI_MODEL_VERSION_ALIASES", EVERYWHERE, "texts", "", ""),
    ),
    *_without_effect(
        "there are no keys of Google's here; encrypt the workspace's disk",
        ("KMS_KEY_NAME", EVERYWHERE, "text", "", ""),
    ),
)


def _later() -> Iterator[KnownOption]:
    """Options of models that come later: they are read, and checked, before the model is refused."""
    series: tuple[tuple[str, Kind], ...] = (
        *(("TIME_SERIES_TIMESTAMP_COL", "text"), ("TIME_SERIES_DATA_COL", "text"), ("TIME_SERIES_ID_COL", "any")),
        *(("HORIZON", "whole"), ("AUTO_ARIMA", "bool"), ("AUTO_ARIMA_MAX_ORDER", "whole")),
        *(("AUTO_ARIMA_MIN_ORDER", "whole"), ("NON_SEASONAL_ORDER", "any"), ("DATA_FREQUENCY", "text")),
        *(("INCLUDE_DRIFT", "bool"), ("HOLIDAY_REGION", "any"), ("CLEAN_SPIKES_AND_DIPS", "bool")),
        *(("ADJUST_STEP_CHANGES", "bool"), ("TIME_SERIES_LENGTH_FRACTION", "number")),
        *(("MIN_TIME_SERIES_LENGTH", "whole"), ("MAX_TIME_SERIES_LENGTH", "whole")),
        *(("TREND_SMOOTHING_WINDOW_SIZE", "whole"), ("DECOMPOSE_TIME_SERIES", "bool")),
        *(("FORECAST_LIMIT_LOWER_BOUND", "number"), ("FORECAST_LIMIT_UPPER_BOUND", "number")),
        *(("SEASONALITIES", "texts"), ("HIERARCHICAL_TIME_SERIES_COLS", "texts")),
    )
    factors: tuple[tuple[str, Kind], ...] = (
        *(("FEEDBACK_TYPE", "text"), ("NUM_FACTORS", "any"), ("USER_COL", "text"), ("ITEM_COL", "text")),
        *(("RATING_COL", "text"), ("WALS_ALPHA", "any")),
    )
    insights: tuple[tuple[str, Kind], ...] = (
        *(("CONTRIBUTION_METRIC", "text"), ("IS_TEST_COL", "text"), ("DIMENSION_ID_COLS", "texts")),
        *(("MIN_APRIORI_SUPPORT", "number"), ("TOP_K_INSIGHTS_BY_APRIORI_SUPPORT", "whole")),
        ("PRUNING_METHOD", "text"),
    )
    hosted: tuple[tuple[str, Kind], ...] = (
        *(("REMOTE_SERVICE_TYPE", "text"), ("PROMPT_COL", "text"), ("EVALUATION_TASK", "text")),
        *(("DOCUMENT_PROCESSOR", "text"), ("SPEECH_RECOGNIZER", "text"), ("LEARNING_RATE_MULTIPLIER", "number")),
        *(("ACCELERATOR_TYPE", "text"), ("HUGGING_FACE_MODEL_ID", "text"), ("HUGGING_FACE_TOKEN", "text")),
        *(("MODEL_GARDEN_MODEL_NAME", "text"), ("MACHINE_TYPE", "text"), ("MIN_REPLICA_COUNT", "whole")),
        *(("MAX_REPLICA_COUNT", "whole"), ("RESERVATION_AFFINITY_TYPE", "text"), ("RESERVATION_AFFINITY_KEY", "text")),
        *(("RESERVATION_AFFINITY_VALUES", "texts"), ("ENDPOINT_IDLE_TTL", "text")),
    )
    groups = ((series, TIME_SERIES), (factors, FACTORS), (insights, INSIGHTS), (hosted, (REMOTE,)))
    for rows, of in groups:
        yield from (KnownOption(name, of, "", kind, "", "") for name, kind in rows)
    yield KnownOption("L1_REG_ACTIVATION", AUTOENCODER, "", "any", "0", "")


KNOWN_OPTIONS: dict[str, KnownOption] = {
    option.name.lower(): option
    for option in (
        *(*_GENERAL, *_ITERATIONS, *_LINEAR, *_TREES, *_NETWORKS, *_UNSUPERVISED, *_SEARCHED),
        *(*_NOT_OF_A_SPEC, *_RECORDED, *_later()),
    )
}
"""Option in lower case → what is known of it."""


def without_effect(option: KnownOption, model_type: str) -> str:
    """Why an option has no effect on models of a type; empty where it has one.

    >>> without_effect(KNOWN_OPTIONS["early_stop"], "random_forest_regressor")[:12]
    'a forest is '
    """
    name = option.name.lower()
    if model_type in GLM and name in ("learn_rate", "early_stop", "min_rel_progress"):
        return OPTIMUM
    if model_type in FORESTS and name in ("early_stop", "min_rel_progress"):
        return ONE_ROUND
    if model_type in TREES and name == "category_encoding_method":
        return CATEGORIES
    return option.notice


WIDE_PARTS = ("optimizer", "learn_rate", "l1_reg", "l2_reg")
"""Options of which the two parts of DNN_LINEAR_COMBINED_* may have values of their own."""

"""`rule_faults`: options that BigQuery ML refuses beside each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from hagane.errors import nearest
from hagane.sql.hparams import Hparam
from hagane.workflow.model_options.given_option import GivenOption
from hagane.workflow.model_options.known_options import WIDE_PARTS
from hagane.workflow.model_options.model_types import CLASSIFIERS, GLM, WIDE

CHOICES = {
    "optimize_strategy": ("AUTO_STRATEGY", "BATCH_GRADIENT_DESCENT", "NORMAL_EQUATION"),
    "learn_rate_strategy": ("LINE_SEARCH", "CONSTANT"),
    "data_split_method": ("AUTO_SPLIT", "RANDOM", "CUSTOM", "SEQ", "NO_SPLIT"),
    "hparam_tuning_algorithm": ("VIZIER_DEFAULT", "RANDOM_SEARCH", "GRID_SEARCH"),
    "model_registry": ("VERTEX_AI",),
}
"""Options whose values are words that no family checks."""
MOST_TRIALS, MOST_PARALLEL_TRIALS = 100, 5
OF_TUNING = ("max_parallel_trials", "hparam_tuning_algorithm", "hparam_tuning_objectives")
CLASSIFIER_OBJECTIVES = ("ROC_AUC", "PRECISION", "RECALL", "ACCURACY", "F1_SCORE", "LOG_LOSS")
REGRESSOR_OBJECTIVES = (
    *("R2_SCORE", "EXPLAINED_VARIANCE", "MEAN_ABSOLUTE_ERROR", "MEDIAN_ABSOLUTE_ERROR", "MEAN_SQUARED_ERROR"),
    "MEAN_SQUARED_LOG_ERROR",
)
OBJECTIVES = {
    "kmeans": ("DAVIES_BOULDIN_INDEX",),
    "matrix_factorization": ("MEAN_SQUARED_ERROR", "MEAN_AVERAGE_PRECISION", "NORMALIZED_DISCOUNTED_CUMULATIVE_GAIN",
                             "AVERAGE_RANK"),
    "autoencoder": ("MEAN_SQUARED_ERROR", "MEAN_ABSOLUTE_ERROR", "MEAN_SQUARED_LOG_ERROR"),
}  # fmt: skip


class Broken(NamedTuple):
    """A rule that options break."""

    option: str
    """The one to underline."""
    what: str
    expected: str = ""
    received: str = ""
    nearest: str = ""
    next_step: str = ""


Given = Mapping[str, GivenOption]


def broken_rules(given: Given, model_type: str) -> Iterator[Broken]:
    """Every rule that the options break."""
    values = {name: option.value for name, option in given.items()}
    for rule in (_words, _weights, _linear, _parts, _split, _tuning):
        yield from rule(values, model_type)


def _words(values: Mapping[str, Any], model_type: str) -> Iterator[Broken]:
    for name, choices in CHOICES.items():
        value = values.get(name)
        if isinstance(value, str) and value.upper() not in choices:
            expected = "one of " + ", ".join(choices)
            yield Broken(name, f"{name} cannot be this", expected, repr(value), nearest(value, choices))


def _weights(values: Mapping[str, Any], model_type: str) -> Iterator[Broken]:
    """Which weights go together is a matter of every spec."""
    if "class_weights" in values and class_weights(values["class_weights"]) is None:
        expected = "[STRUCT('a', 0.5), STRUCT('b', 2)]: each class once, with a weight"
        yield Broken("class_weights", "class_weights cannot be this", expected)


def class_weights(value: Any) -> dict[Any, float] | None:
    """Class → weight; None of what says nothing like that.

    >>> class_weights([("a", 0.5), {"class": "b", "weight": 2}])
    {'a': 0.5, 'b': 2}
    """
    if not isinstance(value, list):
        return None
    pairs = [tuple(each.values()) if isinstance(each, dict) else each for each in value]
    if not all(isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], str | int) for pair in pairs):
        return None
    weights = dict(pairs)
    numbers = all(isinstance(each, int | float) and not isinstance(each, bool) for each in weights.values())
    return weights if numbers and len(weights) == len(pairs) else None


def _linear(values: Mapping[str, Any], model_type: str) -> Iterator[Broken]:
    if model_type not in GLM:
        return
    strategy = str(values.get("learn_rate_strategy", "LINE_SEARCH")).upper()
    if "learn_rate" in values and strategy != "CONSTANT":
        step = "add learn_rate_strategy = 'CONSTANT', or remove it"
        yield Broken("learn_rate", "learn_rate is of a constant rate alone", next_step=step)
    if "ls_init_learn_rate" in values and strategy == "CONSTANT":
        yield Broken("ls_init_learn_rate", "ls_init_learn_rate is of LINE_SEARCH alone", next_step="remove it")
    if str(values.get("optimize_strategy", "")).upper() == "NORMAL_EQUATION":
        yield from _normal_equation(values, model_type)


def _normal_equation(values: Mapping[str, Any], model_type: str) -> Iterator[Broken]:
    reasons = {
        f"{model_type.upper()} has no normal equation": model_type != "linear_reg",
        "the normal equation knows no l1_reg": bool(values.get("l1_reg")),
        "the normal equation begins with no earlier model (warm_start)": bool(values.get("warm_start")),
    }
    for what, holds in reasons.items():
        if holds:
            yield Broken("optimize_strategy", what, next_step="remove optimize_strategy")


def _parts(values: Mapping[str, Any], model_type: str) -> Iterator[Broken]:
    if model_type not in WIDE:
        return
    for name in WIDE_PARTS:
        if isinstance(value := values.get(name), list) and parts_of(value) is None:
            yield Broken(name, f"{name} cannot be this", "one value, or [STRUCT('dnn', a), STRUCT('linear', b)]")


def parts_of(value: list[Any]) -> dict[str, Any] | None:
    """Part of a DNN_LINEAR_COMBINED_* model → its value; None of what says nothing like that.

    >>> parts_of([("DNN", 0.1), ("linear", 0.2)]), parts_of([0.1])
    ({'dnn': 0.1, 'linear': 0.2}, None)
    """
    pairs = [tuple(each.values()) if isinstance(each, dict) else each for each in value]
    if not all(isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], str) for pair in pairs):
        return None
    parts = {part.lower(): each for part, each in pairs}
    return parts if set(parts) <= {"dnn", "linear"} and len(parts) == len(pairs) else None


def _split(values: Mapping[str, Any], model_type: str) -> Iterator[Broken]:
    method = split_method(values)
    by_column = method in ("CUSTOM", "SEQ")
    if by_column and "data_split_col" not in values:
        yield Broken("data_split_method", f"{method} needs data_split_col", next_step="add data_split_col = 'column'")
    if "data_split_col" in values and not by_column and not model_type.startswith("automl_"):
        step = "remove it, or write data_split_method = 'CUSTOM' or 'SEQ'"
        yield Broken("data_split_col", f"a split by {method} reads no column", next_step=step)
    fractions = [name for name in ("data_split_eval_fraction", "data_split_test_fraction") if name in values]
    if method in ("CUSTOM", "NO_SPLIT"):
        for name in fractions:
            yield Broken(name, f"{name} is of RANDOM and SEQ, not of {method}", next_step="remove it")
    if "data_split_test_fraction" in values and "num_trials" not in values:
        step = "remove it; or tune the model: num_trials = 10"
        yield Broken("data_split_test_fraction", "test rows are set aside where a model is tuned", next_step=step)
    if "num_trials" in values and len(fractions) == 1:
        step = "give both fractions, or neither"
        yield Broken(fractions[0], "eval and test fractions belong together where a model is tuned", next_step=step)


def split_method(values: Mapping[str, Any]) -> str:
    """The method in capitals."""
    return str(values.get("data_split_method", "AUTO_SPLIT")).upper()


def _tuning(values: Mapping[str, Any], model_type: str) -> Iterator[Broken]:
    trials = values.get("num_trials")
    if trials is None:
        open_ones = [name for name, value in values.items() if isinstance(value, Hparam)]
        for name in (*open_ones, *(each for each in OF_TUNING if each in values)):
            yield Broken(name, f"{name} is of a model that is tuned", next_step="add num_trials = 10")
        return
    if isinstance(trials, int) and not 1 <= trials <= MOST_TRIALS:
        yield Broken("num_trials", "num_trials is out of range", f"1 to {MOST_TRIALS}", str(trials))
    parallel = values.get("max_parallel_trials", 1)
    if isinstance(parallel, int) and not 1 <= parallel <= MOST_PARALLEL_TRIALS:
        what, expected = "max_parallel_trials is out of range", f"1 to {MOST_PARALLEL_TRIALS}"
        yield Broken("max_parallel_trials", what, expected, str(parallel))
    yield from _objective(values.get("hparam_tuning_objectives"), model_type)
    if str(values.get("hparam_tuning_algorithm", "")).upper() == "GRID_SEARCH":
        yield from _grid(values)


def _objective(objectives: Any, model_type: str) -> Iterator[Broken]:
    if objectives is None:
        return
    known = objectives_of_type(model_type)
    if len(objectives) != 1:
        yield Broken(
            "hparam_tuning_objectives", "a model is tuned by one objective", "an array of one", str(objectives)
        )
    for name in objectives:
        if name.upper() not in known:
            what = f"{name} is no objective of {model_type.upper()} models"
            yield Broken("hparam_tuning_objectives", what, "one of " + ", ".join(known), nearest=nearest(name, known))


def objectives_of_type(model_type: str) -> tuple[str, ...]:
    """BigQuery ML's objectives of models of a type, the default first."""
    if model_type in OBJECTIVES:
        return OBJECTIVES[model_type]
    is_classifier = model_type in CLASSIFIERS or model_type.endswith("classifier") or model_type == "naive_bayes"
    return CLASSIFIER_OBJECTIVES if is_classifier else REGRESSOR_OBJECTIVES


def _grid(values: Mapping[str, Any]) -> Iterator[Broken]:
    for name, value in values.items():
        if isinstance(value, Hparam) and not value.candidates and not isinstance(value.low, int):
            step = "write HPARAM_CANDIDATES([a, b]), or leave the search to VIZIER_DEFAULT"
            yield Broken(name, "a grid has no points between two fractions", next_step=step)

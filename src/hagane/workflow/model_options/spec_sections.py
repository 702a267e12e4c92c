"""`spec_sections`: what the options of a statement say, as the sections of a spec."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hagane.models import FAMILIES, SEARCHED, get_family
from hagane.models.options import FamilyOptions, option_types, with_lowered_choices
from hagane.sql.hparams import Hparam, hparam_candidates, hparam_range
from hagane.workflow.model_options.given_option import GivenOption
from hagane.workflow.model_options.known_options import WIDE_PARTS, without_effect
from hagane.workflow.model_options.model_types import WIDE, has_label
from hagane.workflow.model_options.option_rules import class_weights, parts_of, split_method

ALGORITHMS = {"VIZIER_DEFAULT": "tpe", "RANDOM_SEARCH": "random", "GRID_SEARCH": "grid"}
DEFAULT_LABEL = "label"
EVAL_FRACTION = 0.2
"""Of RANDOM and SEQ."""
TEST_COLUMN = 0.1
Given = Mapping[str, GivenOption]


def spec_sections(given: Given, model_type: str) -> dict[str, Any]:
    """The keys of a spec that the options fill, as YAML would have them: no key whose section would be empty."""
    values = {name: option.value for name, option in given.items()}
    sections = {
        "label": _label(values, model_type),
        "exclude": _not_features(values),
        "split": _split(values),
        "model": {"type": model_type, "options": _model_options(given, model_type)},
        "training": _training(values),
    }
    if values.get("enable_global_explain"):
        sections["evaluation"] = {"global_explain": True}
    if "num_trials" in values:
        sections["tuning"] = _tuning(values)
    return sections


def _label(values: Mapping[str, Any], model_type: str) -> Any:
    if not has_label(model_type):
        return []
    labels = values.get("input_label_cols") or [DEFAULT_LABEL]
    return labels[0] if len(labels) == 1 else labels


def _not_features(values: Mapping[str, Any]) -> list[str]:
    """A column that divides the rows in time is no feature in BigQuery ML, and one in ours unless it is excluded."""
    return [values["data_split_col"]] if split_method(values) == "SEQ" and "data_split_col" in values else []


def _split(values: Mapping[str, Any]) -> dict[str, Any]:
    method, column = split_method(values), values.get("data_split_col")
    fractions = {
        "eval_fraction": values.get("data_split_eval_fraction", EVAL_FRACTION),
        "test_fraction": values.get("data_split_test_fraction", 0.0),
    }
    if "num_trials" in values and method in ("RANDOM", "SEQ") and "data_split_test_fraction" not in values:
        fractions = {"eval_fraction": TEST_COLUMN, "test_fraction": TEST_COLUMN}
    if column is None and method in ("SEQ", "CUSTOM"):
        return {}  # a fault of the statement
    match method:
        case "RANDOM":
            return {"method": "random", **fractions}
        case "SEQ":
            return {"method": "time", "column": column, **fractions}
        case "CUSTOM":
            return {"method": "column", "column": column}
        case "NO_SPLIT":
            return {"method": "none"}
    return {"method": "column", "column": column} if column is not None else {}


def _training(values: Mapping[str, Any]) -> dict[str, Any]:
    training: dict[str, Any] = {}
    if values.get("auto_class_weights"):
        training["auto_class_weights"] = True
    if "class_weights" in values:
        training["class_weights"] = class_weights(values["class_weights"]) or {}
    if "instance_weight_col" in values:
        training["weight_column"] = values["instance_weight_col"]
    if values.get("warm_start"):
        training["warm_start"] = True
    return training


def _tuning(values: Mapping[str, Any]) -> dict[str, Any]:
    """Trials run to their end, as BigQuery ML's do."""
    algorithm = str(values.get("hparam_tuning_algorithm", "VIZIER_DEFAULT")).upper()
    tuning = {
        "num_trials": values["num_trials"],
        "max_parallel_trials": values.get("max_parallel_trials", 1),
        "algorithm": ALGORITHMS.get(algorithm, "tpe"),
        "stopping": {"method": "none"},
    }
    if "hparam_tuning_objectives" in values:
        tuning["objectives"] = [name.lower() for name in values["hparam_tuning_objectives"]]
    return tuning


def _model_options(given: Given, model_type: str) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for name, option in given.items():
        known = option.known
        if known is not None and (not known.is_of_model or without_effect(known, model_type)):
            continue
        if model_type in WIDE and name in WIDE_PARTS:
            options |= wide_options(name, option.value)
        elif model_type in SEARCHED:
            options[name] = _searched_option(option.value)
        else:
            options[name] = option.value
    hints = _hints(model_type)
    return {name: _written(value, hints.get(name)) for name, value in options.items()}


def wide_options(name: str, value: Any) -> dict[str, Any]:
    """An option of DNN_LINEAR_COMBINED_*: one value for both parts, or one for each; a range is the deep part's.

    >>> wide_options("optimizer", [("dnn", "ADAM"), ("linear", "FTRL")])
    {'optimizer': 'ADAM', 'linear_optimizer': 'FTRL'}
    """
    if isinstance(value, Hparam):
        return {name: value}
    if not isinstance(value, list):
        return {name: value, f"linear_{name}": value}
    parts = parts_of(value) or {}
    return {(name if part == "dnn" else f"linear_{name}"): each for part, each in parts.items()}


def _searched_option(value: Any) -> Any:
    """An objective at a given precision or recall is known by its name."""
    return value[0] if isinstance(value, tuple) and value else value


def _hints(model_type: str) -> dict[str, Any]:
    if model_type not in FAMILIES:
        return {}
    options = get_family(model_type).Options
    assert issubclass(options, FamilyOptions)
    return option_types(options)


def _written(value: Any, hint: Any) -> Any:
    """As a spec writes it: choices in small letters, a hyperparameter as its call."""
    if isinstance(value, Hparam):
        if not value.candidates:
            assert value.low is not None
            assert value.high is not None
            return hparam_range(value.low, value.high)
        return hparam_candidates([with_lowered_choices(hint, _plain(each)) for each in value.candidates])
    return with_lowered_choices(hint, _plain(value))


def _plain(value: Any) -> Any:
    """Tuples as lists."""
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value

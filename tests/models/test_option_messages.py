"""What is said of wrong options: the nearest choice, and no Python."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hagane.errors import SpecError
from hagane.models import FAMILIES, family_options, get_family
from hagane.models.options import option_types
from hagane.models.other_names import OTHER_NAMES, nearest_family

PYTHON = re.compile(r"\('|\(\"|<class|Traceback|\bNone\b|\bTrue\b|\bFalse\b|\w\.\w+\.\w+\(|typing|Annotated|dtype")
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text("abcd_ '\"", max_size=8))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.text("abc", max_size=3), inner, max_size=2),
    ),
    max_leaves=4,
)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_message_of_a_wrong_option_holds_python(data: st.DataObject) -> None:
    family = data.draw(st.sampled_from(sorted(FAMILIES)))
    names = [*option_types(get_family(family).Options), "unknown"]
    values: dict[str, Any] = data.draw(st.dictionaries(st.sampled_from(names), VALUES, min_size=1, max_size=3))
    said = ""
    try:
        family_options(family, values)
    except SpecError as error:
        said = error.render()
    assert not PYTHON.search(said), said


@pytest.mark.parametrize(
    ("family", "option", "value", "near"),
    [
        ("dnn_classifier", "optimizer", "adm", "adam"),
        ("dnn_classifier", "learn_rate_schedule", "cosin", "cosine"),
        ("boosted_tree_classifier", "booster_type", "drat", "dart"),
        ("boosted_tree_classifier", "monotone_constraints", {"x": "increasing", "y": "incresing"}, "increasing"),
        ("linear_reg", "category_encoding_method", "dummy", "dummy_encoding"),
        ("linear_reg", "l2_reg", "lots", ""),
        ("dnn_classifier", "hidden_units", 16, "[16]"),
        ("dnn_regressor", "loss", "mae", "absolute_error"),
    ],
)
def test_a_wrong_choice_has_its_nearest(family: str, option: str, value: object, near: str) -> None:
    with pytest.raises(SpecError) as raised:
        family_options(family, {option: value})
    fault = next(fault for fault in raised.value.faults if fault.where == f"model.options.{option}")
    assert fault.nearest == near


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("wide_and_deep", "dnn_linear_combined_classifier or dnn_linear_combined_regressor"),
        ("deep_and_wide", "dnn_linear_combined_classifier or dnn_linear_combined_regressor"),
        ("wide-and-deep-regressor", "dnn_linear_combined_regressor"),
        ("xgboost", "boosted_tree_classifier or boosted_tree_regressor"),
        ("LGBMClassifier", "boosted_tree_classifier"),
        ("random_forest", "random_forest_classifier or random_forest_regressor"),
        ("RandomForestRegressor", "random_forest_regressor"),
        ("linear_regression", "linear_reg"),
        ("LogisticRegression", "logistic_reg"),
        ("mlp", "dnn_classifier or dnn_regressor"),
        ("MLPClassifier", "dnn_classifier"),
        ("BOOSTED_TREE_CLASSIFIER", "boosted_tree_classifier"),
        ("boosted_tree_clasifier", "boosted_tree_classifier"),
        ("tabnet", "tabnet_classifier or tabnet_regressor"),
        ("KMeans", "kmeans"),
        ("principal component analysis", "pca"),
        ("svm", ""),
    ],
)
def test_the_names_of_others_lead_to_ours(name: str, meant: str) -> None:
    assert nearest_family(name, FAMILIES) == meant


def test_every_other_name_means_one_family_that_is_there() -> None:
    names = [name for others in OTHER_NAMES.values() for name in others]
    assert len(names) == len(set(names))
    for name in (*OTHER_NAMES, *names):
        assert set(nearest_family(name, FAMILIES).split(" or ")) <= set(FAMILIES)

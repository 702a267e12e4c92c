"""What was decided, as the spec that a person would have written."""

from __future__ import annotations

from hagane.spec.spec import Spec, Split, Training
from hagane.tuning.trial import TrialState
from hagane.workflow.automl_candidate import AutoMlCandidate, TriedModel
from hagane.workflow.automl_spec import final_spec

BASE = Spec(data="f.csv", label="y", split=Split(test_fraction=0.2), training=Training(seed=1))
TREES = "boosted_tree_classifier"


def tried(candidate: AutoMlCandidate, **features: str) -> TriedModel:
    return TriedModel(number=1, candidate=candidate, state=TrialState.SUCCEEDED, seconds=1.0, transform=features)


def test_one_model_is_its_family_with_the_options_that_differ() -> None:
    candidate = AutoMlCandidate(name="x", model_type=TREES, options={"learn_rate": 0.05, "num_leaves": 63}, seed=7)
    spec = final_spec(BASE, [(tried(candidate), 1.0)], num_folds=0, is_number=False)
    assert (spec.model.type, spec.model.options) == (TREES, {"num_leaves": 63})  # a rate of 0.05 is the default
    assert (spec.training.seed, spec.transform, spec.split) == (7, None, BASE.split)


def test_members_have_shares_seeds_and_no_features_where_preprocessing_is_automatic() -> None:
    first = tried(AutoMlCandidate(name="a", model_type=TREES), x="x")
    second = tried(AutoMlCandidate(name="b", model_type="logistic_reg", seed=3), x="ML.STANDARD_SCALER(x) OVER ()")
    spec = final_spec(BASE, [(first, 0.66666), (second, 0.33334)], num_folds=0, is_number=False)
    assert spec.model.type == "ensemble_classifier"
    assert spec.model.options == {
        "members": [{"type": TREES, "weight": 0.667}, {"type": "logistic_reg", "weight": 0.333, "seed": 3}]
    }
    assert spec.transform is None


def test_members_that_want_a_column_in_two_forms_have_a_feature_each() -> None:
    scaled = "COALESCE(ML.STANDARD_SCALER(x) OVER (), 0)"
    trees = AutoMlCandidate(name="a", model_type=TREES, transform={"x": "x", "r": "x / z"}, derived=("r",))
    linear = AutoMlCandidate(name="b", model_type="logistic_reg")
    spec = final_spec(
        BASE, [(tried(trees, x="x", r="x / z"), 0.5), (tried(linear, x=scaled), 0.5)], num_folds=0, is_number=False
    )
    assert spec.transform == {"x": "x", "r": "x / z", "x_scaled": scaled}
    assert [member["features"] for member in spec.model.options["members"]] == [["x", "r"], ["x_scaled"]]


def test_members_that_see_all_features_name_none() -> None:
    both = [AutoMlCandidate(name=name, model_type=TREES, transform={"x": "x"}) for name in "ab"]
    spec = final_spec(BASE, [(tried(each, x="x"), 0.5) for each in both], num_folds=0, is_number=False)
    assert spec.transform == {"x": "x"}
    assert all("features" not in member for member in spec.model.options["members"])

"""Features, crosses and families that a study chooses between: the settled spec is what a person would have written."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from hagane.errors import SpecError
from hagane.spec.read_yaml import read_yaml
from hagane.spec.spec import Model, Spec
from hagane.spec.tuning import TunedParameter, Tuning
from hagane.spec.write_yaml import write_yaml
from hagane.workflow.feature_choices import feature_choices
from hagane.workflow.hyperparameters import chosen_hyperparameters, hyperparameters, set_hyperparameters
from hagane.workflow.train import train
from hagane.workspace.workspace import Workspace

SEARCHED = """
data: flights.csv
label: late
transform:
  age: ML.STANDARD_SCALER(age) OVER ()
  city: ML.HASH_BUCKETIZE(city, HPARAM_RANGE(10, 100))
  hour: hour
model:
  type: HPARAM_CANDIDATES(['boosted_tree_classifier', 'logistic_reg'])
  options:
    max_iterations: HPARAM_RANGE(5, 50)
    boosted_tree_classifier: {learn_rate: "HPARAM_RANGE(0.01, 0.3)", max_tree_depth: 4}
    logistic_reg: {l2_reg: "HPARAM_RANGE(0.1, 10)"}
tuning:
  features:
    age: ["ML.QUANTILE_BUCKETIZE(age, HPARAM_RANGE(2, 8)) OVER ()", null]
    dusk: ["hour > HPARAM_RANGE(16, 20)", "hour BETWEEN HPARAM_RANGE(16, 18) AND HPARAM_RANGE(19, 23)"]
  optional: [hour]
  crosses: [[origin, dest]]
"""
BY_HAND = """
data: flights.csv
label: late
transform:
  age: ML.QUANTILE_BUCKETIZE(age, 4) OVER ()
  city: ML.HASH_BUCKETIZE(city, 50)
  dusk: hour BETWEEN 17 AND 21
  origin_dest: ML.FEATURE_CROSS(STRUCT(origin, dest))
model:
  type: logistic_reg
  options: {max_iterations: 9, l2_reg: 0.5}
"""
QUANTILES, DUSK = (
    "ML.QUANTILE_BUCKETIZE(age, HPARAM_RANGE(2, 8)) OVER ()",
    ("hour BETWEEN HPARAM_RANGE(16, 18) AND HPARAM_RANGE(19, 23)"),
)
VALUES = {
    "model.type": "logistic_reg",
    "model.options.max_iterations": 9,
    "model.options.logistic_reg.l2_reg": 0.5,
    "transform.age": QUANTILES,
    "transform.age[1]": 4,
    "transform.city": 50,
    "transform.hour": None,
    "transform.dusk": DUSK,
    "transform.dusk[2]": 17,
    "transform.dusk[3]": 21,
    "transform.origin_dest": "ML.FEATURE_CROSS(STRUCT(origin, dest))",
}


def test_the_settled_spec_is_what_a_person_would_have_written() -> None:
    settled = set_hyperparameters(read_yaml(SEARCHED), VALUES)
    assert write_yaml(settled) == write_yaml(read_yaml(BY_HAND))
    assert hyperparameters(settled) == ()


def test_what_depends_on_a_choice_says_so() -> None:
    found = {each.name: each.when for each in hyperparameters(read_yaml(SEARCHED))}
    assert found["transform.age[1]"] == (("transform.age", (QUANTILES,)),)
    assert found["transform.dusk[3]"] == (("transform.dusk", (DUSK,)),)
    assert found["model.options.logistic_reg.l2_reg"] == (("model.type", ("logistic_reg",)),)
    assert found["model.options.max_iterations"] == found["transform.age"] == ()


def test_a_search_starts_with_the_spec_as_it_is_written() -> None:
    first = {name: expressions[0] for name, expressions in feature_choices(read_yaml(SEARCHED)).expressions.items()}
    assert first["age"] == "ML.STANDARD_SCALER(age) OVER ()"
    assert first["hour"] == "hour"
    assert first["origin_dest"] is None


def test_yaml_keeps_the_choices() -> None:
    spec = read_yaml(SEARCHED)
    assert read_yaml(write_yaml(spec)) == spec


def test_only_what_plays_a_part_has_a_value() -> None:
    spec = read_yaml(SEARCHED)
    chosen = {each.name: each.value for each in chosen_hyperparameters(spec, VALUES)}
    assert chosen == VALUES
    with pytest.raises(SpecError) as caught:
        set_hyperparameters(
            spec, VALUES | {"transform.dusk[1]": 18, "model.options.boosted_tree_classifier.learn_rate": 0.1}
        )
    assert "2 faults" in str(caught.value)
    assert "unless model.type is 'boosted_tree_classifier'" in str(caught.value)
    missing = {name: value for name, value in VALUES.items() if name not in ("transform.age[1]", "transform.hour")}
    with pytest.raises(SpecError) as caught:
        set_hyperparameters(spec, missing)
    assert [fault.where for fault in caught.value.faults] == ["transform.age[1]", "transform.hour"]


def test_every_feature_may_be_left_out_but_not_all() -> None:
    spec = Spec(data="f.csv", label="y", transform={"a": "a", "b": "b"}, tuning=Tuning(optional=("*",)))
    assert set_hyperparameters(spec, {"transform.a": None, "transform.b": "b"}).transform == {"b": "b"}
    with pytest.raises(SpecError, match="every feature is left out"):
        set_hyperparameters(spec, {"transform.a": None, "transform.b": None})


def test_what_the_user_says_depends() -> None:
    options = {"booster_type": "HPARAM_CANDIDATES(['gbtree', 'dart'])", "dropout": "HPARAM_RANGE(0.1, 0.5)"}
    parameters = {"model.options.dropout": TunedParameter(when={"model.options.booster_type": "dart"})}
    spec = Spec(data="f.csv", label="y", model=Model(type="boosted_tree_classifier", options=options),
                tuning=Tuning(parameters=parameters))  # fmt: skip
    assert set_hyperparameters(spec, {"model.options.booster_type": "gbtree"}).model.options == {
        "booster_type": "gbtree"
    }
    both = {"model.options.booster_type": "dart", "model.options.dropout": 0.2}
    assert set_hyperparameters(spec, both).model.options == {"booster_type": "dart", "dropout": 0.2}
    with pytest.raises(SpecError, match=r"dropout has no value"):
        set_hyperparameters(spec, {"model.options.booster_type": "dart"})


def test_every_fault_of_the_choices_at_once() -> None:
    tuning = Tuning(
        features={"a": (), "c": ("  ",)},
        optional=("bb",),
        crosses=(("x",), ("x", "x"), ("a", "b")),
        parameters={"transform.a": TunedParameter(when={"transform.bee": 1})},
    )
    transform = {"a": "a", "bbb": "HPARAM_RANGE(2, 1)", "a_b": "b"}
    with pytest.raises(SpecError) as caught:
        hyperparameters(Spec(data="f.csv", label="y", transform=transform, tuning=tuning))
    wheres = [fault.where for fault in caught.value.faults]
    assert wheres == ["tuning.features.a", "tuning.features.c", "tuning.optional[0]", "tuning.crosses[0]",
                      "tuning.crosses[1]", "tuning.crosses[2]", "transform.bbb", "",
                      "tuning.parameters.transform.a.when"]  # fmt: skip
    assert caught.value.faults[2].nearest == "bbb"


def test_features_that_nobody_wrote_cannot_be_chosen_between() -> None:
    with pytest.raises(SpecError, match=r"tuning\.crosses is about features, and the spec writes none"):
        hyperparameters(Spec(data="f.csv", label="y", tuning=Tuning(crosses=(("a", "b"),))))


def test_a_training_takes_choices(tmp_path: Path) -> None:
    """And is bit by bit that of the spec written by hand."""
    rows = range(300)
    columns = {"x": [i % 17 / 3 for i in rows], "s": ["ab"[i % 2] for i in rows], "t": ["uvw"[i % 3] for i in rows]}
    frame = pa.table(columns | {"y": [(i * 7919) % 5 < 2 + i % 2 for i in rows]})
    cross, model = "ML.FEATURE_CROSS(STRUCT(s, t))", Model(type="logistic_reg")
    tuning = Tuning(features={"x": ("ML.QUANTILE_BUCKETIZE(x, HPARAM_RANGE(2, 8)) OVER ()",)}, crosses=(("s", "t"),))
    spec = Spec(data="(frame)", label="y", transform={"x": "x"}, tuning=tuning, model=model)
    values = {"transform.x": tuning.features["x"][0], "transform.x[1]": 4, "transform.s_t": cross}
    transform = {"x": "ML.QUANTILE_BUCKETIZE(x, 4) OVER ()", "s_t": cross}
    by_hand = Spec(data="(frame)", label="y", model=model, transform=transform)
    searched = train(spec, workspace=Workspace(tmp_path / "a"), frame=frame, hparams=values)
    written = train(by_hand, workspace=Workspace(tmp_path / "b"), frame=frame)
    assert searched.spec == written.spec
    assert (searched.bundle / "model.onnx").read_bytes() == (written.bundle / "model.onnx").read_bytes()

"""A spec without its defaults, there and back."""

from __future__ import annotations

from hypothesis import given
from tests.spec.test_write_yaml import specs

from hagane.spec.read_yaml import read_yaml
from hagane.spec.spec import Evaluation, Model, Spec, Split, Training
from hagane.spec.write_brief_yaml import write_brief_yaml

ENSEMBLE = Spec(
    data=("a.csv", "b.csv"), label="late", name="x",
    transform={"age": "age", "no": "ML.ONE_HOT_ENCODER(job, 'none', 32000, 5) OVER ()"},
    split=Split(eval_fraction=0.0),
    model=Model(
        type="ensemble_classifier",
        options={"members": [{"type": "boosted_tree_classifier", "options": {"learn_rate": 0.05}, "weight": 0.6},
                             {"type": "logistic_reg", "features": ["age", "no"], "weight": 0.4}]},
    ),
)  # fmt: skip


def test_an_ensemble_reads_as_a_person_would_have_written_it() -> None:
    assert (
        write_brief_yaml(ENSEMBLE)
        == """\
data: [a.csv, b.csv]
label: late
name: x
transform:
  age: age
  "no": ML.ONE_HOT_ENCODER(job, 'none', 32000, 5) OVER ()
split:
  eval_fraction: 0.0
model:
  type: ensemble_classifier
  options:
    members:
      - type: boosted_tree_classifier
        options:
          learn_rate: 0.05
        weight: 0.6
      - type: logistic_reg
        features: [age, "no"]
        weight: 0.4
"""
    )


def test_it_is_read_back() -> None:
    assert read_yaml(write_brief_yaml(ENSEMBLE)) == ENSEMBLE


def test_null_where_it_is_not_the_default_stays() -> None:
    spec = Spec(data="f.csv", label="y", model=Model(options={"colsample_bytree": None}))
    assert read_yaml(write_brief_yaml(spec)) == spec


def test_sections_with_texts_of_several_lines_and_false_are_read_back() -> None:
    spec = Spec(data="SELECT *\nFROM 'f.csv'", label=("a", "b"), evaluation=Evaluation(threshold=0.3),
                training=Training(class_weights={"yes": 2.0}, warm_start=True))  # fmt: skip
    assert read_yaml(write_brief_yaml(spec)) == spec


@given(specs)
def test_every_spec_is_read_back(spec: Spec) -> None:
    assert read_yaml(write_brief_yaml(spec)) == spec

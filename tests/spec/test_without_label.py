"""A spec that names no label, and what it cannot ask for then."""

from __future__ import annotations

import pytest

from hagane.errors import SpecError
from hagane.spec.calibration import Calibration
from hagane.spec.check import spec_faults
from hagane.spec.read_yaml import read_yaml
from hagane.spec.spec import Evaluation, Model, Spec, Split, Training
from hagane.spec.write_yaml import write_yaml
from hagane.workflow.check_declared import check_declared


def test_it_is_none_in_every_way_of_writing() -> None:
    spec = Spec(data="f.csv", label=(), model=Model(type="kmeans"))
    assert spec.labels == ()
    assert spec_faults(spec) == []
    assert read_yaml(write_yaml(spec)) == spec
    assert read_yaml("data: f.csv\nmodel: {type: kmeans}") == spec


def test_what_is_of_a_label_is_refused_at_once() -> None:
    spec = Spec(
        data="f.csv",
        model=Model(type="kmeans"),
        label_form="one_hot",
        split=Split(stratify=True),
        training=Training(auto_class_weights=True),
        calibration=Calibration(method="platt"),
        evaluation=Evaluation(slices=("a",)),
    )
    assert {fault.where for fault in spec_faults(spec)} == {
        "label_form",
        "split.stratify",
        "training.auto_class_weights",
        "calibration",
        "evaluation.slices",
    }


def test_a_family_that_predicts_wants_a_label() -> None:
    with pytest.raises(SpecError, match="linear_reg predicts a label, and the spec names none") as raised:
        check_declared(Spec(data="f.csv", model=Model(type="linear_reg")))
    assert [fault.where for fault in raised.value.faults] == ["label"]
    with pytest.raises(SpecError, match="the spec names no label"):
        check_declared(Spec(data="f.csv"))

"""`check_spec`: what contradicts itself is refused without looking at the data, and what does not is let through."""

from __future__ import annotations

from typing import Any

import pytest

from hagane.errors import Fault, SpecError
from hagane.spec.check import check_spec, located, spec_faults
from hagane.spec.spec import Downsample, Evaluation, Spec, Split, Training


def spec(**parts: Any) -> Spec:
    return Spec(**{"data": "f.csv", "label": "y", **parts})


@pytest.mark.parametrize(
    ("parts", "where"),
    [
        ({"data": ""}, "data"),
        ({"data": ()}, "data"),
        ({"label": ""}, "label"),
        ({"name": "a/b"}, "name"),
        ({"name": ""}, "name"),
        ({"transform": {}}, "transform"),
        ({"transform": {"": "x"}}, "transform"),
        ({"transform": {"x": " \n"}}, "transform.x"),
        ({"exclude": ("y",)}, "exclude"),
        ({"split": Split(method="key")}, "split.column"),
        ({"split": Split(method="column")}, "split.column"),
        ({"split": Split(method="random", column="c")}, "split.column"),
        ({"split": Split(method="none", column="c")}, "split.column"),
        ({"split": Split(method="time", column="y")}, "split.column"),
        ({"split": Split(eval_fraction=1)}, "split.eval_fraction"),
        ({"split": Split(test_fraction=-0.1)}, "split.test_fraction"),
        ({"split": Split(test_fraction=float("nan"))}, "split.test_fraction"),
        ({"split": Split(eval_fraction=0.5, test_fraction=0.5)}, "split"),
        ({"split": Split(seed=-1)}, "split.seed"),
        ({"split": Split(method="key", column="k", stratify=True)}, "split.stratify"),
        ({"training": Training(seed=2**32)}, "training.seed"),
        ({"training": Training(class_weights={"a": 0.0})}, "training.class_weights.a"),
        ({"training": Training(class_weights={"a": float("nan")})}, "training.class_weights.a"),
        ({"training": Training(weight_column="y")}, "training.weight_column"),
        ({"training": Training(auto_class_weights=True, class_weights={"a": 1.0})}, "training.class_weights"),
        ({"training": Training(auto_class_weights=True, weight_column="w")}, "training.weight_column"),
        ({"training": Training(class_weights={"a": 1}, downsample=Downsample(rate=0.5))}, "training.downsample"),
        ({"training": Training(downsample=Downsample())}, "training.downsample"),
        ({"training": Training(downsample=Downsample(rate=0.5, ratio=1))}, "training.downsample"),
        ({"training": Training(downsample=Downsample(rate=0))}, "training.downsample.rate"),
        ({"training": Training(downsample=Downsample(ratio=-1))}, "training.downsample.ratio"),
        ({"training": Training(max_bad_rows_fraction=1.5)}, "training.max_bad_rows_fraction"),
        ({"evaluation": Evaluation(threshold=float("nan"))}, "evaluation.threshold"),
        ({"evaluation": Evaluation(aim_value=-1)}, "evaluation.aim_value"),
    ],
)
def test_a_contradiction_is_named_where_it_stands(parts, where):
    assert [fault.where for fault in spec_faults(spec(**parts))] == [where]


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"data": ("a", "b")},
        {"transform": {"x": "1"}, "exclude": ("a",)},
        {"split": Split(eval_fraction=0, test_fraction=0)},
        {"split": Split(method="none", eval_fraction=7)},
        {"split": Split(method="column", column="y")},
        {"training": Training(max_bad_rows_fraction=1)},
        {"split": Split(stratify="region")},
        {"training": Training(weight_column="w", downsample=Downsample(ratio=3))},
        {"training": Training(class_weights={0: 1, 1: 5})},
    ],
)
def test_what_can_be_is_let_through(parts):
    check_spec(spec(**parts))


def test_all_contradictions_come_together():
    with pytest.raises(SpecError) as caught:
        check_spec(spec(label="", split=Split(method="key", eval_fraction=2)))
    assert [fault.where for fault in caught.value.faults] == ["label", "split.column", "split.eval_fraction"]


def test_a_place_is_that_of_the_nearest_parent_with_a_line():
    lines = {"split": 3, "split.method": 4, "": 1}
    assert located(Fault(what="x", where="split.column"), lines, "s.yaml").where == "s.yaml:3 (split.column)"
    assert located(Fault(what="x", where="row 7"), lines, "s.yaml").where == "row 7"
    assert located(Fault(what="x"), lines, "s.yaml").where == ""

"""`override_spec`: the command line goes before the spec."""

from __future__ import annotations

import re

import pytest

from hagane.errors import SpecError
from hagane.fronts.cli.override_spec import option_value, override_spec, parse_split
from hagane.fronts.cli.override_strategy import override_strategy
from hagane.fronts.cli.usage_error import UsageError
from hagane.spec.spec import Model, Spec, Split

SPEC = Spec(
    data="f.csv",
    label="y",
    name="mine",
    exclude=("id",),
    split=Split(method="time", column="t", test_fraction=0.3, seed=7),
    model=Model(type="dnn_classifier", options={"dropout": 0.5, "batch_size": 64}),
)


def test_nothing_given_changes_nothing():
    assert override_spec(SPEC) == SPEC


def test_options_are_added_to_the_specs_own_of_the_same_family():
    for model in (None, "dnn_classifier"):
        options = override_spec(SPEC, model=model, options={"dropout": "0.1"}).model.options
        assert options == {"dropout": 0.1, "batch_size": 64}


def test_another_family_starts_from_its_defaults():
    assert override_spec(SPEC, model="logistic_reg", options={"l2_reg": "1"}).model == Model(
        type="logistic_reg", options={"l2_reg": 1}
    )


def test_the_rest_is_replaced_or_joined():
    changed = override_spec(SPEC, label="z", name="other", split="random", exclude=("a", "id"))
    assert (changed.label, changed.name, changed.exclude) == ("z", "other", ("id", "a"))
    assert changed.split == Split(method="random", test_fraction=0.3, seed=7)


@pytest.mark.parametrize(
    ("text", "method", "column"),
    [("none", "none", None), ("key:a:b", "key", "a:b"), ("time:", "time", ""), ("column:part", "column", "part")],
)
def test_splits(text, method, column):
    split = parse_split(text, Split())
    assert (split.method, split.column) == (method, column)


@pytest.mark.parametrize(("text", "near"), [("", ""), ("tme", "time"), (":c", ""), ("colum:c", "column")])
def test_what_is_no_split_is_a_wrong_command_line(text, near):
    with pytest.raises(UsageError, match="--split cannot be") as raised:
        parse_split(text, Split())
    assert raised.value.faults[0].nearest == near


@pytest.mark.parametrize(
    ("given", "what", "near"),
    [
        ({"strategy": "mirored:2"}, "--strategy cannot be 'mirored'", "mirrored"),
        ({"strategy": "mirrored:x"}, "--strategy cannot be 'mirrored:x'", ""),
        ({"device": "cudda"}, "--device cannot be 'cudda'", "cuda"),
    ],
)
def test_what_is_no_strategy_or_device_is_a_wrong_command_line(given, what, near):
    with pytest.raises(UsageError, match=re.escape(what)) as raised:
        override_strategy(SPEC, **{"strategy": None, "nodes": None, "device": None} | given)
    fault = raised.value.faults[0]
    assert (fault.what, fault.nearest) == (what, near)
    assert "mirrored:4" in fault.expected or "one of" in fault.expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("true", True),
        ("no", "no"),
        ("", None),
        ("[64, 32]", [64, 32]),
        ("'8'", "8"),
        ("{a: 1}", {"a": 1}),
    ],
)
def test_values_of_options(text, value):
    assert option_value(text) == value


@pytest.mark.parametrize("text", ["[1", "&a 1", "{a: 1, a: 2}"])
def test_what_is_no_value_is_refused(text):
    with pytest.raises(SpecError, match="--option"):
        option_value(text)


def test_another_label_has_its_own_form():
    several = override_spec(SPEC, label=("a", "b"), label_form="multi_label")
    assert (several.label, several.label_form) == (("a", "b"), "multi_label")
    assert override_spec(several, name="n").label_form == "multi_label"
    assert override_spec(several, label=("c",)).label_form is None
    assert override_spec(several, label=("c",)).label == "c"
    with pytest.raises(UsageError, match="one_hot"):
        override_spec(SPEC, label_form="one_hott")

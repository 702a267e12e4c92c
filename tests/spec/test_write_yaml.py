"""`write_yaml`: every spec comes back equal, and the text is one that people like to read."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from hagane.spec.decode_python import decode_python
from hagane.spec.read_yaml import read_yaml
from hagane.spec.spec import Downsample, Evaluation, Model, Serving, Spec, Split, Training
from hagane.spec.tuning import TrialStopping, TunedParameter, Tuning
from hagane.spec.write_yaml import scalar, write_commented_yaml, write_yaml

# fmt: off
WORDS = ["no", "on", "null", "~", "1e3", "0", "-", "---", "...", "a: b", "a #b", "#", "'", '"', "it's", "x\ny", "x\n",
         "\nx", " x", "x ", "`a`", "@", "%", "!", "&a", "*a", "{", "[1]", "a,b", "<<", "=", "?", "A?", "\t", "x\r\ny",
         "x\n\n\ny", "日本", "🚕", "é\x85è", "\u2028", "\ufeff", "\x00", "\ufffe", "a\\b", "a\n  b\nc", "a\n \nb",
         "2013-01-01", "k" * 1500]
# fmt: on
texts = st.one_of(st.sampled_from(WORDS), st.text(max_size=30), st.text("ab \n:#'\"\\-|>", max_size=20))
names = texts.filter(bool)
sql = texts.filter(str.strip)
fractions = st.floats(0, 0.49)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
splits = st.one_of(
    st.builds(
        Split,
        method=st.just("random"),
        eval_fraction=fractions,
        test_fraction=fractions,
        seed=st.integers(0, 2**32 - 1),
        stratify=st.booleans() | names,
    ),
    st.builds(Split, method=st.just("column"), column=names),
    st.builds(Split, method=st.just("none")),
)
positive = st.floats(1e-3, 1)
trainings = st.builds(
    Training,
    seed=st.integers(0, 2**32 - 1),
    max_bad_rows_fraction=st.floats(0, 1),
    memory_limit=st.none() | st.sampled_from(["2GiB", "30%"]),
    weight_column=st.none() | names.map(lambda name: f"w{name}"),
    downsample=st.none() | st.builds(Downsample, rate=positive) | st.builds(Downsample, ratio=positive),
) | st.builds(Training, class_weights=st.dictionaries(texts, positive, max_size=3))
specs = st.builds(
    Spec,
    data=names | st.lists(texts, min_size=1, max_size=3).map(tuple),
    label=names.filter(lambda name: name not in ("x", "exclude") and name[0] != "w"),
    name=st.none() | st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True),
    tables=st.dictionaries(texts, texts, max_size=2),
    transform=st.none() | st.dictionaries(names, sql, min_size=1, max_size=4),
    exclude=st.just(()) | st.just(("x", "exclude")),
    split=splits,
    model=st.builds(Model, type=names, options=st.dictionaries(texts, values, max_size=3)),
    training=trainings,
    evaluation=st.builds(
        Evaluation, aim=st.sampled_from(["f1_score", "youden"]), slices=st.lists(texts, max_size=2).map(tuple)
    ),
    serving=st.builds(
        Serving,
        on_error=st.sampled_from(["null", "refuse", None]),
        sensitive=st.dictionaries(names, st.sampled_from(["hash", "leave_out"])),
    ),
)


@settings(max_examples=150, deadline=None)
@given(specs)
def test_what_is_written_is_read_back_equal(spec):
    again = read_yaml(write_yaml(spec))
    assert again == spec
    assert list(again.transform or {}) == list(spec.transform or {})


simple = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-1, 1) | texts
tunings = st.builds(
    Tuning,
    num_trials=st.integers(1, 99),
    objectives=st.lists(names, max_size=2).map(tuple),
    parameters=st.dictionaries(
        names,
        st.builds(
            TunedParameter,
            scale=st.sampled_from([None, "log"]),
            step=st.none() | st.floats(0.1, 2),
            default=simple,
            when=st.dictionaries(names, simple | st.lists(simple, max_size=2), max_size=2),
        ),
        max_size=3,
    ),
    features=st.dictionaries(names, st.lists(st.none() | sql, max_size=3).map(tuple), max_size=2),
    crosses=st.lists(st.lists(names, min_size=2, max_size=3).map(tuple), max_size=2).map(tuple),
    optional=st.lists(names, max_size=2).map(tuple),
    stopping=st.builds(
        TrialStopping, method=st.sampled_from(["none", "median"]), min_iterations=st.sampled_from([None, 3])
    ),
    budget=st.sampled_from([None, "10m"]),
    study=st.sampled_from([None, "late"]),
)


@settings(max_examples=60, deadline=None)
@given(tunings)
def test_how_a_spec_is_searched_is_read_back_equal(tuning):
    spec = Spec(data="f.csv", label="y", transform={"x": "HPARAM_RANGE(1, 9)"}, tuning=tuning)
    assert read_yaml(write_yaml(spec)) == spec


@settings(max_examples=150, deadline=None)
@given(specs)
def test_what_python_declares_is_read_as_it_is(spec):
    assert decode_python(spec, Spec) == spec


@settings(max_examples=100, deadline=None)
@given(specs, st.dictionaries(st.sampled_from(["label", "model.type", "x", "exclude", *WORDS]), texts), texts)
def test_comments_change_nothing(spec, comments, header):
    assert read_yaml(write_commented_yaml(spec, comments=comments, header=header)) == spec


@settings(max_examples=150, deadline=None)
@given(texts)
def test_any_reader_of_yaml_takes_a_scalar_for_that_text(text):
    assert yaml.safe_load(f"key: {scalar(text)}") == {"key": text}
    assert yaml.safe_load(f"? {scalar(text)}\n: 1") == {text: 1}


def test_a_spec_holds_all_that_was_decided():
    text = write_yaml(Spec(data="f.csv", label="y"))
    assert "seed:          0" in text
    assert "threshold:      0.5" in text
    assert "transform" not in text


def test_infinite_options_survive():
    spec = Spec(
        data="f", label="y", model=Model(type="t", options={"a": math.inf, "b": -math.inf, "c": 1e300, "d": 5e-324})
    )
    assert read_yaml(write_yaml(spec)).model.options == spec.model.options


GOLDEN = Spec(
    data="SELECT arr_delay >= 15 AS late, *\nFROM flights -- all of them",
    label="late",
    tables={"flights": "flights.csv"},
    transform={
        "carrier": "ML.ONE_HOT_ENCODER(carrier) OVER ()",
        "distance": "ML.STANDARD_SCALER(LN(distance + 1)) OVER ()",
        "hour of day": "EXTRACT(HOUR FROM departure)",
        "is_late_flight": "CASE\n  WHEN EXTRACT(HOUR FROM departure) >= 20 THEN 1\n  ELSE 0\nEND",
        "model": r"REGEXP_CONTAINS(model, r'^A3\d\d')",
    },
    exclude=("dep_delay", "air_time"),
    split=Split(method="time", column="departure"),
    model=Model(type="boosted_tree_classifier", options={"max_tree_depth": 6}),
)
COMMENTS = {
    "label": "BOOL, 24.1 % true",
    "carrier": "16 values",
    "distance": "17 … 4,983, mean 1,040",
    "is_late_flight": "written by hand",
    "model": "127 values, 18.1 % missing; " + "a remark so long that it needs a line of its own above the value " * 2,
    "exclude": "suspected leaks: dep_delay (AUC 0.95), air_time",
}


@pytest.mark.parametrize("name", ["plain", "commented"])
def test_golden(name):
    header = "327,346 rows, 20 columns. Train it with: hagane train spec.yaml"
    text = write_yaml(GOLDEN) if name == "plain" else write_commented_yaml(GOLDEN, comments=COMMENTS, header=header)
    assert read_yaml(text) == GOLDEN
    assert text == Path(__file__).with_name(f"golden_{name}.yaml").read_text()


def test_all_that_is_said_of_a_search_comes_back():
    parameters = {
        "model.options.learn_rate": TunedParameter(scale="log", default=0.1),
        "model.options.dropout": TunedParameter(step=0.1, when={"model.options.booster_type": "dart"}),
        "model.options.hidden_units": TunedParameter(default=[64, 32], when={"model.type": ["a", "b: c"]}),
    }
    tuning = Tuning(
        objectives=("roc_auc", "model_bytes"),
        parameters=parameters,
        features={"age": ("LN(age)", None, "ML.QUANTILE_BUCKETIZE(a, HPARAM_RANGE(2, 9)) OVER ()")},
        crosses=(("a", "b"), ("c", "CAST(x AS STRING) AS d")),
        optional=("*",),
        budget="10m",
        stopping=TrialStopping(method="median", min_iterations=3),
    )
    spec = Spec(data="f.csv", label="y", transform={"age": "age", "a": "a"}, tuning=tuning)
    assert read_yaml(write_yaml(spec)) == spec

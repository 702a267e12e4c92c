"""`read_yaml`: what it takes, what it refuses, and where it says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from hagane.errors import DataError, ExpressionError, Fault, HaganeError, NotFoundError, SpecError
from hagane.spec.read_yaml import locate_faults, read_spec, read_yaml
from hagane.spec.spec import Model, Serving, Spec, Split

MINIMAL = "data: f.csv\nlabel: y\n"


def refusal(text: str) -> str:
    with pytest.raises(SpecError) as caught:
        read_yaml(text)
    return caught.value.render()


def test_a_minimal_spec_has_the_defaults():
    assert read_yaml(MINIMAL) == Spec(data="f.csv", label="y")


def test_every_section_is_read():
    text = """
data: [a.parquet, b.parquet]
label: late
name: flights
tables: {weather: w.csv}
exclude: [id]
split: {method: time, column: dep, eval_fraction: 0.2, test_fraction: 0, seed: 7}
model:
  type: dnn_classifier
  options: {hidden_units: [64, 32], dropout: 0.1, optimizer: adam, batch_norm: true, x: null}
training: {seed: 1, max_bad_rows_fraction: 1}
evaluation: {aim: youden, slices: [carrier]}
serving: {on_error: refuse}
"""
    spec = read_yaml(text)
    assert spec.data == ("a.parquet", "b.parquet")
    assert spec.split == Split(method="time", column="dep", eval_fraction=0.2, test_fraction=0.0, seed=7)
    assert isinstance(spec.split.test_fraction, float)
    options = {"hidden_units": [64, 32], "dropout": 0.1, "optimizer": "adam", "batch_norm": True, "x": None}
    assert spec.model == Model(type="dnn_classifier", options=options)
    assert spec.evaluation.slices == ("carrier",)


def test_transform_keeps_its_order_and_its_sql():
    text = (
        MINIMAL
        + "transform:\n  z: ML.STANDARD_SCALER(z) OVER ()\n  a: |-\n    CASE\n      WHEN a THEN 1\n    END\n  m: 1\n"
    )
    transform = read_yaml(text).transform
    assert transform is not None
    assert list(transform.items()) == [
        ("z", "ML.STANDARD_SCALER(z) OVER ()"),
        ("a", "CASE\n  WHEN a THEN 1\nEND"),
        ("m", "1"),
    ]


@pytest.mark.parametrize(
    "word", ["no", "yes", "on", "off", "y", "1e3", "007", "2013-01-01", "1:30", "true", "0x1F", "1_000"]
)
def test_a_word_is_a_text_where_a_text_is_wanted(word):
    assert read_yaml(f"data: f.csv\nlabel: {word}\n").label == word


@pytest.mark.parametrize(
    ("word", "value"),
    [("no", "no"), ("1e3", 1000.0), ("1_000", "1_000"), ("1:30", "1:30"), ("2013-01-01", "2013-01-01"), ("0o7", "0o7"),
     ("true", True), ("~", None), ("-.inf", float("-inf")), ("+5", 5), ("'5'", "5"), (".5", 0.5), ("5.", 5.0)],
)  # fmt: skip
def test_options_follow_yaml_1_2(word, value):
    found = read_yaml(MINIMAL + f"model: {{type: x, options: {{o: {word}}}}}\n").model.options["o"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text", ["on_error: null", "on_error: 'null'", "on_error:", "on_error: ~"])
def test_on_error_null_is_null_however_it_is_written(text):
    assert read_yaml(MINIMAL + f"serving:\n  {text}\n").serving == Serving(on_error="null")


def test_all_faults_come_at_once_each_with_its_line():
    text = (
        "data: {a: 1}\nlable: y\nsplit:\n  method: tme\n  eval_fraction: abc\n  seed: 1.5\nmodel: dnn_classifier\n"
        "exclude: id\ntransform:\n  a: 1\n  b: [1]\n  a: 2\nserving: &x {on_error: no}\nfoo: 1\n"
    )
    assert refusal(text) == Path(__file__).with_name("faults_of_a_bad_spec.txt").read_text().rstrip("\n")


def test_contradictions_are_found_with_their_lines():
    text = MINIMAL + "split: {method: time, eval_fraction: 0.6, test_fraction: .5}\nevaluation:\n  threshold: 2\n"
    rendered = refusal(text)
    assert "a split by 'time' needs a column\n  where: spec.yaml:3 (split.column)" in rendered
    assert "the split leaves no rows to train on\n  where: spec.yaml:3 (split)" in rendered
    assert "where: spec.yaml:5 (evaluation.threshold)" in rendered


def test_broken_yaml_is_underlined():
    rendered = refusal("data: f.csv\nlabel: a: b\n")
    assert "where: spec.yaml:2" in rendered
    assert "  label: a: b\n          ^" in rendered


@pytest.mark.parametrize(
    "text",
    ["", "# nothing\n", "[]", "just words", "data: f\nlabel: ~", "- a\n- b", "a: &b 1\nc: *b",
     "x: !!python/object:os.system {}", "a: 1\n---\nb: 2", "? [1]\n: 2", "\x00", "data: \x07", "[" * 5000,
     "data: 'f", "{", "*a", "---\n...\n---\n"],
)  # fmt: skip
def test_nothing_but_a_spec_error_is_raised(text):
    assert refusal(text)


def test_a_billion_laughs_are_refused_at_once():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    assert "the alias '*a0' may not stand in a spec" in refusal("\n".join(lines))


def test_files_that_are_no_specs(tmp_path):
    with pytest.raises(NotFoundError, match="hagane init"):
        read_spec(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes("label: é".encode("latin-1"))
    with pytest.raises(DataError, match="not UTF-8"):
        read_spec(tmp_path / "latin.yaml")
    with pytest.raises(DataError, match="cannot be read"):
        read_spec(tmp_path)
    (tmp_path / "bom.yaml").write_text("\ufeff" + MINIMAL, encoding="utf-8")
    assert read_spec(tmp_path / "bom.yaml").label == "y"


def test_later_faults_get_the_line_of_what_they_name(tmp_path):
    path = tmp_path / "spec.yaml"
    path.write_text(MINIMAL + "transform:\n  a: LN(x)\n  b.c: |-\n    LN(\n      y)\n")
    error = ExpressionError(
        Fault(what="no column 'x'", where="transform.a"),
        Fault(what="no column 'y'", where="transform.b.c"),
        Fault(what="other", where="row 3"),
    )
    located = locate_faults(error, path)
    assert type(located) is ExpressionError
    assert [fault.where for fault in located.faults] == [
        f"{path}:4 (transform.a)",
        f"{path}:5 (transform.b.c)",
        "row 3",
    ]


def test_locating_never_hides_the_error(tmp_path):
    error = HaganeError(Fault(what="x", where="label"))
    assert locate_faults(error, tmp_path / "gone.yaml") is error

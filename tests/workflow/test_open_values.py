"""Numbers and choices of every section may be left open; ranges are checked against what the fields take."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import hagane
from hagane.errors import SpecError
from hagane.fronts.cli.run import run
from hagane.spec.read_yaml import read_spec, read_yaml
from hagane.spec.spec import Downsample, Evaluation, Spec, Split, Training
from hagane.spec.write_yaml import write_yaml
from hagane.workflow.hyperparameters import hyperparameters, set_hyperparameters

TEXT = """
data: rows.parquet
label: y
transform:
  late: IF(day > HPARAM_CANDIDATES([DATE '2024-01-10', TIMESTAMP '2024-01-20 00:00:00+00', NULL]), 1, 0)
  x: x
split:
  method: HPARAM_CANDIDATES(['random', 'none'])
  seed: HPARAM_RANGE(0, 4)
  stratify: HPARAM_CANDIDATES([false])
model: {type: logistic_reg}
training:
  seed: HPARAM_CANDIDATES([1, 2])
  downsample:
    rate: HPARAM_RANGE(0.1, 1)
evaluation:
  threshold: HPARAM_RANGE(0, 1)
outliers:
  rules:
    far: x > HPARAM_RANGE(2, 4) AND x < HPARAM_RANGE(90, 99)
  z_score:
    x: HPARAM_RANGE(5, 9)
"""
VALUES = {
    "transform.late": "2024-01-10", "split.method": "random", "split.seed": 3, "split.stratify": False,
    "training.seed": 2, "training.downsample.rate": 0.5, "evaluation.threshold": 1,
    "outliers.rules.far": 3, "outliers.rules.far[1]": 95, "outliers.z_score.x": 8,
}  # fmt: skip


def test_they_stay_as_written_and_round_trip() -> None:
    spec = read_yaml(TEXT)
    assert {found.name for found in hyperparameters(spec)} == VALUES.keys()
    assert read_yaml(write_yaml(spec)) == spec
    assert read_yaml(TEXT.replace("[1, 2]", "[1, 3]")) != spec
    assert "rate: HPARAM_RANGE(0.1, 1)" in write_yaml(spec)


def test_values_take_their_places_as_the_fields_types() -> None:
    spec = set_hyperparameters(read_yaml(TEXT), VALUES)
    assert spec.split == Split(method="random", seed=3, stratify=False)
    assert spec.training == Training(seed=2, downsample=Downsample(rate=0.5))
    assert spec.evaluation == Evaluation(threshold=1.0)
    assert type(spec.evaluation.threshold) is float
    assert spec.outliers is not None
    assert spec.outliers.rules == {"far": "x > 3 AND x < 95"}
    assert spec.outliers.z_score == {"x": 8.0}
    assert spec.transform is not None
    assert spec.transform["late"] == "IF(day > DATE '2024-01-10', 1, 0)"
    assert hyperparameters(spec) == ()
    assert read_yaml(write_yaml(spec)) == spec


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        (datetime.date(2024, 1, 10), "DATE '2024-01-10'"),
        ("2024-01-20 00:00:00+00", "TIMESTAMP '2024-01-20 00:00:00+00'"),
        (None, "NULL"),
    ],
)
def test_typed_literals_are_candidates(value: object, literal: str) -> None:
    spec = set_hyperparameters(read_yaml(TEXT), VALUES | {"transform.late": value})
    assert spec.transform is not None
    assert spec.transform["late"] == f"IF(day > {literal}, 1, 0)"


def test_python_writes_typed_candidates() -> None:
    assert hagane.hparam_candidates([datetime.date(2024, 1, 1), None]) == "HPARAM_CANDIDATES([DATE '2024-01-01', NULL])"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("training: {seed: 'HPARAM_RANGE(0.5, 4)'}", "'training.seed' cannot be '0.5'"),
        ("training: {seed: 'HPARAM_RANGE(0, 4294967296)'}", "training.seed is out of range"),
        ("training: {downsample: {rate: 'HPARAM_RANGE(0.5, 3)'}}", "training.downsample.rate is out of range"),
        ("training: {seed: 'HPARAM_RANGE(4, 1)'}", "the lower end first"),
        ("training: {seed: '1 + HPARAM_RANGE(4, 1)'}", "alone"),
        ("training: {auto_class_weights: 'HPARAM_RANGE(0, 1)'}", "true or false"),
        ("split: {method: \"HPARAM_CANDIDATES(['random', 'tme'])\"}", "did you mean: time"),
        ("split: {method: \"HPARAM_CANDIDATES(['random', 'time'])\"}", "needs a column"),
        ("outliers: {rules: {far: 'x > HPARAM_RANGE(4, 2)'}}\nmodel: {type: auto}", "the range is empty"),
    ],
)
def test_what_the_field_does_not_take_is_refused(line: str, told: str) -> None:
    with pytest.raises(SpecError) as caught:
        hyperparameters(read_yaml(f"data: f.csv\nlabel: y\n{line}\n", path="s.yaml"))
    assert told in str(caught.value)
    assert ":3" in str(caught.value) or "rules" in str(caught.value)


def test_names_are_no_hyperparameters() -> None:
    spec = read_yaml("data: f.csv\nlabel: HPARAM_CANDIDATES(['a', 'b'])\n")
    assert spec.label == "HPARAM_CANDIDATES(['a', 'b'])"
    assert hyperparameters(spec) == ()


def test_python_and_the_command_line_train_with_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    days = [datetime.date(2024, 1, 1) + datetime.timedelta(i % 28) for i in range(300)]
    rows = pa.table({"x": [i % 3 for i in range(300)], "day": days, "y": [i % 3 == 0 for i in range(300)]})
    pq.write_table(rows, "rows.parquet")
    Path("spec.yaml").write_text(TEXT.replace("IF(day >", "IF(CAST(day AS DATE) >").replace(
        ", TIMESTAMP '2024-01-20 00:00:00+00'", ""))  # fmt: skip
    given = [option for name, value in VALUES.items() for option in ("--hparam", f"{name}={str(value).lower()}")]
    assert run(["train", "spec.yaml", "--workspace", "w", *given]) == 0
    folder = hagane.load("y", workspace="w").path
    searched = {found["name"]: found for found in json.loads((folder / "lineage.json").read_text())["hyperparameters"]}
    assert searched.keys() == VALUES.keys()
    assert (searched["split.seed"]["low"], searched["split.seed"]["high"], searched["split.seed"]["value"]) == (0, 4, 3)
    assert searched["transform.late"]["candidates"] == ["2024-01-10", None]
    resolved = read_spec(folder / "spec.yaml")
    assert (resolved.split.seed, resolved.training.downsample) == (3, Downsample(rate=0.5))
    assert run(["train", "spec.yaml", "--workspace", "w", *given, "--hparam", "split.sed=1"]) != 0
    model = hagane.train(
        rows, "y", model="logistic_reg", training={"seed": hagane.hparam_range(1, 9)}, hparams={"training.seed": 4},
        workspace="w",
    )  # fmt: skip
    assert read_spec(model.path / "spec.yaml").training.seed == 4


def test_a_spec_of_structs_is_the_same() -> None:
    from hagane.spec.decode_python import decode_python

    made = Spec(data="f.csv", label="y", training=Training(seed=hagane.hparam_range(1, 9)))  # type: ignore[arg-type]
    assert decode_python(made, Spec) == read_yaml("data: f.csv\nlabel: y\ntraining: {seed: 'HPARAM_RANGE(1, 9)'}")

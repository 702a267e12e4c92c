"""A one-hot label gives the training that the column of its classes gives, bit by bit, through every room."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hagane.bundle.bundle import Bundle
from hagane.errors import DataError, SpecError
from hagane.spec.read_yaml import read_yaml
from hagane.spec.spec import Evaluation, Model, Spec, Split, Training
from hagane.workflow.compare import compare_models
from hagane.workflow.evaluate import evaluate_model
from hagane.workflow.predict import predict_file
from hagane.workflow.train import TrainResult, train
from hagane.workspace.workspace import Workspace

CLASSES = ("low", "mid", "top")
OPTIONS = {"dnn_classifier": {"max_iterations": 2}, "boosted_tree_classifier": {"max_iterations": 10}}


@pytest.fixture
def rows(mixed: pa.Table) -> pa.Table:
    """Half of the mixed rows: features, the class, and the class as three columns."""
    table = mixed.select(["x", "k", "job", "grade"]).slice(0, 1_500)
    for name in CLASSES:
        table = table.append_column(name, pa.array([grade == name for grade in table["grade"].to_pylist()]))
    return table


def one_hot(rows: pa.Table, type: pa.DataType = pa.bool_()) -> pa.Table:  # noqa: B008 — immutable
    """The rows with the class as three columns alone, where the class was."""
    table = rows.select(["x", "k", "job"])
    for name in CLASSES:
        table = table.append_column(name, rows[name].cast(type))
    return table


def fit(
    rows: pa.Table, label: object, workspace: Workspace, family: str = "dnn_classifier", **more: object
) -> TrainResult:
    spec = Spec(data="(a frame)", label=label, model=Model(type=family, options=OPTIONS.get(family, {})), **more)
    return train(spec, workspace=workspace, frame=rows)


@pytest.mark.parametrize("type", [pa.bool_(), pa.int64(), pa.float64()], ids=str)
@pytest.mark.parametrize("family", OPTIONS)
def test_the_training_is_bit_equal_to_that_with_the_class(
    rows: pa.Table, tmp_path: Path, family: str, type: pa.DataType
) -> None:
    single = rows.select(["x", "k", "job", "grade"]).rename_columns(["x", "k", "job", "class"])
    by_class = fit(single, "class", Workspace(tmp_path / "a"), family, split=Split(stratify=True))
    by_vector = fit(one_hot(rows, type), CLASSES, Workspace(tmp_path / "b"), family, split=Split(stratify=True))

    left, right = Bundle.load(by_class.bundle), Bundle.load(by_vector.bundle)
    assert left.document("model.onnx") == right.document("model.onnx")
    assert by_class.evaluation == by_vector.evaluation
    assert by_class.split_counts == by_vector.split_counts
    assert right.signature.label == "class"
    assert list(right.signature.label_columns) == list(CLASSES)
    assert right.predict([{"x": 3.0, "k": 5, "job": "pilot"}]).rows()[0]["predicted_class"] == "top"


@pytest.mark.parametrize("columns", [("top", "low", "mid"), ("top", "rest")])
def test_classes_stand_in_the_order_of_the_columns(rows: pa.Table, tmp_path: Path, columns: tuple[str, ...]) -> None:
    """As numbers of classes do that count the columns; of two the last is the positive one."""
    rows = rows.append_column("rest", pa.array([grade != "top" for grade in rows["grade"].to_pylist()]))
    place = np.argmax(np.column_stack([rows[name].to_numpy() for name in columns]), axis=1)
    features, part = rows.select(["x", "k", "job"]), np.where(np.arange(rows.num_rows) % 5, "TRAIN", "TEST")
    by_number = features.append_column("class", pa.array(place)).append_column("part", pa.array(part))
    by_vector = features
    for name in columns:
        by_vector = by_vector.append_column(name, rows[name])
    by_vector = by_vector.append_column("part", pa.array(part))
    split = Split(method="column", column="part")
    one = fit(by_number, "class", Workspace(tmp_path / "a"), split=split)
    other = fit(by_vector, columns, Workspace(tmp_path / "b"), split=split)
    bundles = [Bundle.load(result.bundle) for result in (one, other)]
    assert bundles[0].document("parameters.safetensors") == bundles[1].document("parameters.safetensors")
    assert one.evaluation.metrics == other.evaluation.metrics
    assert bundles[1].signature.classes == columns
    answers = [bundle.predict([{"x": 3.0, "k": 5, "job": "pilot"}]) for bundle in bundles]
    assert np.array_equal(answers[0].probabilities, answers[1].probabilities)
    assert (answers[0].labels[0], answers[1].labels[0]) == (0, "top")


def test_the_resolved_spec_names_the_columns_and_their_form(rows: pa.Table, workspace: Workspace) -> None:
    result = fit(one_hot(rows), CLASSES, workspace)
    stored = read_yaml((result.bundle / "spec.yaml").read_text(), path="spec.yaml")
    assert (stored.label, stored.label_form) == (CLASSES, "one_hot")
    assert result.version.reference == "low_mid_top@1"
    assert any("label_form: one_hot" in note for note in result.notes)
    again = train(stored, workspace=workspace, frame=one_hot(rows))
    assert Bundle.load(again.bundle).document("model.onnx") == Bundle.load(result.bundle).document("model.onnx")
    assert not any("label_form" in note for note in again.notes)


def test_new_rows_are_evaluated_predicted_and_compared(rows: pa.Table, tmp_path: Path) -> None:
    workspace, path = Workspace(tmp_path / "w"), tmp_path / "rows.parquet"
    pq.write_table(one_hot(rows), path)
    spec = Spec(data=str(path), label=CLASSES, name="grade", model=Model(type="boosted_tree_classifier"))
    train(spec, workspace=workspace)
    train(spec, workspace=workspace)
    report = evaluate_model("grade@1", data=str(path), workspace=workspace)
    assert report.num_rows == rows.num_rows
    assert report.classes == CLASSES
    predict_file("grade@1", str(path), tmp_path / "out.parquet", workspace=workspace)
    assert pq.read_schema(tmp_path / "out.parquet").names[:2] == ["predicted_class", "predicted_class_probs"]
    compared = compare_models(["grade@1", "grade@2"], workspace=workspace)
    assert compared.rows.endswith("test rows of all models"), compared.notes
    with pytest.raises(DataError, match="no column 'mid'"):
        evaluate_model("grade@1", data=one_hot(rows).drop_columns(["mid"]), workspace=workspace)


def test_rows_without_a_class_are_left_out_counted_and_told(rows: pa.Table, workspace: Workspace) -> None:
    table = one_hot(rows, pa.int64())
    values = {name: table[name].to_numpy().copy() for name in CLASSES}
    for name in CLASSES:
        values[name][:3] = 0
    values["low"][3] = values["top"][3] = 1
    table = table.select(["x", "k", "job"])
    for name in CLASSES:
        table = table.append_column(name, pa.array(values[name]))
    result = fit(table, CLASSES, workspace, label_form="one_hot", split=Split(method="none"))
    assert result.evaluation.num_null_labels == 4
    assert any("no column of it is true in 3, several are in 1" in note for note in result.notes)
    assert "not used: 4 rows without a label" in result.notes


def test_class_weights_are_by_the_names_of_the_columns(rows: pa.Table, workspace: Workspace) -> None:
    weights = Training(class_weights={"low": 1.0, "mid": 2.0, "top": 4.0})
    result = fit(one_hot(rows), CLASSES, workspace, training=weights)
    assert any("rows weigh by class (low 1, mid 2, top 4)" in note for note in result.notes)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"exclude": ("mid",)}, "the label 'mid' is excluded"),
        ({"training": Training(weight_column="mid")}, "the label cannot weigh the rows"),
        ({"split": Split(method="key", column="mid")}, "the label cannot divide the rows"),
        ({"split": Split(method="column", column="mid")}, "the label cannot divide the rows"),
        ({"transform": {"m": "mid"}}, "the feature 'm' reads the label, 'mid'"),
        ({"split": Split(stratify="mid")}, "'mid' is a class of the one-hot label"),
        ({"evaluation": Evaluation(slices=("mid",))}, "'mid' is a class of the one-hot label"),
        ({"label_form": "multi_label", "split": Split(stratify=True)}, "cannot be stratified by several labels"),
        ({"label_form": "multi_label", "family": "logistic_reg"}, "logistic_reg predicts one label"),
        ({"family": "boosted_tree_regressor"}, "boosted_tree_regressor predicts one label, and the spec names 3"),
        ({"family": "dnn_regressor", "label_form": "one_hot"}, "label_form is of classes"),
    ],
)
def test_what_a_label_of_several_columns_cannot_be(
    rows: pa.Table, workspace: Workspace, more: dict[str, object], message: str
) -> None:
    with pytest.raises(SpecError, match=message):
        fit(one_hot(rows), CLASSES, workspace, **more)


@pytest.mark.parametrize(
    ("label", "message"),
    [
        (("low", "mdi"), r"the data have no column 'mdi'\n.*\n.*\n  did you mean: mid"),
        (("low", "low"), "the label 'low' is named twice"),
        (("low", ""), "the label has no name"),
        (("low", "job"), "the label 'job' is STRING"),
        (("low", "k"), "the label 'k' holds values that are neither 0 nor 1"),
    ],
)
def test_columns_that_are_no_label(rows: pa.Table, workspace: Workspace, label: tuple[str, ...], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        fit(one_hot(rows), label, workspace)


def test_one_column_has_no_form(rows: pa.Table, workspace: Workspace) -> None:
    with pytest.raises(SpecError, match="label_form is of a label of several columns, and 'low' is one"):
        fit(one_hot(rows), ("low",), workspace, label_form="one_hot")


def test_the_class_column_is_called_what_no_other_column_is(rows: pa.Table, workspace: Workspace) -> None:
    table = one_hot(rows).append_column("class", pa.array(np.arange(rows.num_rows) % 7))
    result = fit(table, CLASSES, workspace)
    assert Bundle.load(result.bundle).signature.label == "class_label"

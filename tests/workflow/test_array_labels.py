"""Labels that are arrays: dense one-hot vectors, vectors of numbers or truth values, sets of words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hagane.bundle.bundle import Bundle
from hagane.errors import DataError, HaganeError
from hagane.spec.read_yaml import read_yaml
from hagane.spec.spec import Model, Spec, Split
from hagane.workflow.compare import compare_models
from hagane.workflow.evaluate import evaluate_model
from hagane.workflow.predict import predict_file
from hagane.workflow.train import TrainResult, train
from hagane.workspace.workspace import Workspace

N = 900
RANDOM = np.random.default_rng(5)
X, Y = RANDOM.normal(size=N), RANDOM.normal(size=N)
PART = pa.array(np.where(np.arange(N) % 5, "TRAIN", "TEST"))
BY_PART = Split(method="column", column="part")
PLACE = np.digitize(X + 0.2 * Y, [-0.5, 0.5])


def rows(label: object, **more: object) -> pa.Table:
    return pa.table({"x": X, "y": Y, "label": label, "part": PART, **more})


def fit(table: pa.Table, workspace: Workspace, family: str = "dnn_classifier", label: object = "label",
        **more: object) -> TrainResult:  # fmt: skip
    options = {"max_iterations": 3} if family.startswith("dnn") else {}
    spec = Spec(data="(a frame)", label=label, split=BY_PART, model=Model(type=family, options=options), **more)
    return train(spec, workspace=workspace, frame=table)


def test_a_one_hot_vector_trains_what_the_number_of_the_class_trains(tmp_path: Path) -> None:
    """Twelve classes: their numbers stand in the order of numbers, not of texts."""
    place = np.digitize(X, np.linspace(-1.2, 1.2, 11))
    for number, type_ in enumerate((pa.int32(), pa.float32())):
        vectors = pa.array(np.eye(12)[place].tolist(), pa.list_(type_, 12))
        one = fit(rows(place), Workspace(tmp_path / f"a{number}"))
        other = fit(rows(vectors), Workspace(tmp_path / f"b{number}"))
        documents = [Bundle.load(result.bundle).document("model.onnx") for result in (one, other)]
        assert documents[0] == documents[1]
        assert one.evaluation == other.evaluation
        assert (other.spec.label, other.spec.label_form) == ("label", "one_hot")


def test_new_rows_have_the_vector(tmp_path: Path) -> None:
    workspace, path = Workspace(tmp_path / "w"), tmp_path / "rows.parquet"
    pq.write_table(rows(np.eye(3, dtype=np.int64)[PLACE].tolist()), path)
    spec = Spec(data=str(path), label="label", split=BY_PART, model=Model(type="boosted_tree_classifier"))
    train(spec, workspace=workspace)
    train(spec, workspace=workspace)
    assert evaluate_model("label@1", data=str(path), workspace=workspace).num_rows == N
    predict_file("label@1", str(path), tmp_path / "out.parquet", workspace=workspace)
    found = pq.read_table(tmp_path / "out.parquet")
    assert np.mean(found["predicted_label"].to_numpy() == PLACE) > 0.95
    assert compare_models(["label@1", "label@2"], workspace=workspace).rows.endswith("test rows of all models")


def test_a_vector_of_truth_values_is_a_label_for_each_element(workspace: Workspace) -> None:
    truths = np.column_stack([X > 0, Y > 0, X > Y]).astype(np.int64)
    result = fit(rows(truths.tolist()), workspace)
    assert [one.name for one in result.evaluation.labels] == ["label_0", "label_1", "label_2"]
    assert (result.spec.label, result.spec.label_form) == ("label", "multi_label")
    report = evaluate_model(str(result.bundle), data=rows(truths.tolist()), workspace=workspace)
    assert report.num_rows == N
    with pytest.raises(DataError, match="the arrays of the label 'label' have the wrong length"):
        evaluate_model(str(result.bundle), data=rows(truths[:, :2].tolist()), workspace=workspace)
    stored = read_yaml(Bundle.load(result.bundle).document("spec.yaml").decode(), path="spec.yaml")
    again = train(stored, workspace=workspace, frame=rows(truths.tolist()))
    assert Bundle.load(again.bundle).document("model.onnx") == Bundle.load(result.bundle).document("model.onnx")


def test_a_vector_of_numbers_is_predicted_at_once_as_its_columns_are(tmp_path: Path) -> None:
    numbers = np.column_stack([2 * X, 1e5 * (X + Y)])
    one = fit(rows(numbers.tolist()), Workspace(tmp_path / "a"), "dnn_regressor")
    columns = rows(X).drop_columns(["label"]).append_column("label_0", pa.array(numbers[:, 0]))
    columns = columns.append_column("label_1", pa.array(numbers[:, 1]))
    other = fit(columns, Workspace(tmp_path / "b"), "dnn_regressor", ("label_0", "label_1"))
    assert Bundle.load(one.bundle).document("model.onnx") == Bundle.load(other.bundle).document("model.onnx")
    assert one.evaluation == other.evaluation
    (answer,) = Bundle.load(one.bundle).predict([{"x": 1.0, "y": 0.0}]).rows()
    assert list(answer) == ["predicted_label_0", "predicted_label_1"]


def test_a_vector_of_one_number_is_that_number(tmp_path: Path) -> None:
    one = fit(rows((2 * X)[:, None].tolist()), Workspace(tmp_path / "a"), "linear_reg")
    (answer,) = Bundle.load(one.bundle).predict([{"x": 1.0, "y": 0.0}]).rows()
    assert answer == {"predicted_label_0": pytest.approx(2.0, abs=0.05)}
    assert (
        evaluate_model(str(one.bundle), data=rows((2 * X)[:, None].tolist()), workspace=Workspace(tmp_path)).num_rows
        == N
    )


def test_a_set_of_words_is_a_label_for_each_word(workspace: Workspace) -> None:
    words = [[word for word, there in (("old", x > 0), ("réd", y > 0), ("it's", x < y)) if there]
             for x, y in zip(X, Y, strict=True)]  # fmt: skip
    table = rows(pa.array([None if i % 90 == 1 else row for i, row in enumerate(words)]))
    result = fit(table, workspace, "auto")
    assert result.spec.model.type == "dnn_classifier"
    assert (result.spec.label, result.spec.label_form) == ("label", "multi_label")
    assert [one.name for one in result.evaluation.labels] == ["label_it's", "label_old", "label_réd"]
    assert all(one.evaluation.metrics["roc_auc"] > 0.8 for one in result.evaluation.labels)
    report = evaluate_model(str(result.bundle), data=table, workspace=workspace)
    assert (report.num_rows, report.num_null_labels) == (N - 10, 10)
    (answer,) = Bundle.load(result.bundle).predict([{"x": 3.0, "y": -3.0}]).rows()
    assert (answer["predicted_label_old"], answer["predicted_label_réd"]) == (True, False)


@pytest.mark.parametrize(
    ("label", "family", "more", "message"),
    [
        ([[1, 0]] * (N - 3) + [[1, 0, 0]] * 3, "dnn_classifier", {}, r"wrong length[^¶]*2 in 897 rows, 3 in 3 rows"),
        (pa.array([[]] * N, pa.list_(pa.int64())), "dnn_classifier", {}, "from 1 to 1,000 elements"),
        (pa.nulls(N, pa.list_(pa.int64())), "dnn_classifier", {}, "the label 'label' is NULL in every row"),
        ([[0, 2]] * N, "dnn_classifier", {}, "'label_1' holds values that are neither 0 nor 1"),
        ([[0.5, 1.5]] * N, "boosted_tree_regressor", {}, "boosted_tree_regressor predicts one label"),
        ([["a"], ["b"]] * (N // 2), "dnn_regressor", {}, "is an array of texts"),
        ([["a"], ["b"]] * (N // 2), "dnn_classifier", {"label_form": "one_hot"}, "is an array of texts"),
        (pa.array([[]] * N, pa.list_(pa.string())), "dnn_classifier", {}, "hold no texts"),
        ([[True, False]] * N, "dnn_classifier", {}, r"is left out[^¶]*where: label[^¶]*CAST\(column AS INT\[\]\)"),
        ([[1, 0], [0, 1]] * (N // 2), "dnn_classifier", {"transform": {"f": "ARRAY_LENGTH(label)"}}, "reads the label"),
    ],
)  # fmt: skip
def test_arrays_that_are_no_label(
    workspace: Workspace, label: object, family: str, more: dict[str, object], message: str
) -> None:
    with pytest.raises(HaganeError, match=message):
        fit(rows(label), workspace, family, **more)


def test_an_element_must_not_be_called_as_another_column(workspace: Workspace) -> None:
    with pytest.raises(HaganeError, match="the data have a column 'label_1', as an element of the label"):
        fit(rows([[1, 0], [0, 1]] * (N // 2), label_1=X), workspace)

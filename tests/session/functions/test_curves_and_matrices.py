"""ML.ROC_CURVE and ML.CONFUSION_MATRIX, with rows and without."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from function_calls import call_table
from sklearn import metrics

from hagane.errors import SpecError
from hagane.session.functions.roc_curve import SCHEMA
from hagane.workflow.evaluate import evaluate_model
from hagane.workspace.workspace import Workspace


def positives(models: Workspace, rows: pa.Table) -> np.ndarray:
    predicted = call_table("ML.PREDICT", models, "late", rows)
    return np.array([pairs[0]["prob"] for pairs in predicted["predicted_late_probs"].to_pylist()])


def test_a_curve_has_about_a_hundred_percentiles_as_thresholds(models: Workspace, new_rows: pa.Table) -> None:
    found = call_table("ML.ROC_CURVE", models, "late", new_rows)
    assert found.schema == SCHEMA
    assert SCHEMA.names == [
        "threshold", "recall", "false_positive_rate", "true_positives", "false_positives", "true_negatives",
        "false_negatives",
    ]  # fmt: skip
    assert found.num_rows == 101
    scores, labels = positives(models, new_rows), new_rows["late"].to_numpy()
    for row in found.to_pylist():
        called = scores >= row["threshold"]
        tn, fp, fn, tp = metrics.confusion_matrix(labels, called).ravel().tolist()
        assert (row["true_positives"], row["false_positives"]) == (tp, fp)
        assert (row["true_negatives"], row["false_negatives"]) == (tn, fn)
        assert row["recall"] == pytest.approx(tp / (tp + fn))
        assert row["false_positive_rate"] == pytest.approx(fp / (fp + tn))
    thresholds = found["threshold"].to_pylist()
    assert thresholds == sorted(thresholds, reverse=True)
    assert (thresholds[0], thresholds[-1]) == (scores.max(), scores.min())


def test_thresholds_that_are_given_come_in_their_order(models: Workspace, new_rows: pa.Table) -> None:
    found = call_table("ML.ROC_CURVE", models, "late", new_rows, values=([0.9, 0.1, 0.5],))
    assert found["threshold"].to_pylist() == [0.9, 0.1, 0.5]
    for wrong in ((0.5,), (["a"],), ([0.5], [0.6]), ([None],), ([True],)):
        with pytest.raises(SpecError, match="one array of numbers"):
            call_table("ML.ROC_CURVE", models, "late", new_rows, values=wrong)


def test_a_stored_curve(models: Workspace) -> None:
    stored = evaluate_model("late", workspace=models)
    found = call_table("ML.ROC_CURVE", models, "late")
    assert 80 <= found.num_rows <= 101
    (whole,) = {sum(row[name] for name in SCHEMA.names[3:]) for row in found.to_pylist()}
    assert whole == stored.num_rows
    assert metrics.auc(found["false_positive_rate"], found["recall"]) == pytest.approx(
        stored.metrics["roc_auc"], abs=0.01
    )
    at_half = call_table("ML.ROC_CURVE", models, "late", values=([0.5],)).to_pylist()[0]
    assert at_half["recall"] == stored.metrics["recall"]
    with pytest.raises(SpecError, match="kept no figures"):
        call_table("ML.ROC_CURVE", models, "late", values=([0.5, 0.123],))


@pytest.mark.parametrize("name", ["grade", "value"])
def test_other_models_have_no_curve(name: str, models: Workspace, new_rows: pa.Table) -> None:
    with pytest.raises(SpecError, match="no ROC curve"):
        call_table("ML.ROC_CURVE", models, name, new_rows)


def test_a_matrix_of_two_classes(models: Workspace, new_rows: pa.Table) -> None:
    found = call_table("ML.CONFUSION_MATRIX", models, "late", new_rows, threshold=0.3)
    assert found.schema == pa.schema([("expected_label", pa.int64()), ("_0", pa.int64()), ("_1", pa.int64())])
    expected = metrics.confusion_matrix(new_rows["late"].to_numpy(), positives(models, new_rows) >= 0.3)
    assert [list(row.values())[1:] for row in found.to_pylist()] == expected.tolist()
    assert found["expected_label"].to_pylist() == [0, 1]


def test_a_matrix_of_several_classes(models: Workspace, new_rows: pa.Table) -> None:
    found = call_table("ML.CONFUSION_MATRIX", models, "grade", new_rows)
    assert found.schema.names == ["expected_label", "low", "mid _ok_", "top"]
    predicted = call_table("ML.PREDICT", models, "grade", new_rows)["predicted_grade"].to_pylist()
    expected = metrics.confusion_matrix(new_rows["grade"].to_pylist(), predicted)
    assert [list(row.values())[1:] for row in found.to_pylist()] == expected.tolist()
    truths = call_table("ML.CONFUSION_MATRIX", models, "good", new_rows)
    assert truths.schema.names == ["expected_label", "false", "true"]
    assert truths["expected_label"].to_pylist() == [False, True]


def test_a_stored_matrix(models: Workspace) -> None:
    for name in ("late", "grade"):
        found = call_table("ML.CONFUSION_MATRIX", models, name)
        stored = evaluate_model(name, workspace=models).confusion_matrix
        assert [tuple(row.values())[1:] for row in found.to_pylist()] == list(stored)
    told = next(each for each in evaluate_model("late", workspace=models).threshold_table if each.threshold == 0.3)
    found = call_table("ML.CONFUSION_MATRIX", models, "late", threshold=0.3).to_pylist()
    assert (found[1]["_1"], found[0]["_1"]) == (told.true_positives, told.false_positives)


def test_numbers_have_no_matrix(models: Workspace, new_rows: pa.Table) -> None:
    with pytest.raises(SpecError, match="no confusion matrix"):
        call_table("ML.CONFUSION_MATRIX", models, "value", new_rows)

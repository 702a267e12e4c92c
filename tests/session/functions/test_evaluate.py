"""ML.EVALUATE: BigQuery's columns and averages, held against scikit-learn and the evaluation of the same rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from function_calls import ArrowRows, call_table
from sklearn import metrics

from hagane.errors import DataError, SpecError
from hagane.workflow.evaluate import evaluate_model
from hagane.workspace.workspace import Workspace

CLASSIFICATION = ["precision", "recall", "accuracy", "f1_score", "log_loss", "roc_auc"]
REGRESSION = [
    "mean_absolute_error",
    "mean_squared_error",
    "mean_squared_log_error",
    "median_absolute_error",
    "r2_score",
    "explained_variance",
]


def only_row(table: pa.Table) -> dict[str, Any]:
    (row,) = table.to_pylist()
    return row


def probabilities(predicted: pa.Table, label: str, classes: list[Any]) -> np.ndarray:
    found = [{p["label"]: p["prob"] for p in pairs} for pairs in predicted[f"predicted_{label}_probs"].to_pylist()]
    return np.array([[each[name] for name in classes] for each in found])


@pytest.mark.parametrize("threshold", [0.5, 0.8])
def test_two_classes_tell_of_the_positive_one(models: Workspace, new_rows: pa.Table, threshold: float) -> None:
    found = call_table("ML.EVALUATE", models, "late", new_rows, threshold=threshold)
    assert found.schema == pa.schema([(name, pa.float64()) for name in CLASSIFICATION])
    predicted = call_table("ML.PREDICT", models, "late", new_rows, threshold=threshold)
    labels, answers = new_rows["late"].to_numpy(), predicted["predicted_late"].to_numpy()
    positive = probabilities(predicted, "late", [0, 1])[:, 1]
    assert only_row(found) == pytest.approx(
        {
            "precision": metrics.precision_score(labels, answers),
            "recall": metrics.recall_score(labels, answers),
            "accuracy": metrics.accuracy_score(labels, answers),
            "f1_score": metrics.f1_score(labels, answers),
            "log_loss": metrics.log_loss(labels, positive),
            "roc_auc": metrics.roc_auc_score(labels, positive),
        },
        rel=1e-12,
    )


def test_several_classes_are_plain_means_over_them_the_log_loss_too(models: Workspace, new_rows: pa.Table) -> None:
    found = only_row(call_table("ML.EVALUATE", models, "grade", new_rows))
    classes = ["low", "mid (ok)", "top"]
    predicted = call_table("ML.PREDICT", models, "grade", new_rows)
    labels, answers = np.array(new_rows["grade"].to_pylist()), np.array(predicted["predicted_grade"].to_pylist())
    probs = probabilities(predicted, "grade", classes)
    by_class = [-np.log(probs[labels == name, place]).mean() for place, name in enumerate(classes)]
    assert found == pytest.approx(
        {
            "precision": metrics.precision_score(labels, answers, average="macro"),
            "recall": metrics.recall_score(labels, answers, average="macro"),
            "accuracy": metrics.accuracy_score(labels, answers),
            "f1_score": metrics.f1_score(labels, answers, average="macro"),
            "log_loss": np.mean(by_class),
            "roc_auc": metrics.roc_auc_score(labels, probs, multi_class="ovr", average="macro", labels=classes),
        },
        rel=1e-12,
    )
    assert found["log_loss"] != pytest.approx(metrics.log_loss(labels, probs, labels=classes), rel=1e-3)


def test_numbers_and_the_lower_median(models: Workspace, new_rows: pa.Table) -> None:
    shifted = new_rows.set_column(4, "value", pa.array(np.abs(new_rows["value"].to_numpy())))
    found = call_table("ML.EVALUATE", models, "value", shifted)
    assert found.schema.names == REGRESSION
    row, labels = only_row(found), shifted["value"].to_numpy()
    answers = call_table("ML.PREDICT", models, "value", shifted)["predicted_value"].to_numpy()
    errors = np.sort(np.abs(labels - answers))
    assert row["mean_squared_log_error"] is None, "a prediction is below -1"
    assert {name: row[name] for name in REGRESSION if name != "mean_squared_log_error"} == pytest.approx(
        {
            "mean_absolute_error": metrics.mean_absolute_error(labels, answers),
            "mean_squared_error": metrics.mean_squared_error(labels, answers),
            "median_absolute_error": errors[(len(errors) - 1) // 2],
            "r2_score": metrics.r2_score(labels, answers),
            "explained_variance": metrics.explained_variance_score(labels, answers),
        },
        rel=1e-12,
    )


@pytest.mark.parametrize("name", ["late", "good", "grade", "value", "boosted"])
def test_rows_of_a_query_are_worth_what_they_are_worth_to_hagane_evaluate(
    name: str, models: Workspace, new_rows: pa.Table
) -> None:
    told = evaluate_model(name, data=new_rows, workspace=models).metrics
    found = only_row(call_table("ML.EVALUATE", models, name, new_rows))
    if name == "grade":
        told = told | {"log_loss": told["macro_log_loss"]}
    assert found == {metric: told[metric] for metric in found}


@pytest.mark.parametrize("name", ["late", "grade", "value"])
def test_without_rows_it_is_the_stored_evaluation(name: str, models: Workspace) -> None:
    stored = evaluate_model(name, workspace=models)
    assert stored.part == "eval"
    found = only_row(call_table("ML.EVALUATE", models, name))
    told = stored.metrics | ({"log_loss": stored.metrics["macro_log_loss"]} if name == "grade" else {})
    assert found == {metric: told[metric] for metric in found}


def test_a_threshold_of_the_stored_evaluation(models: Workspace) -> None:
    """0.7 stands in its table; between the points of a curve that was thinned out nothing is known."""
    stored = evaluate_model("late", workspace=models)
    told = next(each for each in stored.threshold_table if each.threshold == 0.7)
    found = only_row(call_table("ML.EVALUATE", models, "late", threshold=0.7))
    assert found["precision"], found["recall"] == (told.precision, told.recall)
    assert found["roc_auc"] == stored.metrics["roc_auc"]
    with pytest.raises(SpecError, match=r"kept no figures .* at the threshold 0\.123"):
        call_table("ML.EVALUATE", models, "late", threshold=0.123)


def test_nothing_predicted_positive_is_zero_and_not_null(models: Workspace, new_rows: pa.Table) -> None:
    found = only_row(call_table("ML.EVALUATE", models, "late", new_rows, threshold=1.0))
    assert (found["precision"], found["recall"], found["f1_score"]) == (0.0, 0.0, 0.0)


def test_only_the_columns_that_are_read_have_to_be_there(models: Workspace, new_rows: pa.Table) -> None:
    whole = call_table("ML.EVALUATE", models, "late", new_rows)
    assert call_table("ML.EVALUATE", models, "late", new_rows.select(["late", "job", "k", "x"])).equals(whole)
    given = ArrowRows(new_rows.drop(["late", "k"]))
    with pytest.raises(DataError) as caught:
        call_table("ML.EVALUATE", models, "late", given)
    assert [fault.what for fault in caught.value.faults] == [
        f"the data have no column '{name}'" for name in ("k", "late")
    ]
    assert given.num_read == 0


def test_rows_without_labels_are_refused(models: Workspace, new_rows: pa.Table) -> None:
    without = new_rows.set_column(6, "late", pa.nulls(len(new_rows), pa.int64()))
    with pytest.raises(DataError, match="no row has a label"):
        call_table("ML.EVALUATE", models, "late", without)

"""Whole trainings on real data, beside the figures that such models are known to reach."""

from __future__ import annotations

from pathlib import Path

import pytest

from hagane.spec.spec import Model, Spec, Split
from hagane.workflow.evaluate import evaluate_model
from hagane.workflow.train import train
from hagane.workspace.workspace import Workspace


@pytest.mark.parametrize(
    ("family", "roc_auc"), [("boosted_tree_classifier", 0.927), ("dnn_classifier", 0.910), ("logistic_reg", 0.904)]
)
def test_adult(adult_train: str, adult_test: str, workspace: Workspace, family: str, roc_auc: float) -> None:
    spec = Spec(
        data=adult_train, label="income", model=Model(type=family), split=Split(eval_fraction=0.1, test_fraction=0.0)
    )
    result = train(spec, workspace=workspace)
    assert result.leaks == ()
    evaluation = evaluate_model(str(result.bundle), data=adult_test, workspace=workspace, slices=("sex",))
    assert evaluation.num_rows == 16_281
    assert evaluation.metrics["roc_auc"] >= roc_auc
    assert {each.value for each in evaluation.slices[0].slices} == {"Male", "Female"}


def test_california_housing(shared_data: Path, workspace: Workspace) -> None:
    spec = Spec(data=str(shared_data / "california_housing" / "housing.csv"), label="median_house_value")
    result = train(spec, workspace=workspace)
    assert result.spec.model.type == "boosted_tree_regressor"
    assert result.evaluation.metrics["r2_score"] > 0.8


def test_penguins(shared_data: Path, workspace: Workspace) -> None:
    spec = Spec(
        data=str(shared_data / "penguins" / "penguins.csv"),
        label="species",
        model=Model(type="logistic_reg"),
        split=Split(test_fraction=0.3),
    )
    result = train(spec, workspace=workspace)
    assert result.evaluation.metrics["accuracy"] > 0.95


def test_chicago_taxi_split_by_time(shared_data: Path, workspace: Workspace) -> None:
    query = f"SELECT * EXCLUDE (tips), tips > 0.2 * fare AS big_tip FROM '{shared_data}/chicago_taxi/data.csv'"
    spec = Spec(
        data=query,
        label="big_tip",
        exclude=("payment_type",),
        split=Split(method="time", column="trip_start_timestamp"),
    )
    result = train(spec, workspace=workspace)
    assert result.evaluation.metrics["roc_auc"] > 0.6

"""ML.TRIAL_INFO, and the trial of a tuned model in front of what is told of it."""

from __future__ import annotations

import pyarrow as pa
import pytest
from function_calls import call_table

from hagane.errors import SpecError
from hagane.spec.spec import Model, Spec, Split
from hagane.spec.tuning import Tuning
from hagane.workflow.tune import TuneResult, tune
from hagane.workspace.workspace import Workspace


@pytest.fixture(scope="module")
def tuned(shared_workspace: Workspace, rows: pa.Table) -> tuple[Workspace, TuneResult]:
    bucket = "ML.BUCKETIZE(k, [HPARAM_RANGE(-2, 2)])"
    spec = Spec(data="rows", name="tuned", label="late", transform={"x": "x", "b": bucket},
                split=Split(method="random", eval_fraction=0.2, test_fraction=0.2), tuning=Tuning(num_trials=3),
                model=Model(type="logistic_reg", options={"l2_reg": "HPARAM_CANDIDATES([0.1, 10.0])"}))  # fmt: skip
    return shared_workspace, tune(spec, workspace=shared_workspace, frame=rows)


def test_trials(tuned: tuple[Workspace, TuneResult]) -> None:
    workspace, result = tuned
    found = call_table("ML.TRIAL_INFO", workspace, "tuned")
    assert found.schema.names == [
        "trial_id", "hyperparameters", "hparam_tuning_evaluation_metrics", "training_loss", "eval_loss", "status",
        "error_message", "is_optimal",
    ]  # fmt: skip
    assert found["trial_id"].to_pylist() == [1, 2, 3]
    values = found.schema.field("hyperparameters").type
    assert {field.name: field.type for field in values} == {"l2_reg": pa.float64(), "b": pa.int64()}
    assert found["status"].to_pylist() == ["SUCCEEDED"] * 3
    assert found["error_message"].to_pylist() == [None] * 3
    (optimal,) = [row for row in found.to_pylist() if row["is_optimal"]]
    best = result.best
    assert optimal["trial_id"] == best.id
    assert optimal["hyperparameters"] == {"l2_reg": best.parameters["model.options.l2_reg"],
                                          "b": best.parameters["transform.b"]}  # fmt: skip
    metrics = best.final_measurement.metrics  # type: ignore[union-attr]
    told = optimal["hparam_tuning_evaluation_metrics"]
    assert {"roc_auc", "precision", "recall", "accuracy", "f1_score", "log_loss"} <= told.keys()
    assert told["roc_auc"] == metrics["roc_auc"]
    assert optimal["eval_loss"] == metrics["log_loss"]


def test_the_trial_leads_what_is_told(tuned: tuple[Workspace, TuneResult], new_rows: pa.Table) -> None:
    workspace, result = tuned
    best = result.best.id
    for name, data in (("ML.EVALUATE", True), ("ML.EVALUATE", False), ("ML.ROC_CURVE", True),
                       ("ML.CONFUSION_MATRIX", True), ("ML.WEIGHTS", False)):  # fmt: skip
        found = call_table(name, workspace, "tuned", *([new_rows] if data else []))
        assert found.schema.names[0] == "trial_id", name
        assert set(found["trial_id"].to_pylist()) == {best}
    predicted = call_table("ML.PREDICT", workspace, "tuned", new_rows, trial_id=best)
    assert predicted.schema.names[0] == "predicted_late"


@pytest.mark.parametrize("name", ["ML.PREDICT", "ML.EVALUATE", "ML.ROC_CURVE", "ML.CONFUSION_MATRIX"])
def test_other_trials_have_no_model(name: str, tuned: tuple[Workspace, TuneResult], new_rows: pa.Table) -> None:
    workspace, result = tuned
    other = next(trial.id for trial in result.record.trials if trial.id != result.best.id)
    with pytest.raises(SpecError, match="only the model of the best trial") as caught:
        call_table(name, workspace, "tuned", new_rows, trial_id=other)
    assert f"hagane tune --train {result.study} --trial {other}" in caught.value.faults[0].next_step
    with pytest.raises(SpecError, match="no trial 9"):
        call_table(name, workspace, "tuned", new_rows, trial_id=9)


def test_models_that_were_not_searched(models: Workspace, new_rows: pa.Table) -> None:
    with pytest.raises(SpecError, match="no trials"):
        call_table("ML.TRIAL_INFO", models, "late")
    with pytest.raises(SpecError, match="no trials"):
        call_table("ML.PREDICT", models, "late", new_rows, trial_id=1)
    assert "trial_id" not in call_table("ML.EVALUATE", models, "late").schema.names

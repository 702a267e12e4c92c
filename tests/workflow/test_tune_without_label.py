"""A study over a model without a label: it is judged by how well it describes rows that it was not fitted on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from hagane.errors import SpecError
from hagane.spec.spec import Model, Spec
from hagane.spec.tuning import TrialStopping, Tuning
from hagane.workflow.tune import tune
from hagane.workspace.workspace import Workspace


def groups() -> pa.Table:
    random = np.random.default_rng(0)
    centres = np.array([[0.0, 0.0], [6.0, 0.0], [0.0, 6.0]])
    rows = np.concatenate([centre + random.normal(size=(100, 2)) for centre in centres])
    return pa.table({"x": rows[:, 0], "y": rows[:, 1]})


def spec_of(**tuning: object) -> Spec:
    return Spec(
        data="(frame)",
        label=(),
        name="groups",
        defaults="bigquery",
        model=Model(type="kmeans", options={"num_clusters": "HPARAM_CANDIDATES([2, 3, 6])"}),
        tuning=Tuning(num_trials=3, algorithm="grid", stopping=TrialStopping(method="none"), **tuning),  # type: ignore[arg-type]
    )


def test_the_number_of_clusters_that_there_are_is_found(tmp_path: Path):
    result = tune(spec_of(), workspace=Workspace(tmp_path), frame=groups())
    assert result.record.objective.metric == "davies_bouldin_index"
    assert result.record.objective.goal == "MINIMIZE"
    assert result.best.parameters == {"model.options.num_clusters": 3}
    assert result.trained.evaluation.part == "test"
    values = [result.record.value(trial) for trial in result.record.trials]
    assert len(values) == 3
    assert min(value for value in values if value is not None) == result.record.value(result.best)


def test_metrics_of_labels_are_no_objectives(tmp_path: Path):
    with pytest.raises(SpecError, match="'roc_auc' is no objective"):
        tune(spec_of(objectives=("roc_auc",)), workspace=Workspace(tmp_path), frame=groups())

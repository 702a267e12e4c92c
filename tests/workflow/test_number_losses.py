"""Models that lower another loss than the squared error, from the spec to the report and the comparison."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console
from sklearn.metrics import mean_pinball_loss

from hagane.bundle.bundle import Bundle
from hagane.errors import SpecError
from hagane.evaluation.evaluation import Evaluation
from hagane.fronts.cli.render_training_info import render_training_info
from hagane.spec.spec import Model, Spec
from hagane.workflow.compare import compare_models
from hagane.workflow.evaluate import evaluate_model
from hagane.workflow.train import TrainResult, train
from hagane.workflow.training_info import training_info
from hagane.workspace.workspace import Workspace

NETWORK = {"max_iterations": 4, "hidden_units": [8], "learn_rate": 0.02}


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    x, job = random.normal(size=1500), np.array(["a", "b"])[random.integers(0, 2, 1500)]
    count = random.poisson(np.exp(0.6 * x + (job == "a"))).astype(np.int64) + 0.0
    pq.write_table(pa.table({"x": x, "job": job, "y": count}), tmp_path / "rows.parquet")
    return tmp_path / "rows.parquet"


def fit(rows: Path, workspace: Workspace, name: str, type: str, **options: object) -> TrainResult:
    spec = Spec(data=str(rows), label="y", name=name, model=Model(type=type, options=options))
    return train(spec, workspace=workspace)


def test_quantiles_are_judged_by_the_pinball_loss_and_not_beside_means(rows: Path, workspace: Workspace) -> None:
    upper = fit(rows, workspace, "upper", "boosted_tree_regressor", loss="quantile", quantile_level=0.9,
                max_iterations=20)  # fmt: skip
    network = fit(rows, workspace, "network", "dnn_regressor", loss="quantile", quantile_level=0.9, **NETWORK)
    fit(rows, workspace, "mean", "boosted_tree_regressor", max_iterations=20)
    for each in (upper, network):
        assert each.version.metric == "mean_pinball_loss"
        name, value = each.evaluation.headline()
        assert (name, each.evaluation.judged_at) == ("mean_pinball_loss", 0.9)
        assert value is not None
        assert value < (each.evaluation.baseline[name] or 0)
    table = pq.read_table(rows)
    found = evaluate_model("upper", data=str(rows), workspace=workspace)
    scores = Bundle.load(upper.bundle).predict(table.select(["x", "job"]).to_pylist()).values
    oracle = mean_pinball_loss(table["y"].to_numpy(), scores, alpha=0.9)
    assert found.metrics["mean_pinball_loss"] == pytest.approx(oracle)
    alike = compare_models(["upper", "network"], workspace=workspace, num_resamples=50)
    assert not any("predict different things" in each for each in alike.unfair)
    unlike = compare_models(["upper", "mean"], workspace=workspace, num_resamples=50)
    (told,) = [each for each in unlike.unfair if "predict different things" in each]
    assert told.endswith("upper: its 0.9 quantile; mean: its mean")
    (row,) = [each for each in unlike.metrics if each.name == "mean_pinball_loss"]
    assert row.best == ("upper",)


def test_counts_and_the_metric_that_stopped_them(rows: Path, workspace: Workspace) -> None:
    result = fit(rows, workspace, "counts", "dnn_regressor", loss="poisson", eval_metric="mean_absolute_error",
                 **NETWORK)  # fmt: skip
    assert result.evaluation.headline()[0] == "mean_poisson_deviance"
    info = training_info("counts", workspace=workspace)
    assert info.eval_metric == "mean_absolute_error"
    figures = [each.eval_metric for each in info.iterations]
    assert all(figure is not None for figure in figures)
    assert min(range(len(figures)), key=lambda i: figures[i] or 0.0) + 1 == info.best_iteration
    assert info.columns()["eval_metric"] == figures
    shown = io.StringIO()
    Console(file=shown, width=120).print(render_training_info(info))
    assert "mean absolute error" in shown.getvalue()
    report = Evaluation.from_json(Bundle.load(result.bundle).document("evaluation.json"))
    assert report.judged_by == "mean_poisson_deviance"


def test_a_metric_of_fewer_classes_is_refused_before_anything_is_encoded(
    mixed: pa.Table, workspace: Workspace, tmp_path: Path
) -> None:
    pq.write_table(mixed, tmp_path / "mixed.parquet")
    model = Model(type="dnn_classifier", options={"eval_metric": "pr_auc"})
    with pytest.raises(SpecError, match="'pr_auc' is not defined for 3 classes"):
        train(Spec(data=str(tmp_path / "mixed.parquet"), label="grade", name="m", model=model), workspace=workspace)
    assert not workspace.cache.folder.exists()

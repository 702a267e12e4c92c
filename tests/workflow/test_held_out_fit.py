"""Calibration and prediction intervals from the spec to the served answer, on data of the world."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.stats import binom

from hagane.bundle.bundle import Bundle
from hagane.data.column_data import columns_data
from hagane.data.open_table import open_table
from hagane.errors import HaganeError
from hagane.spec.calibration import Calibration
from hagane.spec.intervals import Intervals
from hagane.spec.spec import Model, Spec, Split, Training
from hagane.types import Column, Schema
from hagane.workflow.instances import instances_of
from hagane.workflow.predict import predict_file
from hagane.workflow.train import TrainResult, train
from hagane.workspace.workspace import Workspace

LOWER, UPPER = "prediction_interval_lower_bound", "prediction_interval_upper_bound"
FAST = {"boosted_tree_classifier": {"max_iterations": 60}, "boosted_tree_regressor": {"max_iterations": 60}}


def read_only(bundle: Bundle, table: pa.Table) -> dict:
    batch = table.combine_chunks().to_batches()[0]
    return columns_data(batch, Schema(tuple(Column(c.name, c.type) for c in bundle.signature.inputs)))


def train_frame(frame: pa.Table, workspace: Workspace, label: str, family: str, **sections: object) -> TrainResult:
    spec = Spec(data="(a frame)", label=label, model=Model(type=family, options=FAST.get(family, {})), **sections)
    return train(spec, workspace=workspace, frame=frame)


@pytest.fixture(scope="session")
def income(adult_train: str) -> pa.Table:
    return open_table(adult_train).query("SELECT * FROM data")


@pytest.mark.parametrize("method", ["platt", "isotonic"])
def test_class_weights_no_longer_bend_the_probabilities(income: pa.Table, workspace: Workspace, method: str) -> None:
    weighted = Training(auto_class_weights=True)
    family = "boosted_tree_classifier"
    bent = train_frame(income, workspace, "income", family, training=weighted)
    true = train_frame(income, workspace, "income", family, training=weighted, calibration=Calibration(method=method))
    assert bent.evaluation.metrics["expected_calibration_error"] > 0.08
    assert true.evaluation.metrics["expected_calibration_error"] < 0.025
    assert true.evaluation.metrics["log_loss"] < bent.evaluation.metrics["log_loss"] - 0.05
    assert true.evaluation.metrics["roc_auc"] == pytest.approx(bent.evaluation.metrics["roc_auc"], abs=2e-3)

    bundle, plain = Bundle.load(true.bundle), Bundle.load(bent.bundle)
    assert bundle.signature.calibration == method
    columns = read_only(bundle, income.slice(0, 4_096))
    answers = bundle.predict_columns(columns, uncalibrated=True)
    assert np.array_equal(answers.uncalibrated, plain.predict_columns(columns).probabilities)
    order = np.argsort(answers.uncalibrated[:, 1], kind="stable")
    assert np.all(np.diff(answers.probabilities[order, 1]) >= 0)
    for n in (1, 2, 7, 300):
        few = bundle.predict_columns({name: column.slice(0, n) for name, column in columns.items()})
        assert np.array_equal(few.probabilities, answers.probabilities[:n])
    before = true.evaluation.uncalibrated
    assert before.method == method
    assert before.metrics == {name: bent.evaluation.metrics[name] for name in before.metrics}
    lineage = json.loads((true.bundle / "lineage.json").read_text())["calibration"]
    assert (lineage["method"], lineage["num_rows"]) == (method, true.split_counts["eval"])


def test_it_is_fitted_on_the_eval_rows_alone(income: pa.Table, workspace: Workspace) -> None:
    """Other labels in the test rows change nothing that is served; other labels in the eval rows do."""
    part = np.array(["TRAIN"] * 4_000 + ["EVAL"] * 2_000 + ["TEST"] * 2_000)
    rows = income.slice(0, 8_000).append_column("part", pa.array(part))
    flipped = rows["income"].to_numpy(zero_copy_only=False).copy()
    turned = np.where(flipped == ">50K", "<=50K", ">50K")

    def graph(labels: np.ndarray) -> bytes:
        table = rows.set_column(rows.schema.get_field_index("income"), "income", pa.array(labels))
        split = Split(method="column", column="part")
        kept = train_frame(
            table, workspace, "income", "logistic_reg", split=split, calibration=Calibration(method="platt")
        )
        return (kept.bundle / "model.onnx").read_bytes()

    true = graph(flipped)
    assert graph(np.where(part == "TEST", turned, flipped)) == true
    assert graph(np.where(part == "EVAL", turned, flipped)) != true


def test_a_weight_column_counts_in_calibration(workspace: Workspace) -> None:
    """Rows of weight 9 say yes, of weight 1 no: weighted, nine in ten say yes."""
    random = np.random.default_rng(0)
    yes = random.random(4_000) < 0.5
    frame = pa.table({"x": random.normal(size=4_000), "yes": yes, "w": np.where(yes, 9.0, 1.0)})
    result = train_frame(
        frame,
        workspace,
        "yes",
        "logistic_reg",
        training=Training(weight_column="w"),
        calibration=Calibration(method="platt"),
    )
    assert Bundle.load(result.bundle).predict([{"x": 0.0}]).probabilities[0, 1] == pytest.approx(0.9, abs=0.02)


@pytest.fixture(scope="session")
def houses(shared_data: Path) -> pa.Table:
    file = next((shared_data / "california_housing").glob("*.csv"))
    return open_table(str(file)).query("SELECT * FROM data ORDER BY hash(columns(*)::VARCHAR) LIMIT 12000")


def clopper_pearson(hits: int, n: int) -> tuple[float, float]:
    """95 % of the coverages that the hits do not contradict, by search in the binomial distribution itself."""
    grid = np.linspace(0, 1, 20_001)
    there = grid[(binom.sf(hits - 1, n, grid) > 0.025) & (binom.cdf(hits, n, grid) > 0.025)]
    return float(there[0]), float(there[-1])


@pytest.mark.parametrize(
    ("family", "method"),
    [("linear_reg", "split_conformal"), ("boosted_tree_regressor", "quantile"), ("linear_reg", "quantile")],
)
def test_houses_lie_within_their_intervals(
    houses: pa.Table, workspace: Workspace, tmp_path: Path, family: str, method: str
) -> None:
    label = "median_house_value"
    split = Split(eval_fraction=0.2, test_fraction=0.3)
    result = train_frame(houses, workspace, label, family, split=split, intervals=Intervals(method=method, level=0.8))
    bundle = Bundle.load(result.bundle)
    assert bundle.signature.interval_level == 0.8

    pq.write_table(houses, tmp_path / "houses.parquet")
    predict_file(result.bundle, str(tmp_path / "houses.parquet"), tmp_path / "out.parquet", workspace=workspace)
    out = pq.read_table(tmp_path / "out.parquet").to_pandas()
    assert list(out.columns[:3]) == [f"predicted_{label}", LOWER, UPPER]
    assert ((out[LOWER] <= out[f"predicted_{label}"]) & (out[f"predicted_{label}"] <= out[UPPER])).all()

    rows = instances_of(houses.select(list(bundle.signature.names)).slice(0, 5).combine_chunks().to_batches()[0])
    answered = bundle.predict(rows).rows()
    assert [list(row) for row in answered] == [[f"predicted_{label}", LOWER, UPPER]] * 5
    assert [row[UPPER] for row in answered] == out[UPPER][:5].tolist()
    found = json.loads((result.bundle / "lineage.json").read_text())
    assert found["intervals"]["num_rows"] == result.split_counts["eval"]
    assert found["verification"]["largest_bound_difference"] < 1e-6
    measured = result.evaluation.intervals
    assert measured.verdict == "as promised"
    assert bundle.signature.interval_rows == result.split_counts["eval"]
    assert 0.5 < measured.mean_width / (1.2816 * 2 * result.evaluation.metrics["root_mean_squared_error"]) < 1.2


def refusal(frame: pa.Table, workspace: Workspace, label: str, family: str, **sections: object) -> str:
    with pytest.raises(HaganeError) as caught:
        train_frame(frame, workspace, label, family, **sections)
    assert not workspace.list()
    return caught.value.render()


def test_what_cannot_be_is_refused_before_training(mixed: pa.Table, workspace: Workspace) -> None:
    good, value = mixed.select(["x", "k", "good"]), mixed.select(["x", "k", "value"])
    none = Split(method="none")
    assert "the split makes none" in refusal(good, workspace, "good", "auto", split=none, calibration=Calibration())
    few = Split(eval_fraction=0.0)
    assert "split.eval_fraction" in refusal(value, workspace, "value", "auto", split=few, intervals=Intervals())
    said = refusal(value, workspace, "value", "auto", calibration=Calibration(), intervals=Intervals(level=1.0))
    assert "no label is both" in said
    assert "0 < level < 1" in said
    assert "a number to predict" in refusal(value, workspace, "value", "auto", calibration=Calibration())
    assert "has classes" in refusal(good, workspace, "good", "auto", intervals=Intervals())
    told = refusal(value, workspace, "value", "auto", intervals=Intervals(level=0.9999))
    assert "expected: at least 9,999 eval rows" in told
    by_column = good.append_column("part", pa.array(["TRAIN", "TEST", "TRAIN"] * 1_000))
    split = Split(method="column", column="part")
    assert "EVAL" in refusal(by_column, workspace, "good", "auto", split=split, calibration=Calibration())


def test_nothing_asked_is_nothing_changed(mixed: pa.Table, workspace: Workspace) -> None:
    frame = mixed.select(["x", "k", "job", "good"])
    plain = train_frame(frame, workspace, "good", "logistic_reg")
    none = train_frame(frame, workspace, "good", "logistic_reg", calibration=Calibration(method="none"))
    assert (plain.bundle / "model.onnx").read_bytes() == (none.bundle / "model.onnx").read_bytes()
    assert Bundle.load(plain.bundle).signature.calibration == "none"

"""Trained models compared: which rows, what is unfair, what it costs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import log_loss

from hagane.bundle.bundle import Bundle
from hagane.data.column_data import columns_data
from hagane.errors import DataError, NotFoundError, SpecError
from hagane.evaluation.comparison import Comparison
from hagane.spec.calibration import Calibration
from hagane.spec.spec import Model, Spec, Split, Training
from hagane.types import Column, Schema
from hagane.workflow.compare import compare_models
from hagane.workflow.train import train
from hagane.workspace.workspace import Workspace

COLUMNS = ["x", "k", "job", "flag", "good"]


@pytest.fixture
def rows(mixed: pa.Table, tmp_path: Path) -> Path:
    pq.write_table(mixed.select(COLUMNS), tmp_path / "rows.parquet")
    return tmp_path / "rows.parquet"


def fit(rows: Path, workspace: Workspace, name: str, **sections: object) -> str:
    given = {"model": Model(type="logistic_reg")} | sections
    return train(Spec(data=str(rows), label="good", name=name, **given), workspace=workspace).version.reference


def trees(iterations: int) -> Model:
    return Model(type="boosted_tree_classifier", options={"max_iterations": iterations})


def compared(workspace: Workspace, *models: str, **options: object) -> Comparison:
    return compare_models(models, workspace=workspace, num_resamples=200, **options)


def figure(table: Comparison, metric: str) -> tuple[float | None, ...]:
    return next(each for each in table.metrics if each.name == metric).values


def test_two_models_of_the_same_rows(rows: Path, workspace: Workspace) -> None:
    one, two = fit(rows, workspace, "line"), fit(rows, workspace, "trees", model=trees(30))
    table = compared(workspace, one, two)
    assert (table.unfair, table.notes) == ((), ())
    assert table.rows.endswith("test rows of all models")
    for model, loss in zip((one, two), figure(table, "log_loss"), strict=True):
        report = Bundle.load(workspace.bundle_path(model)).document("evaluation.json")
        assert f'"log_loss": {loss}'.encode() in report  # the test rows are those of the training's own report
    assert {test.model for test in table.tests} == {two}
    assert {(test.metric, test.test) for test in table.tests} >= {("roc_auc", "delong"), ("accuracy", "mcnemar")}
    assert {each.where for each in table.differences} >= {"model.type", "transform.x", "name"}
    cost = {each.model: each for each in table.costs}
    assert cost[two].iterations == 30
    assert (
        cost[two].bundle_bytes
        == sum(file.stat().st_size for file in workspace.bundle_path(two).iterdir())
        - (workspace.bundle_path(two) / "MANIFEST.json").stat().st_size
    )
    assert cost[one].graph_numbers < cost[two].graph_numbers
    assert all(0 < each.row_milliseconds < 1_000 and each.rows_per_second > 100 for each in table.costs)


def test_models_of_other_splits_meet_on_the_rows_that_both_kept_back(rows: Path, workspace: Workspace) -> None:
    one = fit(rows, workspace, "one", split=Split(test_fraction=0.4))
    two = fit(rows, workspace, "two", split=Split(test_fraction=0.4, seed=1))
    table = compared(workspace, one, two)
    assert [reason for reason in table.unfair if reason.startswith("the splits differ")]
    assert table.tests
    from hagane.progress import SILENT
    from hagane.workflow.held_out_rows import read_held_out_rows
    from hagane.workflow.model_facts import read_model_facts

    kept = [read_held_out_rows(read_model_facts(workspace.bundle_path(name)), SILENT) for name in (one, two)]
    common = np.intersect1d(kept[0].places, kept[1].places)
    labelled = pc.is_valid(pq.read_table(rows)["good"]).to_numpy()[common]
    assert table.num_rows == (int(labelled.sum()),) * 2
    assert 300 < table.num_rows[0] < 700

    bundle = Bundle.load(workspace.bundle_path(one))
    batch = pq.read_table(rows).take(common).combine_chunks().to_batches()[0]
    schema = Schema(tuple(Column(column.name, column.type) for column in bundle.signature.inputs))
    scores = bundle.predict_columns(columns_data(batch, schema)).probabilities
    assert figure(table, "log_loss")[0] == pytest.approx(log_loss(batch["good"].to_pylist(), scores[:, 1]))


def test_everything_that_is_unfair_is_said(rows: Path, workspace: Workspace, mixed: pa.Table, tmp_path: Path) -> None:
    plain = fit(rows, workspace, "plain", model=trees(20))
    weighted = fit(rows, workspace, "weighted", model=trees(60), training=Training(auto_class_weights=True))
    said = compared(workspace, plain, weighted).unfair
    assert said[0] == f"rows weigh differently: {plain}: none; {weighted}: auto_class_weights true"
    assert said[1] == f"the budgets differ: {plain}: 20 iterations; {weighted}: 60 iterations"

    pq.write_table(mixed.select(COLUMNS).slice(0, 2_000), tmp_path / "fewer.parquet")
    fewer = fit(tmp_path / "fewer.parquet", workspace, "fewer")
    table = compared(workspace, plain, fewer)
    assert "no paired tests" in table.notes[0]
    assert table.tests == ()
    assert any(reason.startswith("trained on different data") for reason in table.unfair)
    assert any(metric.intervals[0] for metric in table.metrics)

    none = fit(rows, workspace, "none", split=Split(method="none"))
    assert (
        f"{none} was judged on the rows that it was trained on: its split keeps none back"
        in compared(workspace, plain, none).unfair
    )
    tuned = fit(
        rows,
        workspace,
        "tuned",
        model=trees(20),
        split=Split(test_fraction=0.0),
        calibration=Calibration(method="platt"),
    )
    expected = f"{tuned} was tuned on the rows that it was judged on: eval rows served for choosing the iteration and"
    assert any(reason.startswith(expected) for reason in compared(workspace, plain, tuned).unfair)

    other = train(
        Spec(data=str(rows), label="flag", name="other", model=Model(type="logistic_reg")), workspace=workspace
    ).version.reference
    with pytest.raises(SpecError, match="the models predict different things") as raised:
        compared(workspace, plain, other)
    assert raised.value.exit_code == 3
    assert raised.value.faults[0].received == f"{plain}: the classes of good; {other}: the classes of flag"
    number = train(
        Spec(data=str(rows), label="x", name="number", model=Model(type="linear_reg")), workspace=workspace
    ).version.reference
    with pytest.raises(SpecError, match=f"{number}: the number x"):
        compared(workspace, number, plain)


def test_given_rows_are_checked_against_the_training_rows(rows: Path, workspace: Workspace, tmp_path: Path) -> None:
    one, two = fit(rows, workspace, "one"), fit(rows, workspace, "two", model=trees(20))
    everything = compared(workspace, one, two, data=str(rows))
    assert everything.num_rows == (3_000, 3_000)
    found = [reason for reason in everything.unfair if "are also among its training rows" in reason]
    assert len(found) == 2
    table = pq.read_table(rows)
    moved = table.set_column(0, "x", pc.add(table["x"], 1e-3)).filter(pc.is_valid(table["x"]))
    pq.write_table(moved, tmp_path / "moved.parquet")
    fresh = compared(workspace, one, two, data=str(tmp_path / "moved.parquet"))
    assert [note for note in fresh.unfair if "training rows" in note] == []
    assert len(fresh.tests) > 5
    rows.unlink()
    gone = compared(workspace, one, two, data=str(tmp_path / "moved.parquet"))
    assert all("may be among its training rows" in note for note in gone.notes)
    stored = compared(workspace, one, two)
    assert "cannot be read again" in stored.notes[0]
    assert stored.costs[0].row_milliseconds is None


def test_what_cannot_be_compared_is_refused(rows: Path, workspace: Workspace, tmp_path: Path) -> None:
    one = fit(rows, workspace, "one")
    with pytest.raises(SpecError, match="two different models"):
        compared(workspace, one, one)
    with pytest.raises(NotFoundError):
        compared(workspace, one, "nobody")
    two = fit(rows, workspace, "two")
    pq.write_table(pa.table({"x": [1.0]}), tmp_path / "odd.parquet")
    with pytest.raises(DataError, match="good"):
        compared(workspace, one, two, data=str(tmp_path / "odd.parquet"))

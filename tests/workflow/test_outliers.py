"""Outliers in training: set aside and kept, never lost; eval and test rows stay."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import hagane as hg
from hagane.bundle.bundle import Bundle
from hagane.errors import DataError, SpecError
from hagane.spec.outliers import IsolationScore, Outliers
from hagane.spec.read_yaml import read_yaml
from hagane.spec.spec import Model, Spec
from hagane.spec.write_yaml import write_yaml
from hagane.workflow.train import TrainResult, train
from hagane.workflow.write_report import lineage_of, write_html
from hagane.workspace.workspace import Workspace


@pytest.fixture(scope="module")
def rows(mixed: pa.Table) -> pa.Table:
    return mixed.select(["x", "k", "job", "good"]).append_column("id", pa.array(np.arange(len(mixed))))


def trained(rows: pa.Table, workspace: Workspace, outliers: Outliers | None, **sections: object) -> TrainResult:
    spec = Spec(
        data="(a frame)", label="good", exclude=("id",), model=Model(type="logistic_reg"), outliers=outliers, **sections
    )
    return train(spec, workspace=workspace, frame=rows)


WANTED = Outliers(rules={"far": "x > 2.2"}, z_score={"x": 2.8}, isolation_score=IsolationScore(contamination=0.01))


def test_outliers_are_kept_in_a_file_and_the_rest_is_trained_on(rows, workspace, tmp_path):
    plain = trained(rows, workspace, None)
    result = trained(rows, workspace, WANTED)
    found = result.outliers
    assert found is not None
    assert found.path is not None
    assert Path(found.path).parent == workspace.root / "outliers"
    aside = pq.read_table(found.path)
    assert aside.num_rows == found.num_outliers > 20
    assert result.split_counts == {**plain.split_counts, "train": plain.split_counts["train"] - aside.num_rows}
    assert result.statistics.num_rows == result.split_counts["train"]
    assert result.statistics["x"].max <= 2.2
    assert result.evaluation.labels_digest == plain.evaluation.labels_digest  # of the same test rows
    assert aside.schema.names[: rows.num_columns] == rows.schema.names
    assert aside.select(rows.schema.names).to_pylist() == rows.take(aside["id"]).to_pylist()
    assert aside["hagane_row"].to_pylist() == [i + 1 for i in aside["id"].to_pylist()]
    for row in aside.to_pylist():
        assert ("rules.far" in row["hagane_outlier_rules"]) is (row["x"] is not None and row["x"] > 2.2)
        assert ("isolation_score" in row["hagane_outlier_rules"]) is (row["hagane_isolation_score"] > found.threshold)
        assert set(row["hagane_outlier_columns"]) <= {"x", "k", "job"}
    bundle = Bundle.load(result.bundle)
    assert lineage_of(bundle).outliers == found
    assert read_yaml(bundle.document("spec.yaml").decode()).outliers == WANTED
    (note,) = [note for note in result.notes if "set aside" in note]
    assert note.endswith(f"they were set aside, in {found.path}; eval and test rows all stay")
    write_html(result.evaluation, "good", tmp_path / "report.html", workspace=workspace)
    assert found.path in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_the_same_training_again_gives_the_same_bundle(rows, workspace):
    graphs = {Bundle.load(trained(rows, workspace, WANTED).bundle).document("model.onnx") for _ in range(2)}
    assert len(graphs) == 1
    assert len(list((workspace.root / "outliers").iterdir())) == 1


def test_too_many_outliers_train_nothing(rows, workspace):
    with pytest.raises(DataError, match=r"are outliers\n  where: outliers\n  expected: at most 1 %"):
        trained(rows, workspace, Outliers(rules={"half": "x > 0"}, max_fraction=0.01))
    assert workspace.list() == []
    assert not (workspace.root / "outliers").exists()


def test_faults_come_before_a_row_is_read(rows, workspace):
    with pytest.raises(SpecError) as error:
        trained(rows, workspace, Outliers(rules={"a": "y > 3"}, iqr={"job": 3}))
    assert [fault.where for fault in error.value.faults] == ["outliers.rules.a", "outliers.iqr.job"]


def test_a_declaration_reads_back():
    spec = Spec(data="f", label="y", outliers=WANTED)
    assert read_yaml(write_yaml(spec)) == spec
    assert msgspec.json.decode(msgspec.json.encode(spec), type=Spec) == spec


def test_python(rows, workspace):
    report = hg.find_outliers(rows, z_score={"x": 2.8}, exclude=("id",))
    assert report.num_rows == 3_000
    assert report.rules == {"z_score.x": report.num_outliers}
    model = hg.train(
        rows, "good", model="logistic_reg", outliers={"iqr": {"x": 3.0}}, workspace=workspace.root, exclude=("id",)
    )
    assert lineage_of(model.bundle).outliers is not None
    with pytest.raises(SpecError, match="did you mean: z_score"):
        hg.find_outliers(rows, zscore={"x": 3})

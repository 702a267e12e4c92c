"""The schema in a spec: checked before training, carried by the bundle, checked before prediction."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import hagane as hg
from hagane.anomalies.anomaly_report import AnomalyReport
from hagane.bundle.bundle import Bundle
from hagane.errors import DataError, NotFoundError, SpecError
from hagane.spec.data_schema import ColumnSchema, DataSchema
from hagane.spec.read_data_schema import parse_data_schema
from hagane.spec.read_yaml import read_yaml
from hagane.spec.spec import Anomalies, Model, Spec
from hagane.spec.write_data_schema import write_data_schema
from hagane.spec.write_yaml import write_yaml
from hagane.types import SqlType
from hagane.workflow.predict import predict_file
from hagane.workflow.schema import infer_schema
from hagane.workflow.train import TrainResult, train
from hagane.workflow.write_report import write_html
from hagane.workspace.workspace import Workspace

COLUMNS = ["x", "k", "job", "flag", "good"]


@pytest.fixture(scope="module")
def rows(mixed: pa.Table) -> pa.Table:
    return mixed.select(COLUMNS)


@pytest.fixture(scope="module")
def schema(rows: pa.Table) -> DataSchema:
    return infer_schema(rows).schema


def replaced(rows: pa.Table, name: str, index: int, value: object) -> pa.Table:
    values = rows[name].to_pylist()
    values[index] = value
    return rows.set_column(rows.column_names.index(name), name, pa.array(values, rows[name].type))


def trained(rows: pa.Table, workspace: Workspace, schema: DataSchema | str, **anomalies: object) -> TrainResult:
    spec = Spec(
        data="(a frame)",
        label="good",
        model=Model(type="logistic_reg"),
        schema=schema,
        anomalies=Anomalies(**anomalies),  # type: ignore[arg-type]
    )
    return train(spec, workspace=workspace, frame=rows)


def test_rows_that_break_the_schema_are_not_trained_on(rows, schema, workspace):
    odd = replaced(replaced(rows, "job", 5, "pilto"), "k", 7, -400)
    many = odd.set_column(2, "job", pa.array(["pilto"] * 500 + odd["job"].to_pylist()[500:]))
    with pytest.raises(DataError) as error:
        trained(many, workspace, schema)
    assert [fault.where for fault in error.value.faults] == ["columns.k.min", "columns.job.domain"] or [
        fault.where for fault in error.value.faults
    ] == ["columns.job.domain"]
    assert "did you mean 'pilot'?" in error.value.render()
    assert workspace.list() == []


def test_what_is_only_reported_is_in_the_bundle_and_its_report(rows, schema, workspace, tmp_path):
    odd = replaced(rows, "x", 7, 1e9)
    result = trained(odd, workspace, schema, on_training="report")
    assert result.anomalies is not None
    assert [(f.column, f.rule, f.num_rows) for f in result.anomalies.findings] == [("x", "max", 1)]
    bundle = Bundle.load(result.bundle)
    assert AnomalyReport.from_json(bundle.document("anomalies.json")) == result.anomalies
    assert parse_data_schema(bundle.document("schema.yaml").decode()) == schema
    assert read_yaml(bundle.document("spec.yaml").decode()).schema == schema
    write_html(result.evaluation, "good", tmp_path / "report.html", workspace=workspace)
    assert "&#x27;x&#x27; is greater than" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_few_odd_rows_may_be_allowed(rows, schema, workspace):
    odd = replaced(rows, "x", 7, 1e9)
    assert trained(odd, workspace, schema, max_fraction=1 / 3_000).anomalies is not None
    with pytest.raises(DataError, match="'x' is greater than"):
        trained(odd, workspace, schema, max_fraction=0.9 / 3_000)


def test_types_that_cannot_be_converted_are_told_with_all_else(rows, schema, workspace, tmp_path):
    trained(rows, workspace, schema)
    odd = replaced(rows.drop_columns(["good"]), "x", 3, -1e9)
    odd = odd.set_column(odd.column_names.index("k"), "k", pa.array(["many"] * len(odd)))
    with pytest.raises(DataError) as error:
        predict_file("good", odd, tmp_path / "out.parquet", workspace=workspace)
    told = [fault.what for fault in error.value.faults]
    assert len(told) == 2
    assert "column 'k' is STRING" in told[0]
    assert "'x' is less than" in told[1]


def test_a_prediction_is_checked_by_the_columns_that_the_model_reads(rows, schema, workspace, tmp_path):
    with_rules = DataSchema(
        columns=schema.columns | {"id": ColumnSchema(type=SqlType.INT64, unique=True)},
        rules={"pilots": "job != 'pilot' OR x > -100", "label": "NOT good OR x > -1e9"},
        min_rows=2_000,
    )
    whole = rows.append_column("id", pa.array(np.arange(len(rows))))
    spec = Spec(data="(a frame)", label="good", model=Model(type="logistic_reg"), schema=with_rules, exclude=("id",))
    train(spec, workspace=workspace, frame=whole)
    new = rows.drop_columns(["good"]).slice(0, 500)
    clean = predict_file("good", new, tmp_path / "out.parquet", workspace=workspace)
    assert clean.anomalies is not None
    assert clean.anomalies.findings == ()
    odd = replaced(replaced(new, "job", 3, "pilot"), "x", 3, -1e6)
    summary = predict_file("good", odd, tmp_path / "out.parquet", workspace=workspace)
    assert summary.anomalies is not None
    assert [(f.column, f.rule, f.examples[0].where) for f in summary.anomalies.findings] == [
        ("x", "min", "row 4"),
        ("", "rules.pilots", "row 4"),
    ]
    assert pq.read_metadata(tmp_path / "out.parquet").num_rows == 500
    model = hg.load("good", workspace=workspace.root)
    with pytest.warns(UserWarning, match="'x' is less than"):
        assert len(model.predict(odd)) == 500


def test_a_prediction_may_be_refused(rows, schema, workspace, tmp_path):
    trained(rows, workspace, schema, on_prediction="refuse")
    odd = replaced(rows, "x", 0, -1e6).drop_columns(["good"])
    with pytest.raises(DataError, match="'x' is less than"):
        predict_file("good", odd, tmp_path / "out.parquet", workspace=workspace)
    assert not (tmp_path / "out.parquet").exists()
    with pytest.raises(DataError, match="'x' is less than"):
        hg.load("good", workspace=workspace.root).predict(odd)


def test_columns_become_what_the_schema_says(rows, schema, workspace):
    as_floats = rows.set_column(1, "k", pc.cast(rows["k"], pa.float64()))
    result = trained(as_floats, workspace, schema)
    assert result.anomalies is not None
    assert [(f.rule, f.severity) for f in result.anomalies.findings] == [("type", "warning")]
    signature = Bundle.load(result.bundle).signature
    assert {column.name: column.type.value for column in signature.inputs}["k"] == "INT64"
    lossy = replaced(as_floats, "k", 9, 0.5)
    with pytest.raises(DataError, match="'k' is FLOAT64, not INT64: a value would be lost in 1 row"):
        trained(lossy, workspace, schema)


def test_the_schema_of_a_file(rows, schema, workspace, tmp_path: Path):
    path = tmp_path / "schema.yaml"
    path.write_text(write_data_schema(schema), encoding="utf-8")
    assert trained(rows, workspace, str(path)).spec.schema == schema
    with pytest.raises(NotFoundError, match="no schema at"):
        trained(rows, workspace, str(tmp_path / "shcema.yaml"))
    path.write_text("columns: {x: {type: FLOAT}}", encoding="utf-8")
    with pytest.raises(SpecError, match=r"schema.yaml:1"):
        trained(rows, workspace, str(path))


def test_a_schema_in_place_reads_back_and_its_faults_have_lines():
    text = (
        "data: f\nlabel: y\nschema:\n  columns:\n    x: {type: INT64, domain: [1, 2]}\n    no: {type: STRING, min: 3}\n"
    )
    with pytest.raises(SpecError) as error:
        read_yaml(text)
    assert error.value.faults[0].where == "spec.yaml:6 (schema.columns.no.min)"
    spec = read_yaml(text.replace("min: 3", "domain: [no, '1', 007x]"))
    assert isinstance(spec.schema, DataSchema)
    assert spec.schema.columns["no"].domain == ("no", "1", "007x")
    assert read_yaml(write_yaml(spec)) == spec

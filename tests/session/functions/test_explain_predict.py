"""ML.EXPLAIN_PREDICT: BigQuery's columns, and the very attributions of `hagane explain`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from function_calls import ArrowRows, call_rows, call_table

from hagane.errors import DataError, SpecError
from hagane.workflow.explain import explain_file
from hagane.workspace.workspace import Workspace

PAIRS = pa.list_(pa.struct({"feature": pa.string(), "attribution": pa.float64()}))
TOLD = {
    "top_feature_attributions": PAIRS,
    "baseline_prediction_value": pa.float64(),
    "prediction_value": pa.float64(),
    "approximation_error": pa.float64(),
}


def test_the_columns_are_bigquerys(models: Workspace, new_rows: pa.Table) -> None:
    some = new_rows.slice(0, 200)
    found = call_table("ML.EXPLAIN_PREDICT", models, "late", some)
    types = {"predicted_late": pa.int64(), "probability": pa.float64()} | TOLD
    assert found.schema == pa.schema([*types.items(), *((field.name, field.type) for field in some.schema)])
    assert found.select(some.schema.names).equals(some)
    number = call_table("ML.EXPLAIN_PREDICT", models, "value", some)
    assert number.schema.names[:5] == ["predicted_value", *TOLD]
    assert number["prediction_value"].to_pylist() == pytest.approx(number["predicted_value"].to_pylist())


@pytest.mark.parametrize("name", ["late", "grade", "value", "boosted"])
def test_the_attributions_are_those_of_hagane_explain(
    name: str, models: Workspace, new_rows: pa.Table, tmp_path: Path
) -> None:
    some = new_rows.slice(0, 300)
    explain_file(name, some, tmp_path / "out.parquet", workspace=models, top_k=2)
    told, found = pq.read_table(tmp_path / "out.parquet"), call_table(
        "ML.EXPLAIN_PREDICT", models, name, some, top_k_features=2
    )  # fmt: skip
    assert {column: found[column].to_pylist() for column in TOLD} == {
        column: told[column].to_pylist() for column in TOLD
    }


def test_a_threshold_decides_which_class_is_explained(models: Workspace, new_rows: pa.Table) -> None:
    """The log odds of the other class are the negative: so are baseline and attributions."""
    some = new_rows.slice(0, 300)
    usual, strict = (
        call_table("ML.EXPLAIN_PREDICT", models, "late", some, threshold=each).to_pylist() for each in (0.5, 0.9)
    )
    changed = 0
    for one, other in zip(usual, strict, strict=True):
        positive = one["probability"] if one["predicted_late"] else 1 - one["probability"]
        assert other["predicted_late"] == int(positive >= 0.9)
        sign = 1 if one["predicted_late"] == other["predicted_late"] else -1
        changed += sign == -1
        assert other["prediction_value"] == pytest.approx(sign * one["prediction_value"])
        assert other["baseline_prediction_value"] == pytest.approx(sign * one["baseline_prediction_value"])
    assert changed


def test_all_of_them_add_up(models: Workspace, new_rows: pa.Table) -> None:
    for row in call_table("ML.EXPLAIN_PREDICT", models, "boosted", new_rows.slice(0, 100)).to_pylist():
        added = sum(each["attribution"] for each in row["top_feature_attributions"])
        assert added + row["baseline_prediction_value"] == pytest.approx(row["prediction_value"], abs=1e-9)
        sizes = np.abs([each["attribution"] for each in row["top_feature_attributions"]])
        assert list(sizes) == sorted(sizes, reverse=True)


def test_what_cannot_be_asked(models: Workspace, new_rows: pa.Table) -> None:
    with pytest.raises(SpecError, match="top_k"):
        call_table("ML.EXPLAIN_PREDICT", models, "late", new_rows, top_k_features=0)
    with pytest.raises(SpecError, match="no threshold"):
        call_table("ML.EXPLAIN_PREDICT", models, "value", new_rows, threshold=0.4)
    with pytest.raises(DataError, match="no column 'x'"):
        call_table("ML.EXPLAIN_PREDICT", models, "late", new_rows.drop(["x"]))


def test_few_rows_are_explained_without_the_work_of_many(models: Workspace, new_rows: pa.Table) -> None:
    given = ArrowRows(pa.concat_tables([new_rows] * 20), batch_rows=3_000)
    stream = call_rows("ML.EXPLAIN_PREDICT", models, "late", given)
    assert isinstance(stream, pa.RecordBatchReader)
    assert stream.read_next_batch().num_rows == 2_048
    assert given.num_read == 3_000

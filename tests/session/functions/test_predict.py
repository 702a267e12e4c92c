"""ML.PREDICT: BigQuery's columns, and the very answers of `hagane predict`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from function_calls import ArrowRows, call_rows, call_table

from hagane.errors import DataError, SpecError
from hagane.session.functions import get_table_function
from hagane.spec.spec import Anomalies, Model, Spec
from hagane.workflow.predict import predict_file
from hagane.workflow.schema import infer_schema
from hagane.workflow.train import train
from hagane.workspace.workspace import Workspace

PAIRS = pa.list_(pa.struct({"label": pa.int64(), "prob": pa.float64()}))


def test_the_columns_are_bigquerys(models: Workspace, new_rows: pa.Table) -> None:
    found = call_table("ML.PREDICT", models, "late", new_rows)
    assert found.schema.names == ["predicted_late", "predicted_late_probs", *new_rows.schema.names]
    assert found.schema.field("predicted_late").type == pa.int64()
    assert found.schema.field("predicted_late_probs").type == PAIRS
    assert found.select(new_rows.schema.names).equals(new_rows), "columns of any type pass through as they are"
    number = call_table("ML.PREDICT", models, "value", new_rows)
    assert number.schema.names[0] == "predicted_value"
    assert number.schema.field(0).type == pa.float64()


def test_the_positive_class_stands_first_and_of_more_classes_the_most_probable(
    models: Workspace, new_rows: pa.Table
) -> None:
    found = call_table("ML.PREDICT", models, "good", new_rows)
    assert {tuple(pair["label"] for pair in pairs) for pairs in found["predicted_good_probs"].to_pylist()} == {
        (True, False)
    }
    graded = call_table("ML.PREDICT", models, "grade", new_rows)
    for answer, pairs in zip(
        graded["predicted_grade"].to_pylist(), graded["predicted_grade_probs"].to_pylist(), strict=True
    ):
        probabilities = [pair["prob"] for pair in pairs]
        assert probabilities == sorted(probabilities, reverse=True)
        assert sorted(pair["label"] for pair in pairs) == ["low", "mid (ok)", "top"]
        assert answer == pairs[0]["label"]


@pytest.mark.parametrize("name", ["late", "good", "grade", "value", "boosted"])
def test_the_answers_are_those_of_hagane_predict_to_the_bit(
    name: str, models: Workspace, new_rows: pa.Table, tmp_path: Path
) -> None:
    predict_file(name, new_rows, tmp_path / "out.parquet", workspace=models)
    told, found = pq.read_table(tmp_path / "out.parquet"), call_table("ML.PREDICT", models, name, new_rows)
    label = told.schema.names[0]
    assert found[label].to_pylist() == told[label].to_pylist()
    if f"{label}_probs" in told.schema.names:
        left, right = (
            [{pair["label"]: pair["prob"] for pair in pairs} for pairs in table[f"{label}_probs"].to_pylist()]
            for table in (told, found)
        )
        assert left == right


def test_a_threshold(models: Workspace, new_rows: pa.Table) -> None:
    found = call_table("ML.PREDICT", models, "late", new_rows, threshold=0.8)
    positive = np.array([pairs[0]["prob"] for pairs in found["predicted_late_probs"].to_pylist()])
    answers = np.array(found["predicted_late"].to_pylist())
    assert answers.tolist() == (positive >= 0.8).astype(int).tolist()
    assert 0 < answers.sum() < (positive >= 0.5).sum()


@pytest.mark.parametrize(("name", "threshold"), [("grade", 0.5), ("value", 0.5), ("late", 1.5)])
def test_a_threshold_that_cannot_be_is_refused(
    name: str, threshold: float, models: Workspace, new_rows: pa.Table
) -> None:
    with pytest.raises(SpecError, match="threshold"):
        call_table("ML.PREDICT", models, name, new_rows, threshold=threshold)


def test_columns_are_found_whatever_their_letters_case_and_types(models: Workspace, new_rows: pa.Table) -> None:
    """Narrow integers, decimals, text that is a number: equal values give equal answers."""
    plain = call_table("ML.PREDICT", models, "late", new_rows).select([0, 1])
    k = new_rows["k"]
    for other in (k.cast(pa.int8()), k.cast(pa.float64()), k.cast(pa.decimal128(21, 2)), k.cast(pa.string())):
        changed = new_rows.set_column(new_rows.schema.get_field_index("k"), "K", other)
        changed = changed.rename_columns([{"x": "X", "job": "Job"}.get(each, each) for each in changed.column_names])
        found = call_table("ML.PREDICT", models, "late", changed)
        assert found.select([0, 1]).equals(plain)
        assert found.schema.names[2:] == changed.schema.names


def test_missing_columns_are_named_all_at_once_before_a_row_is_read(models: Workspace, new_rows: pa.Table) -> None:
    given = ArrowRows(new_rows.drop(["k", "job"]).append_column("jobb", new_rows["job"]))
    with pytest.raises(DataError, match="no column 'k'") as caught:
        call_table("ML.PREDICT", models, "late", given)
    assert [fault.nearest for fault in caught.value.faults] == ["", "jobb"]
    assert given.num_read == 0


def test_a_value_that_does_not_fit_is_told(models: Workspace, new_rows: pa.Table) -> None:
    changed = new_rows.set_column(2, "k", new_rows["x"].cast(pa.float64()))
    with pytest.raises(DataError, match="column 'k' is FLOAT64, and not all of it is INT64"):
        call_table("ML.PREDICT", models, "late", changed)


def test_columns_of_the_input_are_left_out_where_that_is_asked_for(models: Workspace, new_rows: pa.Table) -> None:
    found = call_table("ML.PREDICT", models, "late", new_rows, keep_original_columns=False)
    assert found.schema.names == ["predicted_late", "predicted_late_probs"]


def test_a_prediction_takes_the_place_of_a_column_of_its_name(models: Workspace, new_rows: pa.Table) -> None:
    once = call_table("ML.PREDICT", models, "late", new_rows)
    assert call_table("ML.PREDICT", models, "late", once).equals(once)


def test_no_rows(models: Workspace, new_rows: pa.Table) -> None:
    found = call_table("ML.PREDICT", models, "late", new_rows.slice(0, 0))
    assert found.num_rows == 0
    assert found.schema == call_table("ML.PREDICT", models, "late", new_rows).schema


def test_few_rows_are_answered_without_the_work_of_many(models: Workspace, new_rows: pa.Table) -> None:
    given = ArrowRows(pa.concat_tables([new_rows] * 100), batch_rows=3_000)
    stream: Any = call_rows("ML.PREDICT", models, "late", given)
    assert stream.read_next_batch().num_rows == 2_048
    assert given.num_read == 3_000
    stream.close()


def test_options_are_known_by_name() -> None:
    function = get_table_function("ML.PREDICT")
    assert function is not None
    assert function.Options.__struct_fields__ == ("threshold", "keep_original_columns", "trial_id")


def test_rows_that_the_models_schema_refuses_are_not_predicted(shared_workspace: Workspace, rows: pa.Table) -> None:
    frame = rows.select(["x", "k", "late"])
    spec = Spec(data="rows", name="strict", label="late", model=Model(type="logistic_reg"),
                schema=infer_schema(frame).schema, anomalies=Anomalies(on_prediction="refuse"))  # fmt: skip
    train(spec, workspace=shared_workspace, frame=frame)
    assert call_table("ML.PREDICT", shared_workspace, "strict", frame).num_rows == frame.num_rows
    odd = frame.set_column(0, "x", pa.array([-1e6, *frame["x"].to_pylist()[1:]]))
    with pytest.raises(DataError, match="'x' is less than"):
        call_table("ML.PREDICT", shared_workspace, "strict", odd)

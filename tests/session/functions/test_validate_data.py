"""ML.VALIDATE_DATA_DRIFT and ML.VALIDATE_DATA_SKEW."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from function_calls import call_table

import hagane as hg
from hagane.errors import DataError

NAMES = ["input", "metric", "threshold", "value", "is_anomaly"]


def people(seed: int, num_rows: int = 600, older: float = 0.0) -> pa.Table:
    rng = np.random.default_rng(seed)
    age = rng.normal(40 + older, 10, num_rows).round(1)
    return pa.table(
        {
            "age": age,
            "job": rng.choice(
                ["nurse", "pilot", "cook"], num_rows, p=[0.6, 0.3, 0.1] if not older else [0.1, 0.3, 0.6]
            ),
            "member": rng.random(num_rows) < 0.5,
            "score": age * 2 + rng.normal(size=num_rows),
        }
    )


def test_nothing_has_moved(shared_workspace):
    found = call_table("ML.VALIDATE_DATA_DRIFT", shared_workspace, None, people(1), people(1)).to_pylist()
    assert [row["input"] for row in found] == ["age", "job", "member", "score"]
    assert {row["metric"] for row in found} == {"L_INFTY", "JENSEN_SHANNON_DIVERGENCE"}
    assert all(row["value"] == 0 and row["threshold"] == 0.3 and not row["is_anomaly"] for row in found)


def test_what_has_moved_is_found(shared_workspace):
    options = {"thresholds": [("member", 0.4), ("job", 0.45)], "numerical_default_threshold": 0.2}
    table = call_table("ML.VALIDATE_DATA_DRIFT", shared_workspace, None, people(1), people(2, older=25), **options)
    assert table.schema.names == NAMES
    found = {row["input"]: row for row in table.to_pylist()}
    assert {name for name, row in found.items() if row["is_anomaly"]} == {"age", "job", "score"}
    assert (found["age"]["threshold"], found["job"]["threshold"], found["member"]["threshold"]) == (0.2, 0.45, 0.4)
    assert found["job"]["value"] == pytest.approx(0.5, abs=0.06)


def test_the_metric_of_categories_is_a_choice(shared_workspace):
    options = {"categorical_metric_type": "jensen_shannon_divergence"}
    found = call_table("ML.VALIDATE_DATA_DRIFT", shared_workspace, None, people(1), people(2, older=25), **options)
    rows = {row["input"]: row for row in found.to_pylist()}
    assert rows["job"]["metric"] == "JENSEN_SHANNON_DIVERGENCE"
    assert 0.1 < rows["job"]["value"] < 0.4


def test_one_side_alone_and_other_types_are_left_out(shared_workspace):
    base = pa.table({"a": [1, 2], "b": ["x", "y"], "c": [1, 2]})
    study = pa.table({"a": ["1", "2"], "b": [1, 2], "d": [1, 2]})
    found = call_table("ML.VALIDATE_DATA_DRIFT", shared_workspace, None, base, study)
    assert found.num_rows == 0


def test_only_the_most_frequent_categories_are_compared(shared_workspace):
    base, study = pa.table({"s": ["a"] * 3 + ["b"] * 2 + ["c"]}), pa.table({"s": ["a"] * 3 + ["b"] * 2 + ["d"]})
    [row] = call_table("ML.VALIDATE_DATA_DRIFT", shared_workspace, None, base, study).to_pylist()
    assert row["value"] == pytest.approx(1 / 6)
    [row] = call_table(
        "ML.VALIDATE_DATA_DRIFT", shared_workspace, None, base, study, num_rank_histogram_buckets=2
    ).to_pylist()
    assert row["value"] == 0


def test_all_wrong_options_are_told(shared_workspace):
    with pytest.raises(DataError) as caught:
        call_table(
            "ML.VALIDATE_DATA_DRIFT",
            shared_workspace,
            None,
            people(1, 5),
            people(1, 5),
            categorical_metric_type="L_INFTI",
            numerical_metric_type="L_INFTY",
            thresholds=[("age", 2)],
        )
    assert [fault.nearest for fault in caught.value.faults] == ["L_INFTY", "", ""]
    assert "the threshold of 'age' is out of range" in str(caught.value)


@pytest.fixture(scope="module")
def model(shared_workspace) -> str:
    """A model of the people."""
    hg.train(people(1), label="score", model="linear_reg", workspace=shared_workspace.root, name="people")
    return "people"


def test_skew_against_the_rows_of_the_training(shared_workspace, model):
    same = call_table("ML.VALIDATE_DATA_SKEW", shared_workspace, model, people(3)).to_pylist()
    assert [row["input"] for row in same] == ["age", "job", "member"]  # the label is no feature
    assert not any(row["is_anomaly"] for row in same)
    moved = call_table("ML.VALIDATE_DATA_SKEW", shared_workspace, model, people(4, older=30).drop(["member"]))
    assert moved.schema.names == NAMES
    assert {row["input"]: row["is_anomaly"] for row in moved.to_pylist()} == {"age": True, "job": True}


def test_skew_is_drift_from_the_training_rows(shared_workspace, model):
    skew = call_table("ML.VALIDATE_DATA_SKEW", shared_workspace, model, people(4, older=9)).to_pylist()
    drift = call_table("ML.VALIDATE_DATA_DRIFT", shared_workspace, None, people(1), people(4, older=9)).to_pylist()
    for mine, theirs in zip(skew, drift, strict=False):
        assert mine["value"] == pytest.approx(theirs["value"], abs=0.05)  # the model was trained on 80 % of them


def test_the_link_is_a_column_where_it_is_asked_for(shared_workspace, model):
    skew = call_table("ML.VALIDATE_DATA_SKEW", shared_workspace, model, people(3, 50), enable_visualization_link=True)
    drift = call_table("ML.VALIDATE_DATA_DRIFT", shared_workspace, model, people(3, 50), people(3, 50))
    assert skew.schema.names == drift.schema.names == [*NAMES, "visualization_link"]
    assert skew["visualization_link"].null_count == skew.num_rows

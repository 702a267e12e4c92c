"""ML.TRAINING_INFO, ML.FEATURE_INFO, ML.WEIGHTS, ML.ADVANCED_WEIGHTS and ML.FEATURE_IMPORTANCE."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from function_calls import call_table
from msgspec.structs import replace

from hagane.errors import SpecError
from hagane.session.functions import advanced_weights, feature_importance, feature_info, training_info, weights
from hagane.spec.spec import Model, Spec, Split
from hagane.workflow.train import train
from hagane.workspace.workspace import Workspace

NONE = Split(method="none")


def test_training_info(models: Workspace) -> None:
    """Trees count their iterations from 1, as BigQuery's do; all other families from 0."""
    found = call_table("ML.TRAINING_INFO", models, "boosted")
    assert found.schema == training_info.SCHEMA
    assert found.schema.names == ["training_run", "iteration", "loss", "eval_loss", "learning_rate", "duration_ms"]
    assert found["iteration"].to_pylist() == [1, 2, 3, 4]
    assert found["training_run"].to_pylist() == [0] * 4
    losses = found["loss"].to_pylist()
    assert losses == sorted(losses, reverse=True)
    assert None not in found["eval_loss"].to_pylist()
    linear = call_table("ML.TRAINING_INFO", models, "value")
    assert linear["iteration"].to_pylist()[0] == 0


def test_feature_info_is_of_the_columns_before_they_are_transformed(shared_workspace: Workspace) -> None:
    rows = pa.table(
        {
            "x": [1.0, 2.0, None, 4.0, 10.0],
            "job": ["a", "b", "a", None, "c"],
            "at": pa.array([0, 1_500_000, None, 0, 0], pa.timestamp("us", "UTC")),
            "vector": pa.array([[1.0, 2.0]] * 5),
            "y": [1.0, 2.0, 3.0, 4.0, 5.0],
        }
    )
    spec = Spec(data="rows", name="facts", label="y", model=Model(type="linear_reg"), split=NONE, transform={
        "x": "ML.STANDARD_SCALER(x) OVER ()", "job": "job", "hour": "EXTRACT(HOUR FROM at)",
        "first": "vector[OFFSET(0)]"})  # fmt: skip
    train(spec, workspace=shared_workspace, frame=rows)
    found = call_table("ML.FEATURE_INFO", shared_workspace, "facts")
    assert found.schema == feature_info.SCHEMA
    by_name = {row.pop("input"): row for row in found.to_pylist()}
    none: dict[str, Any] = dict.fromkeys(found.schema.names[1:])
    numbers = np.array([1.0, 2.0, 4.0, 10.0])
    assert by_name == {
        "x": none | {"min": 1.0, "max": 10.0, "mean": 4.25, "median": 2.0, "null_count": 1}
        | {"stddev": pytest.approx(numbers.std(ddof=1))},
        "job": none | {"category_count": 3, "null_count": 1},
        "at": none | {"min": 0.0, "max": 1.5, "null_count": 1},
        "vector": none | {"null_count": 0, "dimension": 2},
    }  # fmt: skip


@pytest.fixture(scope="module")
def linear(shared_workspace: Workspace) -> tuple[Workspace, pa.Table]:
    """y = 3 + 2 x + (5 for "b"), with noise; and the same rows with three classes."""
    random = np.random.default_rng(3)
    x, b = random.normal(10, 4, 300), random.integers(0, 2, 300)
    y = 3 + 2 * x + 5 * b + random.normal(size=300)
    classes = np.array(["low", "mid", "top"])[np.digitize(y, [18, 28])]
    rows = pa.table({"x": x, "job": np.where(b, "b", "a"), "y": y, "class": classes})
    asked = {
        "linear": Spec(data="rows", name="linear", label="y", model=Model(type="linear_reg")),
        "tested": Spec(data="rows", name="tested", label="y", model=Model(type="linear_reg", options={
            "calculate_p_values": True, "category_encoding_method": "dummy_encoding", "l2_reg": 0})),
        "classes": Spec(data="rows", name="classes", label="class", model=Model(type="logistic_reg")),
    }  # fmt: skip
    for spec in asked.values():
        columns = ["x", "job", spec.labels[0]]
        train(replace(spec, split=NONE), workspace=shared_workspace, frame=rows.select(columns))
    return shared_workspace, rows


def test_weights_are_those_of_the_columns_own_units(linear: tuple[Workspace, pa.Table]) -> None:
    workspace, rows = linear
    found = call_table("ML.WEIGHTS", workspace, "linear")
    assert found.schema == weights.SCHEMA
    by_name = {row["processed_input"]: row for row in found.to_pylist()}
    assert list(by_name) == ["x", "job", "__INTERCEPT__"]
    assert by_name["x"]["weight"] == pytest.approx(2, abs=0.05)
    assert by_name["x"]["category_weights"] == []
    assert by_name["job"]["weight"] is None
    categories = {each["category"]: each["weight"] for each in by_name["job"]["category_weights"]}
    assert list(categories) == ["a", "b", "_null_filler"]
    assert categories["b"] - categories["a"] == pytest.approx(5, abs=0.5)
    intercept = by_name["__INTERCEPT__"]["weight"]
    predicted = call_table("ML.PREDICT", workspace, "linear", rows)["predicted_y"].to_numpy()
    added = intercept + by_name["x"]["weight"] * rows["x"].to_numpy()
    added = added + np.array([categories[job] for job in rows["job"].to_pylist()])
    assert added == pytest.approx(predicted, rel=1e-9)


def test_standardized_weights(linear: tuple[Workspace, pa.Table]) -> None:
    workspace, rows = linear
    plain, found = (call_table("ML.WEIGHTS", workspace, "linear", standardize=each) for each in (False, True))
    ratio = found["weight"].to_pylist()[0] / plain["weight"].to_pylist()[0]
    assert ratio == pytest.approx(rows["x"].to_numpy().std(), rel=0.01)
    assert found["category_weights"].to_pylist() == plain["category_weights"].to_pylist()


def test_several_classes_have_weights_each(linear: tuple[Workspace, pa.Table]) -> None:
    found = call_table("ML.WEIGHTS", linear[0], "classes")
    assert found.schema.names == [*weights.SCHEMA.names, "class_label"]
    assert list(zip(found["processed_input"].to_pylist(), found["class_label"].to_pylist(), strict=True)) == [
        (name, label) for label in ("low", "mid", "top") for name in ("x", "job", "__INTERCEPT__")
    ]


def test_advanced_weights(linear: tuple[Workspace, pa.Table]) -> None:
    """The errors of ordinary least squares, in closed form, and the category that was left out."""
    workspace, rows = linear
    found = call_table("ML.ADVANCED_WEIGHTS", workspace, "tested")
    assert found.schema == advanced_weights.SCHEMA
    by_key = {(row["processed_input"], row["category"]): row for row in found.to_pylist()}
    is_b = np.array(rows["job"].to_pylist()) == "b"
    left_out, kept = ("b", "a") if is_b.sum() > 150 else ("a", "b")
    design = np.column_stack([np.ones(300), rows["x"].to_numpy(), is_b if kept == "b" else ~is_b])
    y = rows["y"].to_numpy()
    solution, residual, *_ = np.linalg.lstsq(design, y, rcond=None)
    errors = np.sqrt(np.diag(np.linalg.inv(design.T @ design)) * residual[0] / (300 - 3))
    for place, key in enumerate([("__INTERCEPT__", None), ("x", None), ("job", kept)]):
        assert by_key[key]["weight"] == pytest.approx(solution[place], rel=1e-8)
        assert by_key[key]["standard_error"] == pytest.approx(errors[place], rel=1e-6)
        assert by_key[key]["p_value"] < 1e-6
    dropped = by_key["job", left_out]
    assert (dropped["weight"], dropped["standard_error"]) == (0.0, 0.0)
    assert np.isnan(dropped["p_value"])


def test_errors_that_were_not_estimated_are_refused(linear: tuple[Workspace, pa.Table]) -> None:
    with pytest.raises(SpecError, match="calculate_p_values"):
        call_table("ML.ADVANCED_WEIGHTS", linear[0], "linear")


@pytest.mark.parametrize("name", ["ML.WEIGHTS", "ML.ADVANCED_WEIGHTS"])
def test_trees_have_no_weights(name: str, models: Workspace) -> None:
    with pytest.raises(SpecError, match="only linear models have weights"):
        call_table(name, models, "boosted")


def test_feature_importance(models: Workspace) -> None:
    found = call_table("ML.FEATURE_IMPORTANCE", models, "boosted")
    assert found.schema == feature_importance.SCHEMA
    assert found.schema.names == ["feature", "importance_weight", "importance_gain", "importance_cover"]
    assert found["feature"].to_pylist() == ["x", "k", "job"]
    assert max(found["importance_weight"].to_pylist()) > 4, "four trees of several splits"
    gains = dict(zip(found["feature"].to_pylist(), found["importance_gain"].to_pylist(), strict=True))
    assert max(gains, key=lambda each: gains[each]) in ("x", "k")
    with pytest.raises(SpecError, match="only trees"):
        call_table("ML.FEATURE_IMPORTANCE", models, "late")

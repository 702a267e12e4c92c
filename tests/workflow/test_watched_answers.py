"""What is watched of answers: as the log's SQL tells it, and as a bundle keeps it."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest

import hagane as hg
from hagane.bundle.bundle import Bundle
from hagane.bundle.prediction_columns import prediction_columns
from hagane.monitoring.training_reference import REFERENCE_NAME, TrainingReference
from hagane.workflow.watched_answers import answer_arrays, watched_answers
from hagane.workspace.workspace import Workspace

CASES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "two classes": ({"label": "good", "model": "logistic_reg"}, ["predicted_good", "probability"]),
    "three classes": ({"label": "grade", "model": "logistic_reg"}, ["predicted_grade"]),
    "a number": ({"label": "x", "model": "linear_reg"}, ["predicted_x"]),
    "without a label": ({"model": "kmeans", "options": {"num_clusters": 3}}, ["centroid_id"]),
}


def rows() -> pa.Table:
    random = np.random.default_rng(4)
    x = random.normal(size=240)
    return pa.table({"x": x, "y": x + random.normal(size=240), "good": x > 0,
                     "grade": np.array(["low", "mid", "top"])[np.digitize(x, [-0.5, 0.5])]})  # fmt: skip


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Bundle, list[str]]:
    asked, names = CASES[request.param]
    label = asked.get("label")
    columns = ["x", "y"] if label is None else ["y", label]
    place = Workspace(tmp_path_factory.mktemp("home"))
    return hg.train(rows().select(columns), workspace=place.root, **asked).bundle, names


def test_the_logs_sql_and_the_bundles_arrays_say_the_same(case: tuple[Bundle, list[str]]) -> None:
    bundle, names = case
    answers = bundle.predict(rows().select(list(bundle.signature.names)).to_pylist())
    logged = pa.table({"prediction": pa.table(prediction_columns(answers)).to_struct_array()})
    told = duckdb.sql("SELECT " + ", ".join(watched_answers(bundle.signature).values()) + " FROM logged").fetchall()
    found = answer_arrays(answers)
    assert [name.lower() for name in found] == names
    assert [*zip(*(array.to_pylist() for array in found.values()), strict=True)] == told
    assert len(logged) == 240


def test_every_bundle_keeps_them(case: tuple[Bundle, list[str]]) -> None:
    bundle, names = case
    kept = TrainingReference.from_json(bundle.document(REFERENCE_NAME)).predictions
    assert kept is not None
    assert [column.name.lower() for column in kept] == names
    assert all(column.count for column in kept)

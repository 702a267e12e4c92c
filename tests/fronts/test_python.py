"""The Python front: what it takes, what it gives back, what it refuses."""

from __future__ import annotations

from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import hagane as hg
from hagane.errors import NotFoundError, SpecError


@pytest.fixture
def frame() -> pd.DataFrame:
    random = np.random.default_rng(0)
    x = random.normal(size=400)
    return pd.DataFrame({"x": x.astype(np.float16), "late": x > 0}, index=random.permutation(400))


def test_predictions_keep_the_index_of_a_pandas_frame(frame: pd.DataFrame, tmp_path: Path) -> None:
    model = hg.train(frame, "late", model="logistic_reg", workspace=tmp_path, training={"seed": 1})
    frame["predicted"] = model.predict(frame)["predicted_late"]
    assert (frame["predicted"] == frame["late"]).mean() > 0.9


def test_every_wrong_section_is_named(frame: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        hg.train(frame, "late", split="time", evaluatio={}, training={"sede": 1}, workspace=tmp_path)
    assert [fault.what for fault in caught.value.faults] == [
        "'split' is no section of a spec",
        "a spec has no section 'evaluatio'",
        "'training' is no section of a spec",
    ]
    with pytest.raises(SpecError, match="there are no data"):
        hg.train(None, "late", workspace=tmp_path)


def test_a_spec_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no spec at"):
        hg.train_spec(tmp_path / "spec.yaml", workspace=tmp_path)


@pytest.mark.parametrize("given", [pd.DataFrame, pl.DataFrame, pa.Table, Path, str, list])
def test_whatever_holds_rows_is_taken_and_given_back_alike(given: type, frame: pd.DataFrame, tmp_path: Path) -> None:
    plain = frame.astype({"x": "float64"}).reset_index(drop=True)
    path = tmp_path / "rows.parquet"
    plain.to_parquet(path)
    forms = {
        pd.DataFrame: plain,
        pl.DataFrame: pl.from_pandas(plain),
        pa.Table: pa.Table.from_pandas(plain),
        Path: path,
        str: f"SELECT * FROM '{path}'",
        list: [path],
    }
    model = hg.train(forms[given], "late", model="logistic_reg", workspace=tmp_path / "home")
    predicted = model.predict(forms[given])
    assert isinstance(predicted, given if given in (pd.DataFrame, pl.DataFrame) else pa.Table)
    again = hg.load(model.path).predict(plain)
    assert np.array_equal(np.asarray(predicted["predicted_late"]), again["predicted_late"])
    assert model.evaluate(forms[given]).metrics["roc_auc"] > 0.9


def test_a_model_answers_rows_shows_itself_and_serves(frame: pd.DataFrame, tmp_path: Path) -> None:
    model = hg.train(frame, "late", model="logistic_reg", workspace=tmp_path)
    assert model.predict_rows([{"x": 9.0}, {"x": -9.0}]).labels.tolist() == [True, False]
    assert "logistic_reg of late" in repr(model)
    assert "roc_auc" in model._repr_html_()
    with model.serve() as server:
        answer = httpx.post(f"{server.url}/predict", json={"instances": [{"x": 9.0}]}, trust_env=False).json()
    assert answer["predictions"][0]["predicted_late"] is True


def test_rows_that_are_not_there_are_predicted_as_none(frame: pd.DataFrame, tmp_path: Path) -> None:
    model = hg.train(frame, "late", model="logistic_reg", workspace=tmp_path)
    assert list(model.predict(frame.head(0)).columns) == ["predicted_late", "predicted_late_probs", "x", "late"]


def test_results_show_themselves(frame: pd.DataFrame, tmp_path: Path) -> None:
    leaky = frame.assign(**{"a<b": frame["late"].astype(str)})
    found = hg.describe(leaky, label="late")
    assert repr(found) == "<Description: 400 rows, 3 columns; suspected leaks: a<b, x>"
    assert "a&amp;lt;b" in found._repr_html_()  # a page within an attribute
    assert "a<b" not in found._repr_html_()
    evaluation = hg.train(frame, "late", model="logistic_reg", workspace=tmp_path).evaluate()
    assert repr(evaluation).startswith("<Evaluation: ROC AUC 1.0000 on ")
    assert "ROC AUC" in evaluation._repr_html_()


def test_schemas(home):
    schema = hg.infer_schema(str(home / "flights.csv"))
    assert isinstance(schema, hg.DataSchema)
    assert hg.check_schema(str(home / "flights.csv"), schema).is_clean
    report = hg.check_schema(pa.table({"distance": [-1]}), schema)
    assert "late" in {finding.column for finding in report.errors}
    assert "<table>" in report._repr_html_()

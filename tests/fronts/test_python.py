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
from hagane.errors import DataError, NotFoundError, SpecError


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
        hg.train(frame, "late", split="time", evaluatio={}, optons={}, training={"sede": 1}, workspace=tmp_path)
    assert [(fault.what, fault.where, fault.nearest) for fault in caught.value.faults] == [
        ("a spec has no section 'evaluatio'", "", "evaluation"),
        ("a spec has no section 'optons'", "", "options"),
        ("'split' cannot be 'time'", "split", ""),
        ("'training' has no key 'sede'", "training", "seed"),
    ]
    assert caught.value.faults[2].next_step == "write split={'method': 'time'}"
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


NO_COLUMNS = {"pandas": pd.DataFrame(), "rows": pd.DataFrame(index=range(5)), "arrow": pa.table({}), "dicts": [{}, {}]}


@pytest.mark.parametrize("nothing", NO_COLUMNS.values(), ids=NO_COLUMNS.keys())
def test_a_table_of_no_columns_is_told_everywhere(nothing: object, frame: pd.DataFrame, tmp_path: Path) -> None:
    model = hg.train(frame, "late", model="logistic_reg", workspace=tmp_path)
    for use in (
        hg.describe,
        hg.infer_schema,
        model.predict,
        model.evaluate,
        lambda data: hg.train(data, "late", workspace=tmp_path),
        lambda data: hg.find_outliers(data, isolation_score={"contamination": 0.1}),
    ):
        with pytest.raises(DataError, match="there are no columns") as caught:
            use(nothing)
        assert caught.value.faults[0].next_step


def test_a_table_of_no_rows_is_told_where_rows_are_needed(frame: pd.DataFrame, tmp_path: Path) -> None:
    model, none = hg.train(frame, "late", model="logistic_reg", workspace=tmp_path), frame.head(0)
    for use in (
        model.evaluate,
        lambda data: hg.train(data, "late", workspace=tmp_path),
        lambda data: hg.find_outliers(data, isolation_score={"contamination": 0.1}),
    ):
        with pytest.raises(DataError, match="there are no rows") as caught:
            use(none)
        assert caught.value.faults[0].next_step
    assert hg.describe(none, label="late").statistics.num_rows == 0
    assert set(hg.infer_schema(none).columns) == {"x", "late"}


def test_what_the_command_line_checks_python_checks(frame: pd.DataFrame, tmp_path: Path) -> None:
    model = hg.train(frame, "late", model="logistic_reg", workspace=tmp_path)
    for sample in (0, -3, 99, 2.5):
        with pytest.raises(SpecError, match="sample is out of range"):
            hg.describe(frame, sample=sample)  # type: ignore[arg-type]
    for limit in (0, -1, "1KB"):
        with pytest.raises(SpecError, match="memory_limit is too small"):
            hg.describe(frame, memory_limit=limit)
    with pytest.raises(SpecError, match="slices need data"):
        model.evaluate(slices=["x"])
    for use in (
        lambda: model.evaluate(frame, slices="x"),
        lambda: hg.find_outliers(frame, exclude="x", z_score={"x": 3}),
        lambda: hg.train(frame, "late", exclude="x", workspace=tmp_path),
    ):
        with pytest.raises(SpecError, match="cannot be 'x'"):
            use()
    with pytest.raises(DataError, match="no column 'xx'"):
        hg.find_outliers(frame, exclude=["xx"], z_score={"x": 3})
    with pytest.raises(SpecError, match="did you mean: z_score"):
        hg.find_outliers(frame, z_scor={"x": 3})
    with pytest.raises(SpecError, match="limit_bytes"):
        hg.cache(tmp_path).set_limit(-1)
    with pytest.raises(SpecError, match="no column '3'"):
        hg.describe(frame, label=3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "where", "nearest"),
    [
        ({"split": hg.Split(method="rndom")}, "split.method", "random"),  # type: ignore[arg-type]
        ({"split": {"metod": "key"}}, "split", "method"),
        ({"options": [1]}, "model.options", ""),
        ({"tables": 3}, "tables", ""),
        ({"transform": ["x"]}, "transform", ""),
    ],
)
def test_values_of_the_wrong_kind_are_told_as_those_of_yaml(
    given: dict[str, object], where: str, nearest: str, frame: pd.DataFrame, tmp_path: Path
) -> None:
    with pytest.raises(SpecError) as caught:
        hg.train(frame, "late", workspace=tmp_path, **given)  # type: ignore[arg-type]
    assert [(fault.where, fault.nearest) for fault in caught.value.faults] == [(where, nearest)]


def test_a_spec_made_by_hand_is_checked(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"'split\.eval_fraction' cannot be 'a'"):
        hg.train_spec(hg.Spec(data="x.csv", label="y", split=hg.Split(eval_fraction="a")), workspace=tmp_path)  # type: ignore[arg-type]


def test_rows_of_a_frame_are_predicted_as_the_frame(frame: pd.DataFrame, tmp_path: Path) -> None:
    mixed = frame.astype({"x": float}).assign(job=["pilot", None, np.nan, "nurse"] * 100)
    model = hg.train(mixed, "late", model="logistic_reg", workspace=tmp_path)
    whole, rows = model.predict(mixed), model.predict(mixed.to_dict("records"))
    assert rows["predicted_late"].to_pylist() == whole["predicted_late"].tolist()


def test_predictions_of_many_rows_stay_with_their_rows(tmp_path: Path) -> None:
    """Numbers that come as text are read as numbers, and the rows keep their places."""
    x = np.arange(-150_000, 150_000)
    frame = pd.DataFrame({"x": x, "high": x > 0})
    model = hg.train(frame.iloc[::300], "high", model="logistic_reg", workspace=tmp_path)
    told = model.predict(frame.astype({"x": str}))
    assert (told["predicted_high"].to_numpy() == (x > 200))[np.abs(x) > 2_000].all()
    assert told["x"].astype(int).tolist() == x.tolist()

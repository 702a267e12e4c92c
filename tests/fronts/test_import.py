"""`hagane import` and `hg.import_model`."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import hagane as hg
from hagane.fronts.cli.app import app

FILE = Path(__file__).parents[1] / "workflow" / "imports" / "xgboost" / "logistic.json"


def say(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAGANE_HOME", str(tmp_path / "home"))


def test_a_model_is_imported_shown_and_predicts(tmp_path: Path) -> None:
    text = say("import", str(FILE), "--name", "churn", "--output", "chance FLOAT64")
    assert "churn@1: xgboost, XGBoost 3.2.0, binary:logistic" in text
    assert "reads    a FLOAT64, b FLOAT64, c FLOAT64" in text
    assert "answers  chance FLOAT64" in text
    assert "churn" in say("models", "list")
    assert "xgboost" in say("models", "show", "churn")
    pq.write_table(pa.table({"a": [0.5, None], "b": [1.0, 2.0], "c": [0.0, 0.0]}), tmp_path / "rows.parquet")
    say("predict", "churn", str(tmp_path / "rows.parquet"), "-o", str(tmp_path / "out.parquet"))
    chances = pq.read_table(tmp_path / "out.parquet")["chance"].to_pylist()
    assert all(0 < chance < 1 for chance in chances)
    found = json.loads(say("import", str(FILE), "--name", "churn", "--json"))
    assert found["model"]["version"] == 2
    assert found["origin"]["about"]["objective"] == "binary:logistic"


def test_from_python() -> None:
    model = hg.import_model(FILE, inputs={"x": "FLOAT64", "y": "FLOAT64", "z": "FLOAT64"})
    assert model.bundle.name == "logistic"
    assert 0 < model.predict([{"x": 1, "y": None, "z": 0}])["predicted_label"][0].as_py() < 1
    with pytest.raises(hg.HaganeError, match="there is no type FLOATS"):
        hg.import_model(FILE, inputs={"x": "FLOATS"})

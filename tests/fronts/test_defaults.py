"""`defaults: bigquery` by every way in: the same resolved spec, BigQuery ML's own rules in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import hagane
from hagane.errors import SpecError
from hagane.fronts.cli.run import run
from hagane.spec.read_yaml import read_spec
from hagane.spec.spec import Spec, Split

RANDOM = np.random.default_rng(0)
N = 600
ROWS = pa.table(
    {
        "x": pa.array([None if i % 7 == 0 else float(i % 31) for i in range(N)]),
        "job": pa.array(["only once" if i == 3 else "abc"[i % 3] for i in range(N)]),
        "flag": pa.array([i % 5 == 0 for i in range(N)]),
        "day": pa.array(np.datetime64("2024-01-01") + np.arange(N) % 20),
        "at": pa.array(np.datetime64("2024-01-01T00:00:00", "us") + np.arange(N) * 3_600_000_000),
        "ragged": [[1.0] * (i % 3) for i in range(N)],
        "pair": [[float(i), 1.0] for i in range(N)],
        "y": pa.array(["late" if x < 0.4 else "on time" for x in RANDOM.random(N)]),
    }
)
ONE_HOT = "ML.ONE_HOT_ENCODER({}, 'none', 1000000, 0) OVER ()"
PARTS = {
    "DOM": "DAY",
    "DOW": "DAYOFWEEK",
    "MOY": "MONTH",
    "HOD": "HOUR",
    "MOH": "MINUTE",
    "WOY": "WEEK",
    "YEAR": "YEAR",
}
WANTED = {
    "x": "COALESCE(ML.STANDARD_SCALER(x) OVER (), 0)",
    "job": ONE_HOT.format("job"),
    "flag": ONE_HOT.format("CAST(flag AS STRING)"),
    "day": ONE_HOT.format("FORMAT_DATE('%F', day)"),
    "at": "COALESCE(ML.STANDARD_SCALER(UNIX_SECONDS(at)) OVER (), 0)",
    **{f"_TS_{key}_at": ONE_HOT.format(f"CAST(EXTRACT({part} FROM at) AS STRING)") for key, part in PARTS.items()},
}


@pytest.fixture
def at_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    pq.write_table(ROWS, "rows.parquet")
    return tmp_path


def check(spec: Spec) -> None:
    transform = dict(spec.transform or {})
    assert spec.defaults == "bigquery"
    assert transform.pop("pair_0", transform.pop("pair", None)) is not None
    assert {name: sql for name, sql in transform.items() if name != "pair_1"} == WANTED
    assert spec.split == Split(eval_fraction=0.2, test_fraction=0.0)
    assert spec.model.options["l2_reg"] == 0


def test_yaml_python_and_the_command_line_ask_the_same(at_rows: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = hagane.train("rows.parquet", "y", model="logistic_reg", defaults="bigquery", workspace="python")
    asked = ["rows.parquet", "-l", "y", "-m", "logistic_reg", "--defaults", "bigquery"]
    assert run(["train", *asked, "--workspace", "command"]) == 0
    assert run(["init", *asked]) == 0
    assert "its arrays have from 0 to 2 elements" in Path("spec.yaml").read_text()
    assert run(["train", "spec.yaml", "--workspace", "again"]) == 0
    capsys.readouterr()
    mine = read_spec(model.path / "spec.yaml")
    check(mine)
    theirs = [hagane.load("y", workspace=place) for place in ("command", "again")]
    assert [read_spec(other.path / "spec.yaml") for other in theirs] == [mine, mine]
    assert model.evaluate().part == "eval"
    unseen = ROWS.slice(0, 3).set_column(1, "job", pa.array(["a", None, "never seen"])).drop(["y", "ragged"])
    assert all(other.predict(unseen).equals(model.predict(unseen)) for other in theirs)


def test_a_word_that_is_none(at_rows: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SpecError, match="one of bigquery, hagane"):
        hagane.train("rows.parquet", "y", defaults="bigqery")
    assert run(["train", "rows.parquet", "-l", "y", "--defaults", "bigqery"]) == 2
    assert "did you mean: bigquery" in capsys.readouterr().err

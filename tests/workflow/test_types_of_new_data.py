"""New data whose types, by the rows at hand, are not those that the model was trained on."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from hagane.bundle.bundle import Bundle
from hagane.data.open_table import open_table
from hagane.errors import DataError
from hagane.spec.spec import Model, Spec
from hagane.workflow.evaluate import evaluate_model
from hagane.workflow.predict import predict_batches, predict_file
from hagane.workflow.train import train
from hagane.workspace.workspace import Workspace

ROWS = 300
TABLE = pa.table(
    {
        "word": [("yes", "no", "unknown")[i % 3] for i in range(ROWS)],
        "n": [i % 7 for i in range(ROWS)],
        "x": [i % 11 / 2 for i in range(ROWS)],
        "day": [datetime.date(2020, 1, 1 + i % 28) for i in range(ROWS)],
        "good": ["yes" if i % 3 == 0 or i % 7 == 2 else "perhaps" for i in range(ROWS)],
    }
)
EXPRESSIONS = {"word": "word", "n": "n", "x": "x", "day": "EXTRACT(DAY FROM day)"}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bundle, Workspace]:
    workspace = Workspace(tmp_path_factory.mktemp("types") / "workspace")
    spec = Spec(data="f", label="good", model=Model(type="logistic_reg"), transform=EXPRESSIONS)
    return Bundle.load(train(spec, workspace=workspace, frame=TABLE).bundle), workspace


def probabilities(table: pa.Table) -> list[float]:
    return [pair["prob"] for row in table["predicted_good_probs"].to_pylist() for pair in row]


def expected(model: tuple[Bundle, Workspace], rows: pa.Table) -> list[float]:
    return probabilities(pa.Table.from_batches([batch for batch, _ in predict_batches(model[0], open_table(rows))]))


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_text_files_are_read_as_the_model_wants(model: tuple[Bundle, Workspace], tmp_path: Path, kind: str) -> None:
    rows = TABLE.filter(pa.compute.not_equal(TABLE["word"], "unknown")).slice(0, 2)
    rows = rows.set_column(2, "x", pa.array([2.0, 3.0]))
    file = tmp_path / f"rows.{kind}"
    if kind == "csv":
        file.write_text("word,n,x,day\nyes,0,2,2020-01-01\nno,1,3,2020-01-02\n")
    else:
        listed = [
            {"word": "yes", "n": 0, "x": 2, "day": "2020-01-01"},
            {"word": "no", "n": 1, "x": 3, "day": "2020-01-02"},
        ]
        file.write_text("".join(json.dumps(row) + "\n" for row in listed))
    predict_file("good", str(file), tmp_path / "out.parquet", workspace=model[1])
    assert probabilities(pq.read_table(tmp_path / "out.parquet")) == expected(model, rows)


def test_frames_are_taken_where_every_value_fits(model: tuple[Bundle, Workspace]) -> None:
    frame = pd.DataFrame(
        {"word": ["no", None], "n": [3.0, None], "x": [1, 2], "day": pd.to_datetime(["2020-01-05", "2020-01-06"])}
    )
    rows = pa.table(
        {
            "word": ["no", None],
            "n": pa.array([3, None], pa.int64()),
            "x": [1.0, 2.0],
            "day": [datetime.date(2020, 1, 5), datetime.date(2020, 1, 6)],
        }
    )
    assert expected(model, frame) == expected(model, rows)
    nothing = pa.table({"word": pa.nulls(1), "n": pa.nulls(1), "x": pa.nulls(1), "day": pa.nulls(1)})
    assert len(expected(model, nothing)) == 2


def test_what_does_not_fit_is_named_all_at_once(model: tuple[Bundle, Workspace], tmp_path: Path) -> None:
    rows = pa.table(
        {"word": [1], "n": [1.5], "x": ["much"], "day": [datetime.datetime(2020, 1, 1, 12, tzinfo=datetime.UTC)]}
    )
    with pytest.raises(DataError) as caught:
        predict_file("good", rows, tmp_path / "out.parquet", workspace=model[1])
    assert [fault.received for fault in caught.value.faults] == [
        "1 value such as 1",
        "1 value such as 1.5",
        "1 value such as 'much'",
        "1 value such as 2020-01-01 12:00:00+00",
    ]


def test_evaluation_reads_the_label_as_it_was_trained(model: tuple[Bundle, Workspace], tmp_path: Path) -> None:
    rows = TABLE.filter(pa.compute.equal(TABLE["good"], "yes")).slice(0, 20)
    file = tmp_path / "rows.csv"
    pyarrow.csv.write_csv(rows, file)
    assert evaluate_model("good", data=str(file), workspace=model[1]).num_rows == 20

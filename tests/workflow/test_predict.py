"""Batch prediction: streamed, in order, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hagane.errors import DataError, NotFoundError, StorageError
from hagane.spec.spec import Model, Spec
from hagane.workflow.predict import predict_file
from hagane.workflow.train import TrainResult, train
from hagane.workspace.workspace import Workspace


@pytest.fixture
def trained(mixed: pa.Table, workspace: Workspace) -> TrainResult:
    frame = mixed.select(["x", "k", "job", "good"])
    return train(
        Spec(
            data="f", label="good", model=Model(type="logistic_reg"), transform={"x": "LN(x)", "k": "k", "job": "job"}
        ),
        workspace=workspace,
        frame=frame,
    )


def test_predictions_stand_before_the_columns_in_order(
    mixed: pa.Table, trained: TrainResult, workspace: Workspace, tmp_path: Path
) -> None:
    source, out = tmp_path / "rows.parquet", tmp_path / "out.parquet"
    big = pa.concat_tables(
        [mixed.append_column("row", pa.array(range(i * 3_000, i * 3_000 + 3_000))) for i in range(50)]
    )
    pq.write_table(big, source)
    summary = predict_file("good", str(source), out, workspace=workspace)
    result = pq.read_table(out)
    assert summary.num_rows == result.num_rows == 150_000
    assert result.column_names[:2] == ["predicted_good", "predicted_good_probs"]
    assert result["row"].to_pylist() == list(range(150_000))
    refused = result.filter(pa.compute.less_equal(result["x"], 0))
    assert refused["predicted_good"].null_count == refused.num_rows
    assert summary.num_row_errors == refused.num_rows
    first = next(row for row in result.slice(0, 50).to_pylist() if row["predicted_good"] is not None)
    assert [pair["label"] for pair in first["predicted_good_probs"]] == [False, True]
    assert sum(pair["prob"] for pair in first["predicted_good_probs"]) == pytest.approx(1)


def test_columns_have_a_dictionary_where_their_values_occur_twice(
    mixed: pa.Table, trained: TrainResult, workspace: Workspace, tmp_path: Path
) -> None:
    """Classes and texts by the model's own numbers; values that hardly ever occur twice as they are."""
    more = {"row": pa.array(range(3_000)), "weekday": pa.array([i % 7 for i in range(3_000)])}
    more |= {"id": pa.array([f"row {i}" for i in range(3_000)])}
    table = mixed
    for name, values in more.items():
        table = table.append_column(name, values)
    predict_file("good", table, tmp_path / "out.parquet", workspace=workspace)
    file = pq.ParquetFile(tmp_path / "out.parquet")
    group = file.metadata.row_group(0)
    chunks = {chunk.path_in_schema: chunk for chunk in map(group.column, range(group.num_columns))}
    assert {name: chunks[name].has_dictionary_page for name in ("row", "weekday", "id", "job")} == {
        "row": False, "weekday": True, "id": False, "job": True,
    }  # fmt: skip
    result = file.read()
    assert {name: result[name].to_pylist() for name in more} == {name: list(v.to_pylist()) for name, v in more.items()}
    assert result["job"].to_pylist() == mixed["job"].to_pylist()


def test_no_rows(mixed: pa.Table, trained: TrainResult, workspace: Workspace, tmp_path: Path) -> None:
    summary = predict_file("good", mixed.slice(0, 0), tmp_path / "out.parquet", workspace=workspace)
    assert summary.num_rows == 0
    assert pq.read_table(tmp_path / "out.parquet").column_names[0] == "predicted_good"


def test_a_missing_column_or_model_writes_nothing(
    mixed: pa.Table, trained: TrainResult, workspace: Workspace, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="no column 'x'"):
        predict_file("good", mixed.drop_columns(["x", "job"]), tmp_path / "out.parquet", workspace=workspace)
    with pytest.raises(NotFoundError, match="good"):
        predict_file("goood", mixed, tmp_path / "out.parquet", workspace=workspace)
    assert list(tmp_path.glob("*out*")) == []


@pytest.mark.parametrize(
    ("name", "message"), [("folder", "is a folder"), ("none/x.parquet", "no folder"), ("x.csv", "written as Parquet")]
)
def test_a_place_that_cannot_be_is_refused_before_the_work(
    name: str, message: str, mixed: pa.Table, workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(StorageError, match=message):
        predict_file("no model", mixed, tmp_path / name, workspace=workspace)


def test_predictions_do_not_replace_their_data(
    mixed: pa.Table, trained: TrainResult, workspace: Workspace, tmp_path: Path
) -> None:
    source = tmp_path / "rows.parquet"
    pq.write_table(mixed, source)
    before = source.read_bytes()
    with pytest.raises(StorageError, match="would replace the data"):
        predict_file("good", str(source), source, workspace=workspace)
    with pytest.raises(StorageError, match="would replace the data"):
        predict_file("good", str(tmp_path / "*.parquet"), source, workspace=workspace)
    with pytest.raises(StorageError, match="would replace the data"):
        predict_file("good", f"SELECT * FROM '{source}' LIMIT 5", source, workspace=workspace)
    assert source.read_bytes() == before


def test_words_for_null_are_those_of_training(workspace: Workspace, tmp_path: Path) -> None:
    lines = [
        f"{'NA' if i % 50 == 0 else i},{'NA' if i % 5 == 0 else 'abc'[i % 3]},{'yes' if i % 5 else 'no'}"
        for i in range(500)
    ]
    (tmp_path / "train.csv").write_text("\n".join(["n,word,label", *lines]))
    result = train(Spec(data=str(tmp_path / "train.csv"), label="label"), workspace=workspace)
    (tmp_path / "new.csv").write_text("n,word\n1,NA\n2,a\n")
    predict_file(result.version.name, str(tmp_path / "new.csv"), tmp_path / "out.parquet", workspace=workspace)
    assert pq.read_table(tmp_path / "out.parquet")["word"].to_pylist() == [None, "a"]


def test_a_long_query_may_replace_earlier_predictions(
    mixed: pa.Table, trained: TrainResult, workspace: Workspace, tmp_path: Path
) -> None:
    source, out = tmp_path / "rows.parquet", tmp_path / "out.parquet"
    pq.write_table(mixed, source)
    query = f"SELECT x, k, job, {', '.join(f'k + {i} AS k{i}' for i in range(300))} FROM '{source}' LIMIT 7"
    for _ in range(2):
        assert predict_file("good", query, out, workspace=workspace).num_rows == 7

"""Rows of a log streamed from its files, against DuckDB's reading of the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hagane.bundle.signature import Input, Signature
from hagane.data.engine import Engine
from hagane.errors import DataError
from hagane.monitoring.expected_binary import ExpectedBinary
from hagane.monitoring.windows import Window
from hagane.serving.request_log.file_metadata import LoggedModel
from hagane.serving.request_log.hour_writer import write_rows
from hagane.serving.request_log.log_folder import LogFolder
from hagane.serving.request_log.row_schema import row_schema
from hagane.spec.monitoring import Monitoring
from hagane.types import SqlType
from hagane.workflow.log_batches import log_batches
from hagane.workflow.log_window import LogWindow
from hagane.workflow.logged_columns import logged_columns
from hagane.workflow.logged_rows import LoggedRows
from hagane.workflow.request_log import log_sql
from hagane.workflow.window_parts.expected import sum_up_expected
from hagane.workflow.window_parts.expected_stream import ExpectedStream
from hagane.workspace.workspace import Workspace

HOUR = 3_600_000_000
FIRST = 480_000
SIGNATURE = Signature(
    inputs=(
        Input(name="person", type=SqlType.STRING), Input(name="age", type=SqlType.INT64),
        Input(name="fare", type=SqlType.FLOAT64), Input(name="at", type=SqlType.TIMESTAMP),
        Input(name="day", type=SqlType.DATE), Input(name="tags", type=SqlType.ARRAY_STRING),
        Input(name="secret", type=SqlType.STRING),
    ),
    task="classification", label="late", label_type=SqlType.BOOL, classes=(False, True), threshold=0.5,
    model_type="logistic_reg",
)  # fmt: skip
MODEL = LoggedModel(endpoint="e", deployed_model_id="id1", model="m", version="1", signature=SIGNATURE,
                    sensitive={"secret": "leave_out"})  # fmt: skip
OTHER = msgspec.structs.replace(MODEL, deployed_model_id="id2", version="2")


def rows(model: LoggedModel, hour: int, num_rows: int, seed: int) -> pa.Table:
    """A tenth of them a mirror's; NULLs everywhere, and in some rows no prediction at all."""
    random = np.random.default_rng(seed)
    schema, made = row_schema(model), []
    for number in range(num_rows):
        p = float(random.random())
        instance = {
            "person": f"é{random.integers(9)}", "age": int(random.integers(99)), "fare": float(random.normal()),
            "at": hour * HOUR + number, "day": int(random.integers(-99, 99)), "tags": ["a"] * int(random.integers(3)),
        }  # fmt: skip
        answer = {"predicted_late": p > 0.5,
                  "predicted_late_probs": [{"label": False, "prob": 1 - p}, {"label": True, "prob": p}]}  # fmt: skip
        made.append({
            "request_id": f"r{seed}-{number}", "row": 0, "time": hour * HOUR + int(random.integers(HOUR)),
            "endpoint": "e", "deployed_model_id": model.deployed_model_id, "model": "m", "version": model.version,
            "protocol": "vertex", "mirror": bool(random.random() < 0.1), "weight": float(random.integers(1, 4)),
            "latency_seconds": 0.1, "model_seconds": 0.1, "row_error": bool(random.random() < 0.3),
            "instance": {name: None if random.random() < 0.2 else value for name, value in instance.items()},
            "prediction": answer if random.random() < 0.9 else dict.fromkeys(answer),
        })  # fmt: skip
    return pa.Table.from_pylist(made, schema=schema)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    place = Workspace(tmp_path_factory.mktemp("home"))
    folder = LogFolder(place.logs_folder, "e")
    for hour in range(3):
        for number, model in enumerate((MODEL, MODEL, OTHER)):
            table = rows(model, FIRST + hour, 40, seed=10 * hour + number)
            write_rows(folder.make_hour("requests", FIRST + hour) / f"w-{number}.parquet", table)
    return place


def logged(place: Workspace, window: Window, model: LoggedModel = MODEL) -> LoggedRows:
    folder, span = LogFolder(place.logs_folder, "e"), LogWindow(window.start, window.end)
    sql = log_sql(folder, span, with_truth=False)
    chosen = f"SELECT * FROM ({sql}) WHERE NOT mirror AND deployed_model_id = '{model.deployed_model_id}'"
    files = tuple(folder.files("requests", since=span.first_hour, until=span.end_hour))
    return LoggedRows(engine=Engine(), sql=chosen, num_rows=0, files=files, model=model, window=window, folder=folder,
                      workspace=place, monitoring=Monitoring())  # fmt: skip


def read(rows: LoggedRows, model: LoggedModel = MODEL) -> list[dict[str, Any]]:
    batches = list(log_batches(rows, logged_columns(model)))
    assert [batch.schema.names for batch in batches] == [batches[0].schema.names] * len(batches)
    return sorted((row for batch in batches for row in batch.to_pylist()), key=repr)


@pytest.mark.parametrize("window", [Window(FIRST * HOUR, (FIRST + 3) * HOUR),
                                    Window(FIRST * HOUR + HOUR // 2, (FIRST + 2) * HOUR + HOUR // 3)])  # fmt: skip
def test_the_files_give_what_duckdb_gives(place: Workspace, window: Window) -> None:
    whole = logged(place, window)
    by_duckdb = LoggedRows(**{**whole.__dict__, "files": ()})
    found = read(whole)
    assert found == read(by_duckdb)
    first = next(log_batches(whole, logged_columns(MODEL)))
    assert pa.types.is_dictionary(first.column("instance.person").type), "it was read from the files"
    assert 60 < len(found) < 240
    inputs = ("person", "age", "fare", "at", "day", "tags")
    answers = ("predicted_late", "probability")
    assert list(found[0]) == [
        *(f"instance.{x}" for x in inputs),
        *(f"prediction.{x}" for x in answers),
        "weight",
        "row_error",
    ]
    assert any(row["prediction.probability"] is None for row in found)


def test_refused_rows_are_left_out_of_what_is_expected(place: Workspace) -> None:
    whole = logged(place, Window(FIRST * HOUR, (FIRST + 3) * HOUR))
    stream, probabilities = ExpectedStream.begin(whole), []
    assert stream is not None
    for batch in log_batches(whole, logged_columns(MODEL)):
        stream.add(batch)
        probabilities += batch.column("prediction.probability").to_pylist()
    mine, theirs = stream.part(), sum_up_expected(whole)
    assert isinstance(theirs, ExpectedBinary)
    assert 0 < mine.num_seen == theirs.num_seen == len(probabilities) - probabilities.count(None) < len(probabilities)
    for name in mine.__struct_fields__:
        assert getattr(mine, name) == pytest.approx(getattr(theirs, name)), name


def test_a_column_that_is_hashed_since_yesterday_is_text(tmp_path: Path) -> None:
    place = Workspace(tmp_path / "home")
    folder = LogFolder(place.logs_folder, "e")
    hashed = msgspec.structs.replace(MODEL, sensitive={"secret": "leave_out", "age": "hash"})
    before = rows(MODEL, FIRST, 10, seed=1)
    write_rows(folder.make_hour("requests", FIRST) / "w-1.parquet", before)
    kept = logged(place, Window(FIRST * HOUR, (FIRST + 1) * HOUR), hashed)
    ages = [row["age"] for row, mirror in zip(before["instance"].to_pylist(), before["mirror"].to_pylist(), strict=True)
            if not mirror]  # fmt: skip
    found = [row["instance.age"] for row in read(kept, hashed)]
    assert sorted(map(str, found)) == sorted(map(str, ages))
    assert {type(age) for age in found} <= {str, type(None)}


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    place = Workspace(tmp_path / "home")
    folder = LogFolder(place.logs_folder, "e")
    path = folder.make_hour("requests", FIRST) / "w-1.parquet"
    write_rows(path, rows(MODEL, FIRST, 200, seed=1))
    whole = logged(place, Window(FIRST * HOUR, (FIRST + 1) * HOUR))
    group = pq.read_metadata(path).row_group(0)
    fare = next(column for column in map(group.column, range(group.num_columns)) if "fare" in column.path_in_schema)
    content = bytearray(path.read_bytes())
    content[fare.data_page_offset : fare.data_page_offset + 200] = bytes(200)
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"w-1\.parquet is damaged"):
        list(log_batches(whole, logged_columns(MODEL)))

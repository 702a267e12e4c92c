"""A server's log from first to last: asked, answered, what became true, joined, exported, erased."""

from __future__ import annotations

import datetime
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import hagane as hg
from hagane.errors import DataError, NotFoundError, SpecError, StorageError
from hagane.fronts.cli.run import run as run_command
from hagane.serving import ServerThread
from hagane.serving.request_log.log_folder import LogFolder
from hagane.serving.request_log.log_options import LogOptions
from hagane.serving.request_log.log_settings import LogSettings
from hagane.workflow.clean_log import clean_request_log
from hagane.workflow.erase import erase
from hagane.workflow.feedback import add_feedback
from hagane.workflow.log_window import LogWindow
from hagane.workflow.request_log import export_request_log, list_logs, read_request_log, recent_rows
from hagane.workspace.workspace import Workspace

PEOPLE = ("ann", "bob", "cid")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> hg.TrainedModel:
    rows = [{"person": PEOPLE[n % 3], "age": n % 60, "late": n % 60 > 30} for n in range(600)]
    folder = tmp_path_factory.mktemp("workspace")
    return hg.train(
        pa.Table.from_pylist(rows),
        label="late",
        model="logistic_reg",
        workspace=folder,
        transform={"age": "age", "is_ann": "CAST(person = 'ann' AS INT64)"},
        serving={"sensitive": {"person": "hash"}},
    )


@pytest.fixture
def place(model: hg.TrainedModel, tmp_path: Path) -> Workspace:
    """A workspace of its own, whose server was asked nine rows in six requests."""
    place = Workspace(tmp_path / "home")
    settings = LogSettings(logs=str(place.logs_folder), options=LogOptions(flush_seconds=0.1))
    with ServerThread(model.path, version="1", request_log=settings) as server:
        ask(server.url)
    return place


def ask(url: str) -> None:
    with httpx.Client(base_url=url, trust_env=False) as client:
        for number in range(6):
            instances = [{"person": PEOPLE[number % 3], "age": 10 * number}]
            instances += [{"person": "bob", "age": 60}] if number % 2 else []
            headers = {"x-request-id": f"r{number}"}
            client.post("/predict", json={"instances": instances}, headers=headers).raise_for_status()


def test_a_table_of_what_was_asked_and_answered(place: Workspace, model: hg.TrainedModel) -> None:
    table = read_request_log("late", workspace=place)
    assert table.num_rows == 9
    assert {"instance.age", "prediction.predicted_late", "probabilities", "weight"} <= set(table.schema.names)
    rows = table.query('SELECT "instance.age" AS age, "probabilities"[2] AS p FROM data').to_pylist()
    ages = [row["age"] for row in rows]
    wanted = {10 * n: PEOPLE[n % 3] for n in range(6)}
    answered = model.predict_rows([{"person": wanted.get(age, "bob"), "age": age} for age in ages])
    assert [row["p"] for row in rows] == answered.probabilities[:, 1].tolist()
    people = table.query('SELECT DISTINCT "instance.person" AS p FROM data')["p"].to_pylist()
    assert len(people) == 3
    assert not set(people) & set(PEOPLE), "the mark in the spec went with the model"


def test_truth_is_joined_and_the_last_one_counts(place: Workspace, tmp_path: Path) -> None:
    first = tmp_path / "first.csv"
    first.write_text("request_id,row,late\nr0,,true\nr1,1,false\nnobody,0,true\n")
    assert add_feedback(str(first), "late", workspace=place) == 3
    later = pa.table({"request_id": ["r0", "r1"], "truth": [False, True], "row": [0, 0]})
    assert add_feedback(later, "late", workspace=place) == 2
    rows = read_request_log("late", workspace=place, with_truth=True).query(
        'SELECT request_id, row, "truth.late" AS truth FROM data WHERE "truth.late" IS NOT NULL ORDER BY ALL'
    )
    assert rows.to_pylist() == [
        {"request_id": "r0", "row": 0, "truth": False},
        {"request_id": "r1", "row": 0, "truth": True},
        {"request_id": "r1", "row": 1, "truth": False},
    ]
    assert len(recent_rows("late", 100, workspace=place, with_truth=True)) == 9, "no row twice"


def test_ids_of_digits_in_a_text_file_stay_what_they_are(place: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text("request_id,late\n007,true\n008,false\n")
    add_feedback(str(path), "late", workspace=place)
    (file,) = LogFolder(place.logs_folder, "late").files("feedback")
    assert pq.read_table(file)["request_id"].to_pylist() == ["007", "008"]


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"id": ["a"], "late": [True]}, "no column 'request_id'"),
        ({"request_id": ["a"], "lat": [True]}, "no column 'truth' or 'late'"),
        ({"request_id": ["a", "b"], "late": ["x", "y"]}, "row 2: truth"),
        ({"request_id": ["a", None], "late": [True, True]}, "row 2: request_id"),
    ],
)
def test_bad_feedback_is_refused_whole(place: Workspace, columns: dict[str, Any], told: str) -> None:
    with pytest.raises(DataError, match=told):
        add_feedback(pa.table(columns), "late", workspace=place)
    assert not LogFolder(place.logs_folder, "late").files("feedback")


def test_the_latest_rows_and_a_window(place: Workspace) -> None:
    rows = recent_rows("late", 3, workspace=place)
    assert [row["request_id"] for row in rows] == ["r5", "r5", "r4"]
    middle = int(rows[0]["time"].timestamp() * 1e6)
    assert {row["request_id"] for row in recent_rows("late", 99, workspace=place, window=LogWindow(middle))} == {"r5"}
    assert len(recent_rows("late", 99, workspace=place, window=LogWindow(None, middle))) == 7
    assert recent_rows("late", 99, workspace=place, window=LogWindow.of("2100-01-01", None)) == []
    assert len(recent_rows("late", 99, workspace=place, window=LogWindow.of("1h", None))) == 9
    with pytest.raises(DataError, match="is no time") as caught:
        LogWindow.of("yesterday", "soon")
    assert len(caught.value.faults) == 2


@pytest.mark.parametrize("suffix", ["parquet", "jsonl"])
def test_export(place: Workspace, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"rows.{suffix}"
    assert export_request_log("late", out, workspace=place, with_truth=True) == 9
    rows = pq.read_table(out).to_pylist() if suffix == "parquet" else [json.loads(line) for line in out.open()]
    assert [row["request_id"] for row in rows] == ["r0", "r1", "r1", "r2", "r3", "r3", "r4", "r5", "r5"]
    assert rows[0]["instance"]["age"] == 0
    assert {each["label"] for each in rows[0]["prediction"]["predicted_late_probs"]} == {False, True}
    assert rows[0]["truth"] is None
    with pytest.raises(StorageError, match="another format"):
        export_request_log("late", tmp_path / "rows.csv", workspace=place)
    assert not list(tmp_path.glob(".*partial*"))


def test_names_that_are_not_there_are_told_with_the_nearest(place: Workspace) -> None:
    with pytest.raises(NotFoundError, match="did you mean: late"):
        read_request_log("lat", workspace=place)
    (log,) = list_logs(place)
    assert (log.endpoint, log.models, log.num_rows, log.num_hours) == ("late", ("late@1",), 9, 1)


def test_cleaning_merges_and_deletes(place: Workspace) -> None:
    folder = LogFolder(place.logs_folder, "late")
    now = int(datetime.datetime.now(datetime.UTC).timestamp()) // 3600
    (open_hour,) = folder.hours("requests").values()
    folder.hour_path("requests", now - 50).parent.mkdir()
    open_hour.rename(folder.hour_path("requests", now - 50))
    assert len(clean_request_log("late", workspace=place, max_age_days=1, dry_run=True).hours) == 1
    assert not clean_request_log("late", workspace=place).hours
    assert len(folder.files("requests")) == 1
    assert len(recent_rows("late", 99, workspace=place)) == 9
    assert len(clean_request_log("late", workspace=place, max_age_days=1).hours) == 1
    assert recent_rows("late", 99, workspace=place) == []
    assert read_request_log("late", workspace=place).num_rows == 0


def test_one_person_is_erased_and_no_other(place: Workspace) -> None:
    truth = pa.table({"request_id": ["r0", "r1", "r1", "r2"], "row": [0, 0, 1, 0], "late": [True] * 4})
    add_feedback(truth, "late", workspace=place)
    told = erase("late", "person", "bob", workspace=place)
    assert (told.num_rows, told.num_feedback_rows, told.erased) == (5, 2, False)
    assert len(recent_rows("late", 99, workspace=place)) == 9, "nothing is changed before it is said"
    done = erase("late", "person", "bob", workspace=place, dry_run=False)
    assert (done.num_rows, done.num_feedback_rows, done.erased) == (5, 2, True)
    left = recent_rows("late", 99, workspace=place, with_truth=True)
    assert sorted(row["request_id"] for row in left) == ["r0", "r2", "r3", "r5"]
    assert sorted(row["request_id"] for row in left if row["truth"]) == ["r0", "r2"]
    again = erase("late", "person", "bob", workspace=place)
    assert (again.num_rows, again.num_feedback_rows, again.files) == (0, 0, ())
    assert erase("late", "age", "0", workspace=place, dry_run=False).num_rows == 1
    assert erase("late", "request_id", "r2", workspace=place, dry_run=False).num_feedback_rows == 1
    assert {row["request_id"] for row in recent_rows("late", 99, workspace=place)} == {"r3", "r5"}
    with pytest.raises(NotFoundError, match="did you mean: person"):
        erase("late", "persn", "bob", workspace=place)
    with pytest.raises(SpecError, match="age is never 'fourty'"):
        erase("late", "age", "fourty", workspace=place)


def test_what_a_server_still_holds_is_erased_too(model: hg.TrainedModel, tmp_path: Path) -> None:
    place = Workspace(tmp_path / "home")
    settings = LogSettings(logs=str(place.logs_folder), options=LogOptions(flush_seconds=1.0))
    with ServerThread(model.path, version="1", request_log=settings) as server:
        ask(server.url)
        while not recent_or_none(place):  # until it is known that somebody writes
            threading.Event().wait(0.05)
        ask(server.url)
        assert any("a server writes" in note for note in erase("late", "person", "bob", workspace=place).notes)
        erase("late", "person", "bob", workspace=place, dry_run=False)
    assert erase("late", "person", "bob", workspace=place).num_rows == 0
    assert len(recent_rows("late", 99, workspace=place)) == 8


def recent_or_none(place: Workspace) -> list[dict[str, Any]]:
    try:
        return recent_rows("late", 1, workspace=place)
    except NotFoundError:
        return []


def test_what_cannot_be_erased_is_told(model: hg.TrainedModel, place: Workspace, tmp_path: Path) -> None:
    there = Workspace(model.path.parents[2])
    settings = LogSettings(logs=str(there.logs_folder), options=LogOptions(sensitive={"person": "leave_out"}))
    with ServerThread(model.path, version="1", request_log=settings) as server:
        ask(server.url)
    told = erase("late", "person", "bob", workspace=there)
    assert told.num_rows == 0
    assert any("left out" in note for note in told.notes)
    assert any("late@1 was trained on person" in each for each in told.elsewhere)


@pytest.fixture
def command(place: Workspace, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    def run(*arguments: str, code: int = 0) -> Any:
        ended = run_command([*arguments, "--workspace", str(place.root), "--json"])
        told = capsys.readouterr()
        assert ended == code, told
        return json.loads(told.out)

    return run


def test_the_command_line(command: Callable[..., Any], tmp_path: Path) -> None:
    assert command("logs", "list")["logs"][0]["num_rows"] == 9
    assert len(command("logs", "show", "late", "-n", "4")["rows"]) == 4
    out = tmp_path / "rows.parquet"
    assert command("logs", "export", "late", "-o", str(out))["num_rows"] == 9
    truth = tmp_path / "truth.jsonl"
    truth.write_text('{"request_id": "r0", "truth": true}\n')
    assert command("feedback", str(truth), "--endpoint", "late")["num_rows"] == 1
    assert command("erase", "--endpoint", "late", "--key", "person=bob")["erasure"]["erased"] is False
    assert command("erase", "--endpoint", "late", "--key", "person=bob", "--yes")["erasure"]["num_rows"] == 5
    assert command("logs", "clean", "late")["deleted"] is False
    command("erase", "--endpoint", "late", "--key", "person", code=2)
    command("logs", "show", "nobody", code=8)


def test_what_the_terminal_shows(
    place: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "150")
    truth = pa.table({"request_id": ["r4"], "late": [True]})
    add_feedback(truth, "late", workspace=place)
    assert run_command(["logs", "show", "late", "-n", "2", "--with-truth", "--workspace", str(place.root)]) == 0
    shown = capsys.readouterr().out
    assert "late@1" in shown
    assert "r5[1]" in shown
    assert "predicted_late: true" in shown
    monkeypatch.setenv("COLUMNS", "80")
    assert run_command(["logs", "show", "late", "-n", "2", "--workspace", str(place.root)]) == 0
    assert "r5[1]" in capsys.readouterr().out
    assert run_command(["logs", "list", "--workspace", str(place.root)]) == 0
    assert "late@1" in capsys.readouterr().out

"""What a real server answered is had again to the bit; where the bundle's preprocessing is another, it is not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import hagane as hg
from hagane.errors import DataError
from hagane.features.transform import Transform
from hagane.fronts.cli.run import run as run_command
from hagane.monitoring.window_replay import TOLERANCE
from hagane.runtime.runtime_build import runtime_build
from hagane.serving import ServerThread
from hagane.serving.request_log.file_metadata import MODEL_KEY, LoggedModel, file_metadata, logged_model
from hagane.serving.request_log.log_folder import LogFolder
from hagane.serving.request_log.log_options import LogOptions
from hagane.serving.request_log.log_settings import LogSettings
from hagane.spec.monitoring import Monitoring
from hagane.workflow import replay_rows as replayed
from hagane.workflow.monitor import monitor
from hagane.workflow.replay import replay
from hagane.workspace.workspace import Workspace

NUM_ROWS = 90
INSTANCES: list[dict[str, Any]] = [
    {"fare": None if number % 9 == 4 else number / 7, "job": ["pilot", "鋼", None, "new one"][number % 4],
     "age": number % 50, "seen": f"2013-01-{1 + number % 28:02d}T05:00:00.123456Z",
     "tags": ["a", None, "b"][: number % 4]}
    for number in range(NUM_ROWS)
]  # fmt: skip
TRANSFORM = {"log_fare": "LN(fare + 1)", "job": "job", "aged": "ML.STANDARD_SCALER(age) OVER ()", "tags": "tags",
             "hour": "EXTRACT(HOUR FROM seen)"}  # fmt: skip


def train(folder: Path, **changed: Any) -> Workspace:
    place = Workspace(folder)
    rows = [dict(INSTANCES[number % NUM_ROWS], late=number % 50 > 25) for number in range(900)]
    schema = pa.schema([("fare", pa.float64()), ("job", pa.string()), ("age", pa.int64()),
                        ("seen", pa.string()), ("tags", pa.list_(pa.string())), ("late", pa.bool_())])  # fmt: skip
    table = pa.Table.from_pylist(rows, schema)
    seen = table["seen"].cast(pa.timestamp("us", tz="UTC"))
    table = table.set_column(3, "seen", seen)
    hg.train(table, label="late", model="logistic_reg", name="late", workspace=place.root,
             transform=TRANSFORM | changed)  # fmt: skip
    return place


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A model, and what a real server logged of it."""
    place = train(tmp_path_factory.mktemp("home"))
    settings = LogSettings(logs=str(place.logs_folder), endpoint="late", options=LogOptions(flush_seconds=0.1))
    with ServerThread(place.get("late").path, version="1", request_log=settings) as server:
        for start in (0, 1, 5, 30):
            end = {0: 1, 1: 5, 5: 30, 30: NUM_ROWS}[start]
            headers = {"X-Request-Id": f"r{start}"}
            body = {"instances": INSTANCES[start:end]}
            httpx.post(f"{server.url}/predict", json=body, headers=headers).raise_for_status()
    return place


@pytest.fixture
def place(trained: Workspace, tmp_path: Path) -> Workspace:
    shutil.copytree(trained.root, tmp_path / "home")
    return Workspace(tmp_path / "home")


def test_every_row_is_answered_as_it_was(place: Workspace) -> None:
    shutil.rmtree(LogFolder(place.logs_folder, "late").models)  # each file of rows tells as well whose they are
    report = replay("late", workspace=place)
    (model,) = report.models
    assert model.model == "late@1"
    assert (model.replay.num_rows, model.replay.num_differ, model.replay.largest_difference) == (NUM_ROWS, 0, 0.0)
    assert model.replay.is_same_build
    assert report.is_same
    assert hg.replay("late", num_rows=20, workspace=place.root).models[0].replay.num_rows == 20
    assert run_command(["replay", "late", "--workspace", str(place.root)]) == 0


def test_a_bundle_of_another_preprocessing_is_found(
    place: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = train(tmp_path / "other", log_fare="LN(fare + 2)")
    version = place.get("late").path
    shutil.rmtree(version)
    shutil.copytree(other.get("late").path, version)
    (model,) = replay("late", workspace=place).models
    assert model.replay.num_features_differ == 0, "the bundle agrees with itself"
    assert model.replay.num_answers_differ > 0.8 * NUM_ROWS
    assert 0 < model.replay.largest_difference < 1
    assert set(model.replay.request_ids) <= {"r0", "r1", "r5", "r30"}
    assert run_command(["replay", "late", "--json", "--workspace", str(place.root)]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["models"][0]["replay"]["num_answers_differ"] == model.replay.num_answers_differ


def test_a_training_path_that_makes_other_features_is_found(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    other = place.get("late").path
    document = json.loads((other / "transform.json").read_text())
    changed = json.dumps(document).replace("LN(fare + 1)", "LN(fare + 2)").encode()
    from_json = Transform.from_json.__func__  # type: ignore[attr-defined]
    monkeypatch.setattr(replayed.Transform, "from_json", classmethod(lambda cls, _: from_json(cls, changed)))
    (model,) = replay("late", workspace=place).models
    fares = sum(instance["fare"] is not None for instance in INSTANCES)
    assert (model.replay.num_features_differ, model.replay.num_answers_differ) == (fares, 0)


def rewritten(place: Workspace, change: Any) -> None:
    """The log's files with other metadata."""
    for file in LogFolder(place.logs_folder, "late").files("requests"):
        model = msgspec.structs.replace(logged_model(file), **change)
        pq.write_table(pq.read_table(file).replace_schema_metadata(file_metadata(model)), file)


def test_another_build_of_the_runtime_may_differ_in_the_last_bits(
    place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    (file, *_) = LogFolder(place.logs_folder, "late").files("requests")
    content = msgspec.json.decode(pq.read_schema(file).metadata[MODEL_KEY], type=LoggedModel)
    assert content.runtime == runtime_build()
    exact = replayed._difference
    monkeypatch.setattr(replayed, "_difference", lambda then, now: exact(then, now) + TOLERANCE / 10)
    assert replay("late", workspace=place).models[0].replay.num_answers_differ == NUM_ROWS
    rewritten(place, {"runtime": "onnxruntime 0.1 elsewhere"})
    (model,) = replay("late", workspace=place).models
    assert not model.replay.is_same_build
    assert (model.replay.num_answers_differ, model.replay.num_rows) == (0, NUM_ROWS)
    monkeypatch.setattr(replayed, "_difference", lambda then, now: exact(then, now) + TOLERANCE * 10)
    assert replay("late", workspace=place).models[0].replay.num_answers_differ == NUM_ROWS


def test_windows_are_replayed_where_that_is_asked_for(place: Workspace) -> None:
    later = 10**6 * 4_000_000_000
    asked = Monitoring(watch=("inputs", "replay"), min_rows=10)
    (window,) = monitor("late", workspace=place, monitoring=asked, now=later).windows
    assert window.summary.replay is not None
    assert window.summary.replay.num_rows == NUM_ROWS
    assert [(each.name, each.is_anomaly, each.is_judged) for each in window.about("replay")] == [
        ("features", False, True), ("answers", False, True)]  # fmt: skip


def test_what_cannot_be_asked_again_is_said(place: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DataError, match="nothing is logged of 'late' in this time"):
        hg.replay("late", until="2001-01-01", workspace=place.root)
    shutil.rmtree(place.get("late").path)
    assert run_command(["replay", "late", "--workspace", str(place.root)]) == 0
    assert "late@1 is gone, or cannot be read" in " ".join(capsys.readouterr().out.split())
    folder = LogFolder(place.logs_folder, "late").models
    (file,) = folder.glob("*.json")
    model = msgspec.json.decode(file.read_bytes(), type=LoggedModel)
    file.write_bytes(msgspec.json.encode(msgspec.structs.replace(model, sensitive={"job": "hash"})))
    assert replay("late", workspace=place).models[0].replay.reason == "the log holds no true values of job"

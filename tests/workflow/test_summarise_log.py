"""The summaries of a log's windows against DuckDB over the very rows; late rows, and what was there already."""

from __future__ import annotations

import shutil
from pathlib import Path

import httpx
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from tests.serving.request_log import made_hours

import hagane as hg
from hagane.errors import DataError, NotFoundError
from hagane.monitoring.expected_binary import ExpectedBinary
from hagane.monitoring.window_summary import WindowSummary
from hagane.monitoring.windows import Windows
from hagane.serving import ServerThread
from hagane.serving.request_log.file_metadata import file_metadata
from hagane.serving.request_log.hour_writer import write_rows
from hagane.serving.request_log.log_folder import LogFolder
from hagane.serving.request_log.log_options import LogOptions
from hagane.serving.request_log.log_settings import LogSettings
from hagane.serving.request_log.model_file import write_model_file
from hagane.spec.monitoring import Monitoring
from hagane.workflow.monitor import monitor
from hagane.workflow.summarise_log import summarise_log
from hagane.workspace.window_summaries import WindowSummaries
from hagane.workspace.workspace import Workspace

HOUR = 3_600_000_000
DAY = 24
LONG_AGO = 20_000 * DAY
"""An hour that begins a day."""
HOURS = Monitoring(every="hour")
DAYS = Monitoring(every="day")


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    """Four hours of two days: 40, 30 and 20 rows of version 1, and 10 of version 2 beside the last."""
    place = Workspace(tmp_path / "home")
    folder = LogFolder(place.logs_folder, "e")
    for hour, numbers in ((0, range(40)), (5, range(40, 70)), (DAY, range(70, 90))):
        made_hours.write_hour(folder, LONG_AGO + hour, numbers)
    made_hours.write_hour(folder, LONG_AGO + DAY, range(90, 100), version="2")
    for version in ("1", "2"):
        write_model_file(folder, made_hours.model(version))
    return place


def history(place: Workspace, windows: Monitoring) -> list[WindowSummary]:
    return WindowSummaries(place.monitoring_folder, "e").between(Windows(windows.every, windows.time_zone).series)


def test_each_window_has_the_statistics_of_its_rows(place: Workspace) -> None:
    done = summarise_log("e", workspace=place, monitoring=HOURS).windows
    assert [window.start // HOUR - LONG_AGO for window in done] == [0, 5, DAY]
    first, second, third, other = history(place, HOURS)
    assert [(each.num_rows, each.traffic, each.version) for each in (first, second, third, other)] == [
        (40, 40.0, "1"), (30, 30.0, "1"), (20, 20.0, "1"), (10, 10.0, "2")]  # fmt: skip
    age = second.inputs["age"]
    assert (age.count, age.min, age.max) == (30, 40, 69)
    assert age.mean == pytest.approx(54.5)
    assert second.predictions["predicted_y"].mean == pytest.approx(54.5 / 2)
    assert {top.value: top.count for top in first.inputs["person"].top_values} == {f"p{n}": 8 for n in range(5)}


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
def test_what_rows_stand_for_and_which_erred(tmp_path: Path, zone: str) -> None:
    """Of a file's whole hour, and of the two halves by SQL; a mirror's rows are in neither."""
    place = Workspace(tmp_path / "home")
    folder, table = LogFolder(place.logs_folder, "e"), made_hours.rows(list(range(12)), LONG_AGO)
    own = {"weight": [float(n) for n in range(12)], "row_error": [n % 3 == 0 for n in range(12)],
           "mirror": [n == 11 for n in range(12)]}  # fmt: skip
    for name, values in own.items():
        at = table.schema.get_field_index(name)
        table = table.set_column(at, table.schema.field(at), pa.array(values))
    write_rows(folder.make_hour("requests", LONG_AGO) / "w.parquet", table)
    write_model_file(folder, made_hours.model())
    hours = Monitoring(every="hour", time_zone=zone)
    summarise_log("e", workspace=place, monitoring=hours)
    kept = history(place, hours)
    assert sum(each.num_rows for each in kept) == 11
    assert sum(each.traffic for each in kept) == sum(range(11))
    assert sum(each.num_errors for each in kept) == 4


def test_windows_merge_into_the_longer_one(place: Workspace) -> None:
    summarise_log("e", workspace=place, monitoring=HOURS)
    summarise_log("e", workspace=place, monitoring=DAYS)
    first, second = history(place, HOURS)[:2]
    merged, whole = first.merge(second), history(place, DAYS)[0]
    assert (merged.num_rows, merged.traffic) == (whole.num_rows, whole.traffic) == (70, 70.0)
    for name in ("age", "person"):
        mine, theirs = merged.inputs[name], whole.inputs[name]
        assert (mine.count, mine.min, mine.max, mine.num_distinct) == (
            theirs.count, theirs.min, theirs.max, theirs.num_distinct)  # fmt: skip
    assert merged.inputs["age"].stddev == pytest.approx(whole.inputs["age"].stddev)
    assert len(whole.to_bytes()) < 20_000


def test_what_is_there_is_left_and_late_rows_are_not(place: Workspace) -> None:
    assert len(summarise_log("e", workspace=place, monitoring=DAYS).windows) == 2
    assert summarise_log("e", workspace=place, monitoring=DAYS).windows == ()
    folder = LogFolder(place.logs_folder, "e")
    write_rows(folder.make_hour("requests", LONG_AGO + 7) / "late.parquet", made_hours.rows([500], LONG_AGO + 7))
    (again,) = summarise_log("e", workspace=place, monitoring=DAYS).windows
    assert again.start == LONG_AGO * HOUR
    assert [each.num_rows for each in history(place, DAYS)] == [71, 20, 10]


def test_a_window_that_is_not_over_waits(place: Workspace) -> None:
    now = (LONG_AGO + DAY + 3) * HOUR
    assert [window.end <= now for window in summarise_log("e", workspace=place, monitoring=DAYS, now=now).windows] == [
        True
    ]
    assert len(summarise_log("e", workspace=place, monitoring=DAYS, now=(LONG_AGO + 2 * DAY) * HOUR).windows) == 1


def test_hours_that_were_deleted_leave_their_summaries(place: Workspace) -> None:
    summarise_log("e", workspace=place, monitoring=HOURS)
    for file in LogFolder(place.logs_folder, "e").files("requests", until=LONG_AGO + 1):
        file.unlink()
    assert summarise_log("e", workspace=place, monitoring=HOURS).windows == ()
    assert history(place, HOURS)[0].num_rows == 40


def test_days_of_a_zone(place: Workspace) -> None:
    summarise_log("e", workspace=place, monitoring=Monitoring(every="day", time_zone="America/New_York"))
    kept = WindowSummaries(place.monitoring_folder, "e").between("day America/New_York")
    assert [each.num_rows for each in kept] == [40, 50, 10], "UTC's midnight is the evening before"
    assert kept[0].window.start % (24 * HOUR) != 0


def test_an_hour_that_lies_in_two_windows_is_looked_at_once(place: Workspace) -> None:
    half = Monitoring(every="hour", time_zone="Asia/Kolkata")
    assert len(summarise_log("e", workspace=place, monitoring=half).windows) == 6
    assert summarise_log("e", workspace=place, monitoring=half).windows == ()
    assert sum(each.num_rows for each in history(place, half)) == 100
    days = Monitoring(every="day", time_zone="Asia/Kolkata")
    assert len(summarise_log("e", workspace=place, monitoring=days).windows) == 2
    assert [each.num_rows for each in history(place, days)] == [70, 20, 10]


def test_what_cannot_be_read_is_told(place: Workspace) -> None:
    with pytest.raises(NotFoundError, match="no request log of 'f'"):
        summarise_log("f", workspace=place, monitoring=HOURS)
    with pytest.raises(DataError, match="no summary"):
        WindowSummary.from_bytes(b"rubbish")
    whole = history_of_one(place)
    with pytest.raises(DataError, match="damaged"):
        WindowSummary.from_bytes(whole[:-20])


def history_of_one(place: Workspace) -> bytes:
    summarise_log("e", workspace=place, monitoring=HOURS)
    return history(place, HOURS)[0].to_bytes()


def test_models_whose_file_is_gone_are_known_by_the_files_of_their_rows(place: Workspace) -> None:
    whole = [each.num_rows for each in history_with(place)]
    folder = LogFolder(place.logs_folder, "e")
    (folder.models / "id1.json").unlink()
    (folder.models / "id2.json").write_text("{")
    arrived = pa.table({"of": ["request"], "name": [""], "reason": ["type"], "count": [7]})
    refused = arrived.replace_schema_metadata(file_metadata(made_hours.model("3")))
    write_rows(folder.make_hour("arrivals", LONG_AGO + 5) / "a.parquet", refused)
    WindowSummaries(place.monitoring_folder, "e").path.unlink()
    found = history_with(place)
    assert [each.num_rows for each in found if each.version != "3"] == whole
    (only_refused,) = [each for each in found if each.version == "3"]
    assert only_refused.arrivals is not None
    assert only_refused.arrivals.requests == {"type": 7}
    shutil.rmtree(folder.models)
    shutil.rmtree(place.monitoring_folder)
    assert "the spec of m@2 cannot be read" in monitor("e", workspace=place).notes[0], "the last that was asked"


def history_with(place: Workspace) -> list[WindowSummary]:
    assert not summarise_log("e", workspace=place, monitoring=HOURS).notes
    return history(place, HOURS)


def test_damaged_counts_of_requests_are_told(place: Workspace) -> None:
    folder = LogFolder(place.logs_folder, "e")
    arrived = pa.table({"of": ["request"], "name": [""], "reason": ["type"], "count": [7]})
    path = folder.make_hour("arrivals", LONG_AGO + 5) / "a.parquet"
    write_rows(path, arrived.replace_schema_metadata(file_metadata(made_hours.model("1"))))
    content = bytearray(path.read_bytes())
    content[4:60] = bytes(56)
    path.write_bytes(content)
    (note,) = summarise_log("e", workspace=place, monitoring=HOURS).notes
    assert "a.parquet is damaged" in note


def test_rows_of_a_model_that_no_file_tells_of_are_told(place: Workspace) -> None:
    folder = LogFolder(place.logs_folder, "e")
    (folder.models / "id2.json").unlink()
    for file in folder.hour_path("requests", LONG_AGO + DAY).glob("w1-*.parquet"):
        file.unlink()
    for file in folder.path.rglob("w2-*.parquet"):
        pq.write_table(pq.read_table(file).replace_schema_metadata(None), file)
    (note,) = summarise_log("e", workspace=place, monitoring=HOURS).notes
    assert "this is no file of a request log" in note
    by_rows = summarise_log("e", workspace=place, monitoring=Monitoring(every="10 rows", min_rows=1))
    assert "'id2' are logged, and no file tells which model it is" in by_rows.notes[0]
    assert [each.num_rows for each in history(place, HOURS)] == [40, 30]


def test_a_real_server_and_its_probabilities(tmp_path: Path) -> None:
    rows = pa.table({"age": [n % 60 for n in range(600)], "late": [n % 60 > 30 for n in range(600)]})
    model = hg.train(rows, label="late", model="logistic_reg", workspace=tmp_path / "trained")
    place = Workspace(tmp_path / "home")
    settings = LogSettings(logs=str(place.logs_folder), options=LogOptions(flush_seconds=0.1))
    instances = [{"age": n} for n in range(60)]
    with ServerThread(model.path, version="1", request_log=settings) as server:
        httpx.post(f"{server.url}/predict", json={"instances": instances}).raise_for_status()
    later = 10**6 * 4_000_000_000
    summarise_log("late", workspace=place, monitoring=DAYS, now=later)
    (summary,) = WindowSummaries(place.monitoring_folder, "late").between("day UTC")
    probabilities = model.predict_rows(instances).probabilities
    assert probabilities is not None
    answered = probabilities[:, 1]
    threshold = model.bundle.signature.threshold
    assert threshold is not None
    assert summary.expected == ExpectedBinary.of(answered, threshold=threshold)
    assert summary.predictions["probability"].mean == pytest.approx(float(pc.mean(pa.array(answered)).as_py()))
    assert summary.inputs.num_rows == 60

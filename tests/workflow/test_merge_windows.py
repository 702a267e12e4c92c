"""Longer windows made of hours, against the same windows summed up from their rows; what is there without a log."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.serving.request_log import made_hours

from hagane.monitoring.window_summary import WindowSummary
from hagane.monitoring.windows import Window, Windows
from hagane.serving.request_log.hour_writer import write_rows
from hagane.serving.request_log.log_folder import LogFolder
from hagane.serving.request_log.log_options import LogOptions
from hagane.serving.request_log.model_file import write_model_file
from hagane.serving.request_log.retention import expire
from hagane.spec.monitoring import Monitoring
from hagane.workflow.monitor import monitor
from hagane.workflow.summarise_log import summarise_log, summarise_window
from hagane.workspace.window_summaries import WindowSummaries
from hagane.workspace.workspace import Workspace

HOUR = 3_600_000_000
FIRST = 20_000 * 24
"""An hour that begins a day: 2024-10-04."""
ZONES = ("UTC", "Europe/Berlin", "Asia/Kolkata", "America/Havana", "Australia/Lord_Howe")


def made_log(root: Path, hours: dict[int, int]) -> Workspace:
    """So many rows of version 1 in each hour, and every third hour as many of version 2."""
    place, first = Workspace(root), 0
    folder = LogFolder(place.logs_folder, "e")
    for hour, num_rows in hours.items():
        for version in ("1", "2") if hour % 3 == 0 else ("1",):
            made_hours.write_hour(folder, FIRST + hour, range(first, first + num_rows), version=version, files=1)
            first += num_rows
    for version in ("1", "2"):
        write_model_file(folder, made_hours.model(version))
    return place


def kept(place: Workspace, monitoring: Monitoring) -> list[WindowSummary]:
    series = Windows(monitoring.every, monitoring.time_zone).series
    return WindowSummaries(place.monitoring_folder, "e").between(series)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(st.integers(0, 24 * 45), st.integers(1, 900), min_size=1, max_size=7),
    st.sampled_from(ZONES),
    st.sampled_from(["day", "week", "month"]),
)
def test_merged_hours_are_the_window_summed_up_from_its_rows(
    tmp_path_factory: pytest.TempPathFactory, hours: dict[int, int], zone: str, every: str
) -> None:
    place = made_log(tmp_path_factory.mktemp("home"), hours)
    asked = Monitoring(every=every, time_zone=zone)
    done = summarise_log("e", workspace=place, monitoring=asked)
    assert done.notes == ()
    merged = kept(place, asked)
    folder = LogFolder(place.logs_folder, "e")
    whole = [each for window in done.windows
             for each in summarise_window(folder, window, workspace=place, monitoring=asked)]  # fmt: skip
    assert [(each.window, each.version) for each in merged] == [(each.window, each.version) for each in whole]
    total = sum(number * (2 if hour % 3 == 0 else 1) for hour, number in hours.items())
    assert sum(each.num_rows for each in merged) == total, "no row is lost, none counted twice"
    for one, other in zip(merged, whole, strict=True):
        same_within_the_sketches(one, other)


def same_within_the_sketches(merged: WindowSummary, whole: WindowSummary) -> None:
    assert (merged.num_rows, merged.num_errors) == (whole.num_rows, whole.num_errors)
    assert merged.traffic == pytest.approx(whole.traffic)
    mine, theirs = merged.inputs["age"], whole.inputs["age"]
    assert (mine.count, mine.num_nulls, mine.min, mine.max, mine.num_zeros) == (
        theirs.count, theirs.num_nulls, theirs.min, theirs.max, theirs.num_zeros)  # fmt: skip
    assert mine.mean == pytest.approx(theirs.mean)
    assert mine.stddev == (None if theirs.stddev is None else pytest.approx(theirs.stddev))
    assert mine.quantile_sketch is not None
    assert theirs.quantile_sketch is not None
    points = [float(value.value) for value in theirs.quantiles]
    allowed = 2 * (mine.quantile_sketch.rank_error + theirs.quantile_sketch.rank_error) + 1 / mine.count
    for rank, exact in zip(mine.quantile_sketch.ranks(points), theirs.quantile_sketch.ranks(points), strict=True):
        assert abs(rank - exact) <= allowed
    assert mine.num_distinct == pytest.approx(theirs.num_distinct, rel=0.06)
    assert [(top.value, top.count) for top in merged.inputs["person"].top_values] == [
        (top.value, top.count) for top in whole.inputs["person"].top_values]  # fmt: skip


def test_a_month_is_there_without_the_log_and_its_models(tmp_path: Path) -> None:
    place = made_log(tmp_path, {0: 30, 5: 20, 24: 10, 24 * 40: 7})
    summarise_log("e", workspace=place, monitoring=Monitoring(every="hour"))
    shutil.rmtree(place.logs_folder)
    report = monitor("e", workspace=place, monitoring=Monitoring(every="month", min_rows=1))
    assert [(window.summary.num_rows, window.summary.version) for window in report.windows] == [
        (60, "1"), (40, "2"), (7, "1"), (7, "2")]  # fmt: skip
    assert not LogFolder(place.logs_folder, "e").path.exists()
    assert monitor("e", workspace=place).monitoring == Monitoring(), "and says so where the model is gone, too"


def test_a_late_row_finds_its_way_into_the_month(tmp_path: Path) -> None:
    place, asked = made_log(tmp_path, {1: 30, 30: 20}), Monitoring(every="month")
    summarise_log("e", workspace=place, monitoring=asked)
    folder = LogFolder(place.logs_folder, "e")
    write_rows(folder.make_hour("requests", FIRST + 7) / "late.parquet", made_hours.rows([5_000], FIRST + 7))
    for every in ("day", "month"):
        assert len(summarise_log("e", workspace=place, monitoring=Monitoring(every=every)).windows) <= 1
    assert [(each.num_rows, each.inputs["age"].max) for each in kept(place, asked)] == [(51, 5_000), (20, 69)]
    assert summarise_log("e", workspace=place, monitoring=asked).windows == ()


def test_a_window_is_merged_once_it_is_over(tmp_path: Path) -> None:
    place, asked = made_log(tmp_path, {0: 3, 23: 4}), Monitoring(every="day")
    before = summarise_log("e", workspace=place, monitoring=asked, now=(FIRST + 24) * HOUR - 1)
    assert before.windows == ()
    summaries = WindowSummaries(place.monitoring_folder, "e")
    assert list(summaries.kept("hour")) == [FIRST * HOUR], "the hours that are over are summed up already"
    after = summarise_log("e", workspace=place, monitoring=asked, now=(FIRST + 24) * HOUR)
    assert after.windows == (Window(FIRST * HOUR, (FIRST + 24) * HOUR),)


def test_old_hours_become_days_and_their_late_rows_count(tmp_path: Path) -> None:
    place = made_log(tmp_path, {1: 30, 5: 20, 24 * 50: 7})
    asked = Monitoring(every="hour", keep_hours_days=40)
    summarise_log("e", workspace=place, monitoring=asked)
    summaries = WindowSummaries(place.monitoring_folder, "e")
    assert [each.num_rows for each in kept(place, asked)] == [7, 7], "two models, of the last hour"
    assert [each.num_rows for each in kept(place, Monitoring())] == [50]
    assert summarise_log("e", workspace=place, monitoring=asked).windows == (), "what was let go is known"
    folder = LogFolder(place.logs_folder, "e")
    write_rows(folder.make_hour("requests", FIRST + 5) / "late.parquet", made_hours.rows([5_000], FIRST + 5))
    summarise_log("e", workspace=place, monitoring=asked)
    assert [each.num_rows for each in kept(place, Monitoring())] == [51]
    assert all(each.is_thinned for each in summaries.kept("hour", until=(FIRST + 24) * HOUR).values())


def test_a_late_row_of_a_day_that_the_log_has_lost_is_told(tmp_path: Path) -> None:
    place = made_log(tmp_path, {1: 30, 5: 20, 24 * 50: 7})
    asked = Monitoring(keep_hours_days=40)
    summarise_log("e", workspace=place, monitoring=asked)
    folder = LogFolder(place.logs_folder, "e")
    shutil.rmtree(folder.hour_path("requests", FIRST + 1))
    write_rows(folder.make_hour("requests", FIRST + 5) / "late.parquet", made_hours.rows([5_000], FIRST + 5))
    (note,) = summarise_log("e", workspace=place, monitoring=asked).notes
    assert "late rows of 2024-10-04 05:00 are not counted" in note
    assert kept(place, asked)[0].num_rows == 50


def test_another_zone_begins_where_hours_do(tmp_path: Path) -> None:
    place = made_log(tmp_path, {1: 30, 5: 20, 24 * 50: 7, 24 * 51: 9})
    summarise_log("e", workspace=place, monitoring=Monitoring(keep_hours_days=40))
    shutil.rmtree(place.logs_folder)
    asked = Monitoring(time_zone="America/New_York")
    done = summarise_log("e", workspace=place, monitoring=asked)
    assert len(done.windows) == 2
    assert {each.num_rows for each in kept(place, asked)} == {7, 9}


def test_a_damaged_file_keeps_back_its_own_windows_alone(tmp_path: Path) -> None:
    place = made_log(tmp_path, {1: 30, 24: 20, 48: 7})
    folder = LogFolder(place.logs_folder, "e")
    damaged = folder.files("requests", since=FIRST + 24, until=FIRST + 25)[0]
    content = damaged.read_bytes()
    damaged.write_bytes(content[: len(content) // 2])
    done = summarise_log("e", workspace=place, monitoring=Monitoring())
    assert [window.start // HOUR - FIRST for window in done.windows] == [0, 48]
    assert "the hour 2024-10-05 00:00 cannot be summed up" in done.notes[0]
    damaged.write_bytes(content)
    done = summarise_log("e", workspace=place, monitoring=Monitoring())
    assert [window.start // HOUR - FIRST for window in done.windows] == [24]


def test_rows_of_a_clock_that_runs_ahead_wait(tmp_path: Path) -> None:
    place = made_log(tmp_path, {1: 30, 24 * 9: random.Random(0).randint(1, 9)})
    asked, now = Monitoring(every="hour"), (FIRST + 2) * HOUR
    assert len(summarise_log("e", workspace=place, monitoring=asked, now=now).windows) == 1
    assert summarise_log("e", workspace=place, monitoring=asked, now=now - 30 * HOUR).windows == (), "set back"
    assert [each.num_rows for each in kept(place, asked)] == [30], "and nothing is lost by it"


def test_what_was_deleted_before_anybody_looked_is_told(tmp_path: Path) -> None:
    place = made_log(tmp_path, {1: 30, 5: 20, 7: 10, 30: 7})
    folder, asked = LogFolder(place.logs_folder, "e"), Monitoring()
    first = (FIRST + 2) * HOUR

    def clean(last: int) -> None:
        """As a server does: every hour up to and with this one."""
        expire(folder, LogOptions(max_age_days=1.0), (FIRST + last + 1 + 24) * 3600.0)

    assert summarise_log("e", workspace=place, monitoring=asked, now=first).notes == ()
    clean(1)
    assert summarise_log("e", workspace=place, monitoring=asked, now=first).notes == (), "that is kept"
    clean(6)
    (note,) = summarise_log("e", workspace=place, monitoring=asked, now=first).notes
    assert "cleaned up to 2024-10-04 06:00" in note
    assert "after 2024-10-04 02:00 are missing" in note
    other = made_log(tmp_path / "other", {1: 30, 5: 20})
    expire(LogFolder(other.logs_folder, "e"), LogOptions(max_age_days=1.0), (FIRST + 2 + 24) * 3600.0)
    for _ in range(2):
        assert summarise_log("e", workspace=other, monitoring=asked).notes == (), "nobody had watched before"


NAMESPACE = ["unshare", "--map-root-user", "--mount"]


@pytest.mark.skipif(
    not sys.platform.startswith("linux")
    or subprocess.run([*NAMESPACE, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False).returncode
    != 0,
    reason="needs Linux, and leave to mount a small disk in a namespace",
)
def test_a_history_on_a_full_disk_goes_on_where_it_was(tmp_path: Path) -> None:
    """A real one: what is kept is whole, what does not fit is told, and with room again nothing is missing."""
    program = Path(__file__).with_name("full_monitor_disk.py")
    root = program.parents[2]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root / "src"), str(root)])}
    words = [*NAMESPACE, sys.executable, str(program), str(tmp_path)]
    said = subprocess.run(words, capture_output=True, text=True, check=True, env=environment)
    told = json.loads(said.stdout)
    assert "disk is full" in told["told"]
    assert "make room" in told["told"]
    assert 0 < len(told["kept"]) < 20
    assert len(told["kept"]) + told["again"] == 20
    assert told["after"] == [2_000] * 20


def test_the_day_on_which_clocks_are_set_back_has_twenty_five_hours(tmp_path: Path) -> None:
    change = 20_023 * 24 - FIRST
    """2024-10-27, 00:00 UTC; Berlin's day began two hours before."""
    place = made_log(tmp_path, {change + hour: 2 for hour in (-3, -2, 0, 1, 22, 23)})
    asked = Monitoring(time_zone="Europe/Berlin")
    done = summarise_log("e", workspace=place, monitoring=asked)
    assert [(window.end - window.start) // HOUR for window in done.windows] == [24, 25, 24]
    by_version = [(each.version, each.num_rows) for each in kept(place, asked)]
    assert by_version == [("1", 2), ("2", 2), ("1", 8), ("2", 2), ("1", 2)]


def test_several_at_once_are_one(tmp_path: Path) -> None:
    place = made_log(tmp_path, dict.fromkeys(range(0, 30, 3), 20))
    asked = Monitoring(every="day")
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: summarise_log("e", workspace=place, monitoring=asked), range(3)))
    assert [each.num_rows for each in kept(place, asked)] == [160, 160, 40, 40]
    assert summarise_log("e", workspace=place, monitoring=asked).windows == ()

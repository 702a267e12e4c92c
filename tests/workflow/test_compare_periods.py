"""Two periods beside each other, without a row: against the same summed up from the rows."""

from __future__ import annotations

import datetime
import json
import shutil
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.serving.request_log import made_hours

import hagane as hg
from hagane.errors import DataError
from hagane.fronts.cli.run import run as run_command
from hagane.monitoring.judge_window import judge_window
from hagane.monitoring.period_of import period_of
from hagane.monitoring.reference import Reference
from hagane.monitoring.windows import Window
from hagane.serving.request_log.log_folder import LogFolder
from hagane.serving.request_log.model_file import write_model_file
from hagane.spec.monitoring import Monitoring
from hagane.workflow.compare_periods import compare_periods
from hagane.workflow.summarise_log import summarise_log, summarise_window
from hagane.workspace.workspace import Workspace

HOUR = 3_600_000_000
FIRST = 20_025 * 24
"""2024-10-29, 00:00."""
ASKED = Monitoring(min_rows=10)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Some hours of October and November 2024 by version 1, of December by version 2; ages differ."""
    place = Workspace(tmp_path_factory.mktemp("home"))
    folder = LogFolder(place.logs_folder, "e")
    for hour, first, version in (
        (1, 0, "1"),
        (30, 20, "1"),
        (24 * 4, 60, "1"),
        (24 * 5, 80, "1"),
        (24 * 33, 70, "2"),
    ):
        made_hours.write_hour(folder, FIRST + hour, range(first, first + 40), version=version, files=1)
    for version in ("1", "2"):
        write_model_file(folder, made_hours.model(version))
    return place


def test_periods_lie_as_far_apart_as_their_rows(place: Workspace) -> None:
    october, november = period_of("2024-10"), period_of("2024-11")
    found = compare_periods("e", november, october, workspace=place, monitoring=ASKED)
    folder = LogFolder(place.logs_folder, "e")
    new, old = (summarise_window(folder, window, workspace=place, monitoring=ASKED)[0]
                for window in (november, october))  # fmt: skip
    reference = Reference(baseline="previous", inputs=old.inputs, predictions=old.predictions, before=old)
    expected = {finding.place: finding for finding in judge_window(new, reference, ASKED).findings}
    assert {finding.place for finding in found.period.findings} == set(expected)
    for finding in found.period.findings:
        assert finding.value == pytest.approx(expected[finding.place].value, abs=0.05)
    assert (found.period.summary.num_rows, found.against.num_rows) == (new.num_rows, old.num_rows) == (80, 80)
    assert found.drifted == ("age",)


def test_other_versions_are_compared_by_name(place: Workspace) -> None:
    found = compare_periods("e", period_of("2024-12"), period_of("2024-10..2024-12"), workspace=place, monitoring=ASKED)
    assert (found.models, found.against_models) == (("m@2",), ("m@1",))
    assert {finding.name for finding in found.period.findings} >= {"age", "person", "predicted_y"}
    whole = compare_periods("e", period_of("2024"), period_of("2024-10"), workspace=place, monitoring=ASKED)
    assert whole.models == ("m@1", "m@2")
    assert whole.period.summary.num_rows == 200
    ages = [n for first in (0, 20, 60, 80, 70) for n in range(first, first + 40)]
    assert whole.period.summary.inputs["age"].mean == pytest.approx(sum(ages) / len(ages))


def test_the_ends_cut_hours_away_and_no_hour_counts_twice(place: Workspace) -> None:
    start = FIRST * HOUR
    whole = Window(start, start + 31 * HOUR)
    for period, rows in (
        (whole, 80),
        (Window(start, start + 31 * HOUR - 1), 40),
        (Window(start + HOUR + 1, whole.end), 40),
    ):
        found = compare_periods("e", period, period_of("2024-12"), workspace=place, monitoring=ASKED)
        assert found.period.summary.num_rows == rows


def test_old_days_that_are_cut_are_told(tmp_path: Path) -> None:
    place = Workspace(tmp_path)
    folder = LogFolder(place.logs_folder, "e")
    for hour in (1, 20, 24, 24 * 60):
        made_hours.write_hour(folder, FIRST + hour, range(40), files=1)
    write_model_file(folder, made_hours.model())
    asked = Monitoring(keep_hours_days=30)
    summarise_log("e", workspace=place, monitoring=asked)
    shutil.rmtree(place.logs_folder)
    period = Window((FIRST + 12) * HOUR, (FIRST + 30) * HOUR)
    with pytest.raises(DataError, match="nothing is kept"):
        compare_periods("e", period, period_of("2024-12"), workspace=place, monitoring=asked)
    whole = Window((FIRST + 12) * HOUR, (FIRST + 48) * HOUR)
    found = compare_periods("e", whole, period_of("2024-12"), workspace=place, monitoring=asked)
    assert found.period.summary.num_rows == 40
    assert any("1 hour of 2024-10-29 12:00" in note for note in found.notes)


def test_from_python_and_the_terminal(place: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    found = hg.compare_periods("e", "2024-11", "2024-10", workspace=place.root, monitoring=ASKED)
    assert found.drifted == ("age",)
    asked = [
        "monitor",
        "e",
        "--period",
        "2024-11",
        "--against",
        "2024-10-29..2024-10-31",
        "--workspace",
        str(place.root),
    ]
    assert run_command(asked) == 0
    shown = capsys.readouterr().out
    assert "2024-11-01" in shown
    assert "2024-10-31" in shown
    assert run_command([*asked, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["against"]["num_rows"] == 80
    view = document["view"]
    assert (view["windows"][0]["name"], view["against"]) == ("2024-11", "2024-10-29 to 2024-10-31")
    assert {column["name"] for column in view["columns"]} >= {"age"}
    assert run_command([*asked, "--column", "age"]) == 0
    assert "beside 2024-10-29 to 2024-10-31" in capsys.readouterr().out
    assert run_command(asked[:4] + asked[6:]) != 0
    assert "two periods" in capsys.readouterr().err
    assert run_command(["monitor", "e", "--period", "jan", "--against", "2024", "--workspace", str(place.root)]) != 0
    assert "no period" in capsys.readouterr().err
    assert run_command(["monitor", "e", "--period", "2019", "--against", "2024", "--workspace", str(place.root)]) != 0
    assert "nothing is kept of 'e' from 2019-01-01" in capsys.readouterr().err


@given(
    st.dates(datetime.date(2000, 1, 1), datetime.date(2037, 12, 30)),
    st.sampled_from(["UTC", "Europe/Berlin", "America/Havana", "Asia/Kolkata"]),
)
def test_a_day_is_from_midnight_to_midnight(day: datetime.date, zone: str) -> None:
    window = period_of(day.isoformat(), time_zone=zone)
    ends = [datetime.datetime.fromtimestamp(moment / 1e6, ZoneInfo(zone)) for moment in (window.start, window.end)]
    assert [end.date() for end in ends] == [day, day + datetime.timedelta(days=1)]
    assert period_of(f"{day}..{day + datetime.timedelta(days=1)}", time_zone=zone) == window
    month = period_of(f"{day:%Y-%m}", time_zone=zone)
    assert month.start <= window.start < window.end <= month.end


@pytest.mark.parametrize(
    "text", ["", "..", "2026-13", "2026-02-30", "26-01", "2026..2025", "2026-01..2026-01", "7x", "yesterday"]
)
def test_what_is_no_period_is_told(text: str) -> None:
    with pytest.raises(DataError, match=r"no period|before it begins"):
        period_of(text)


def test_the_last_days_end_now() -> None:
    assert period_of("2d", now=10 * 24 * HOUR) == Window(8 * 24 * HOUR, 10 * 24 * HOUR)

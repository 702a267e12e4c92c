"""Windows without any traffic: outages are told while they last; nights, weekends and the end of a service are not."""

from __future__ import annotations

import contextlib
import datetime
import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest

from hagane.fronts.cli.run import run as run_command
from hagane.monitoring.alert import Alert
from hagane.monitoring.channels.channel import Channel
from hagane.monitoring.notification import Notification
from hagane.monitoring.window_arrivals import WindowArrivals
from hagane.monitoring.window_summary import WindowSummary
from hagane.monitoring.windows import Window, Windows
from hagane.serving.endpoint_state import DeployedModel, EndpointState, state_faults
from hagane.serving.request_log.log_folder import LogFolder
from hagane.serving.traffic import assign_buckets
from hagane.spec.monitoring import Monitoring
from hagane.statistics.statistics import Statistics
from hagane.workflow.monitor import MonitorReport, monitor
from hagane.workflow.monitor_metrics import MonitorMetrics
from hagane.workflow.watch_endpoint import watch_endpoint
from hagane.workspace.window_summaries import WindowSummaries
from hagane.workspace.workspace import Workspace

HOUR = 3_600_000_000
DAY = 24 * HOUR
MONDAY = 20_003 * DAY  # 2024-10-07
NOTHING = Statistics(num_rows=0, columns=())


def keep(place: Workspace, starts: Iterable[int], every: str = "day", *, rows: int = 1000, model: str = "d") -> None:
    """A history in which so many rows came in these windows."""
    folder = LogFolder(place.logs_folder, "late")
    folder.path.mkdir(parents=True, exist_ok=True)
    summaries, windows, series = WindowSummaries(place.monitoring_folder, "late"), Windows(every), Windows(every).series
    rest = []
    for start in starts:
        window = windows.of(start)
        summary = WindowSummary(window=window, deployed_model_id=model, model="late", version="1", num_rows=rows,
                                traffic=float(rows), num_errors=0, inputs=NOTHING, predictions=NOTHING)  # fmt: skip
        if summaries.path.exists():
            rest.append((series, window, summary))
        else:
            summaries.put(series, window, rows, [summary])
    with contextlib.closing(sqlite3.connect(summaries.path)) as file, file:  # one transaction for all of them
        file.executemany("INSERT OR REPLACE INTO kept_windows VALUES (?, ?, ?, ?, 1, 0)",
                         [(name, window.start, window.end, rows) for name, window, _ in rest])  # fmt: skip
        file.executemany("INSERT OR REPLACE INTO kept_summaries VALUES (?, ?, ?, ?)",
                         [(name, window.start, model, each.to_bytes()) for name, window, each in rest])  # fmt: skip


def look(place: Workspace, now: int, every: str = "day", *, num_windows: int = 14) -> MonitorReport:
    return monitor("late", workspace=place, monitoring=Monitoring(every=every), num_windows=num_windows, now=now)


def of_volume(report: MonitorReport) -> list[Alert]:
    return [alert for alert in report.alerts if alert.of == "volume"]


def silent(report: MonitorReport) -> list[int]:
    return [each.summary.window.start for each in report.windows if each.summary.is_silent]


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def days(*numbers: int | range) -> list[int]:
    each = (number if isinstance(number, range) else range(number, number + 1) for number in numbers)
    return [MONDAY + day * DAY for part in each for day in part]


def test_an_outage_is_told_while_it_lasts_and_is_over_when_traffic_is_back(place: Workspace) -> None:
    keep(place, days(range(10)))
    assert not silent(look(place, MONDAY + 11 * DAY)), "the day is over, and its last rows may be on their way"
    first = look(place, MONDAY + 11 * DAY + HOUR)
    assert silent(first) == days(10)
    assert not of_volume(first)
    for num_days in (2, 5, 40):
        report = look(place, MONDAY + (10 + num_days) * DAY + HOUR)
        (alert,) = of_volume(report)
        assert (alert.since, alert.opened, alert.until) == (MONDAY + 10 * DAY, MONDAY + 11 * DAY, None)
        assert (alert.title, alert.change, alert.value) == ("volume rows", "1,000 usual → 0", 0.0)
        assert silent(report) == days(range(10, min(10 + num_days, 13))), "as many as tell it, and one more"
        assert "nothing has come since 2024-10-17 00:00 UTC, as far as the log tells" in report.notes
    report = look(place, MONDAY + 110 * DAY)
    assert not silent(report), "a log of the past"
    assert "nothing has come since 2024-10-17 00:00 UTC, as far as the log tells" in report.notes
    keep(place, days(range(15, 17)))
    (alert,) = of_volume(look(place, MONDAY + 17 * DAY + HOUR))
    assert (alert.since, alert.until) == (MONDAY + 10 * DAY, MONDAY + 17 * DAY)


def test_an_outage_is_seen_whatever_is_shown(place: Workspace) -> None:
    keep(place, days(range(10)))
    now = MONDAY + 14 * DAY + HOUR
    look(place, now)
    for num_windows in (1, 2, 60):
        report = look(place, now, num_windows=num_windows)
        metrics = MonitorMetrics("late")
        metrics.round(report, (), seconds=1.0, now=1.0)
        values = [
            line.split()[-1]
            for line in metrics.text().decode().splitlines()
            if line.startswith(("hagane_monitor_value", "hagane_monitor_alert{")) and "NUM_EXAMPLES" in line
        ]
        assert values == ["0", "1"], "the value is the silent window's"  # fmt: skip
        assert len(report.windows) == min(num_windows, 13)
        assert [alert.since for alert in of_volume(report)] == [MONDAY + 10 * DAY]
        assert "volume rows" in report.view.verdict


@pytest.mark.parametrize("launch", [0, 2])
def test_weekends_without_traffic_are_usual(place: Workspace, launch: int) -> None:
    for day in range(launch, 42):
        if day % 7 < 5:
            keep(place, days(day))
        report = look(place, MONDAY + (day + 1) * DAY + HOUR)
        assert (silent(report), of_volume(report)) == ([], []), day
    (alert,) = of_volume(look(place, MONDAY + 44 * DAY + HOUR))
    assert alert.since == MONDAY + 42 * DAY, "the Monday, and not the weekend before it"


def test_nights_are_usual_and_an_outage_of_a_morning_is_not(place: Workspace) -> None:
    by_day = [start + hour * HOUR for start in days(range(24)) for hour in range(8, 20)]
    keep(place, by_day, "hour")
    dawn = MONDAY + 24 * DAY + 8 * HOUR
    assert not silent(look(place, dawn + HOUR // 2, "hour", num_windows=200))
    report = look(place, dawn + 2 * HOUR + HOUR // 2, "hour")
    assert silent(report) == [dawn, dawn + HOUR]
    (alert,) = of_volume(report)
    assert alert.since == dawn


def test_every_other_week_is_told_once_and_then_known(place: Workspace) -> None:
    keep(place, [start for start in days(range(140)) if (start - MONDAY) // DAY // 7 % 2 == 0])
    report = look(place, MONDAY + 133 * DAY, num_windows=130)
    assert {alert.since for alert in of_volume(report)} == {MONDAY + 7 * DAY}


def test_what_is_not_known_is_no_silence(place: Workspace) -> None:
    keep(place, days(range(10), 14))
    folder = LogFolder(place.logs_folder, "late")
    folder.cleaned_path.write_text(str((MONDAY + 12 * DAY) // HOUR - 1))
    damaged = folder.make_hour("requests", (MONDAY + 13 * DAY) // HOUR)
    (damaged / "w.parquet").write_bytes(b"no parquet")
    assert silent(look(place, MONDAY + 15 * DAY)) == days(12), "days 10 and 11 were deleted, 13 waits"
    assert silent(look(place, MONDAY + 16 * DAY + HOUR)) == days(12, 15)


def test_where_the_log_is_gone_nobody_knows(place: Workspace) -> None:
    keep(place, days(range(10)))
    LogFolder(place.logs_folder, "late").path.rmdir()
    assert not silent(look(place, MONDAY + 20 * DAY))


def test_an_endpoint_that_was_deleted_has_no_outage(place: Workspace) -> None:
    keep(place, days(range(10)), model="1234567890")
    report = look(place, MONDAY + 12 * DAY + HOUR)
    assert not silent(report), "ids of ten digits are those of endpoints, and there is none"
    model = DeployedModel(id="1234567890", model="late", version=1, traffic=100)
    state = EndpointState(name="late", models=(model,), buckets=assign_buckets((), {model.id: 100}), revision=1)
    assert not state_faults(state)
    with place.registry.changing() as connection:
        connection.execute(
            "INSERT INTO endpoints VALUES (?, ?, ?)", ("late", 1, msgspec.json.encode(state, enc_hook=str).decode())
        )
    assert silent(look(place, MONDAY + 12 * DAY + HOUR)) == days(10, 11)


def test_windows_of_rows_have_a_note(place: Workspace) -> None:
    keep(place, days(range(3)))
    folder = LogFolder(place.logs_folder, "late")
    folder.make_hour("requests", (MONDAY + 3 * DAY) // HOUR)
    series = Windows("500 rows")
    window = Window(MONDAY, MONDAY + DAY)
    (summary,) = WindowSummaries(place.monitoring_folder, "late").of("day UTC", MONDAY)
    WindowSummaries(place.monitoring_folder, "late").put(series.series, window, 1000, [summary])
    assert not look(place, MONDAY + 4 * DAY, "500 rows").notes[1:]
    assert "nothing has come since 2024-10-10 01:00 UTC" in " ".join(look(place, MONDAY + 5 * DAY, "500 rows").notes)


def test_another_models_alerts_do_not_end_in_an_outage(place: Workspace) -> None:
    keep(place, days(range(10)))
    asked = Monitoring(alert_after=1, alert_until=1)
    came = WindowArrivals()
    assert not WindowSummary(window=Window(0, 1), deployed_model_id="d", model="m", version="1", num_rows=0,
                             traffic=0.0, num_errors=0, inputs=NOTHING, predictions=NOTHING,
                             arrivals=came).is_silent  # fmt: skip
    report = monitor("late", workspace=place, monitoring=asked, now=MONDAY + 12 * DAY + HOUR)
    (alert,) = of_volume(report)
    assert alert.opened == MONDAY + 10 * DAY


def test_the_service_tells_it_once_and_that_it_is_over(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Notification] = []
    keep(place, days(range(10)))
    clock = [MONDAY + 11 * DAY]
    monkeypatch.setattr("hagane.workflow.summarise_log.time.time_ns", lambda: clock[0] * 1000)
    channel = Channel(name="a", send=told.append)

    def on_round(report: MonitorReport | None, notification: Notification | None, faults: tuple[str, ...]) -> bool:
        assert report is not None, faults
        clock[0] += DAY
        day = (clock[0] - MONDAY) // DAY
        if day > 15:
            keep(place, days(day - 1))
        return day < 22

    watch_endpoint("late", workspace=place, every_seconds=60.0, channels=[channel], monitoring=Monitoring(),
                   on_round=on_round, sleep=lambda seconds: None)  # fmt: skip
    assert [(len(each.opened), len(each.resolved)) for each in told] == [(1, 0), (0, 1)]
    assert told[0].opened[0].title == "volume rows"


def test_the_terminal_and_the_page_show_it(
    place: Workspace, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    today = Windows("day").of(time.time_ns() // 1000).start
    keep(place, [today - day * DAY for day in range(5, 15)])
    since = datetime.datetime.fromtimestamp((today - 4 * DAY) / 1e6, datetime.UTC)
    page = tmp_path / "late.html"
    assert run_command(["monitor", "late", "--html", str(page), "--workspace", str(place.root)]) == 0
    found = capsys.readouterr()
    assert f"1 alert open, since {since:%Y-%m-%d}: volume rows." in found.out
    assert "1,000 usual → 0" in found.out
    assert "1 of 1" in found.out
    assert f"nothing has come since {since:%Y-%m-%d} 00:00 UTC" in found.err
    assert "volume rows" in page.read_text()

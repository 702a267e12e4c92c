"""What a real server refused or never read is in the window's summary, and told."""

from __future__ import annotations

from pathlib import Path

import httpx
import pyarrow as pa
import pytest

import hagane as hg
from hagane.bundle.bundle import Bundle
from hagane.monitoring.window_summary import WindowSummary
from hagane.serving import ServerThread
from hagane.serving.request_log.log_folder import LogFolder
from hagane.serving.request_log.log_options import LogOptions
from hagane.serving.request_log.log_settings import LogSettings
from hagane.serving.request_log.maintain import maintain
from hagane.spec.monitoring import Monitoring
from hagane.workflow.monitor import MonitorReport, monitor
from hagane.workflow.request_log import list_logs
from hagane.workspace.workspace import Workspace

LATER = 10**6 * 4_000_000_000
ASKED = Monitoring(min_rows=20)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    place = Workspace(tmp_path_factory.mktemp("home"))
    rows = pa.table({"age": [n % 60 for n in range(600)], "job": [f"j{n % 3}" for n in range(600)],
                     "late": [n % 60 > 30 for n in range(600)]})  # fmt: skip
    hg.train(rows, label="late", model="logistic_reg", name="late", workspace=place.root)
    return place


def watched(trained: Workspace, logs: Path, bodies: list[object], *, rate: float = 1.0) -> MonitorReport:
    """A server is asked; its log, beside the trained model, is monitored when the day is over."""
    place = Workspace(logs)
    if not place.root.exists():
        place.root.parent.mkdir(parents=True, exist_ok=True)
    settings = LogSettings(logs=str(trained.logs_folder), endpoint=logs.name, options=LogOptions(rate=rate))
    with ServerThread(trained.get("late").path, version="1", request_log=settings) as server:
        for body in bodies:
            httpx.post(f"{server.url}/predict", json=body)
    return monitor(logs.name, workspace=trained, monitoring=ASKED, now=LATER)


def anomalies(report: MonitorReport) -> set[tuple[str, str]]:
    return {(each.name, each.measure) for window in report.windows for each in window.anomalies if each.of == "schema"}


def test_a_client_that_sends_too_little_and_too_much(trained: Workspace, tmp_path: Path) -> None:
    good = [{"instances": [{"age": n, "job": f"j{n % 3}"} for n in range(30)]}]
    report = watched(trained, tmp_path / "good", good)
    assert not anomalies(report)
    (window,) = report.windows
    assert window.summary.arrivals is not None
    assert window.summary.arrivals.requests == {"answered": 1}
    assert WindowSummary.from_bytes(window.summary.to_bytes()) == window.summary
    bad = [{"instances": [{"age": str(n), "job": "j0"} for n in range(20)]},
           {"instances": [{"age": 1, "job": "j0", "tip": 2}]}]  # fmt: skip
    report = watched(trained, tmp_path / "bad", [*good, *bad, {"instances": [{"age": n % 60} for n in range(300)]}])
    assert anomalies(report) == {
        ("job", "FEATURE_TYPE_LOW_FRACTION_PRESENT"),
        ("job", "SCHEMA_MISSING_COLUMN"),
        ("rows", "UNEXPECTED_DATA_TYPE"),
    }, "four requests are too few to judge, and one row with a tip is chance"


def test_where_every_request_is_refused_there_is_a_window_all_the_same(trained: Workspace, tmp_path: Path) -> None:
    bodies: list[object] = [{"instances": [{"age": "forty", "job": "j0"}]} for _ in range(40)]
    report = watched(trained, tmp_path / "refused", bodies)
    (window,) = report.windows
    assert (window.summary.num_rows, window.summary.traffic) == (0, 0.0)
    assert anomalies(report) == {("rows", "UNEXPECTED_DATA_TYPE"), ("requests", "REFUSED")}
    refused = {each.measure: each for each in window.anomalies}
    assert refused["REFUSED"].value == 1.0
    assert refused["REFUSED"].change == "type 40"
    assert monitor("refused", workspace=trained, monitoring=ASKED, now=LATER).num_new_windows == 0


def test_counts_are_of_all_requests_and_are_merged_with_their_hour(trained: Workspace, tmp_path: Path) -> None:
    body: list[object] = [{"instances": [{"age": 3, "job": "j1"}]}] * 20
    for _ in range(2):
        report = watched(trained, tmp_path / "sampled", body, rate=0.001)
    folder = LogFolder(trained.logs_folder, "sampled")
    assert len(folder.files("arrivals")) == 2, "a file for each server"
    (window,) = report.windows
    came = window.summary.arrivals
    assert came is not None
    assert came.answered.num_rows == 40
    assert window.summary.traffic in (40.0, 1000.0), "of all, or of the one that was logged"
    (log,) = [each for each in list_logs(trained) if each.endpoint == "sampled"]
    assert log.num_rows <= 1
    maintain(folder, LogOptions(max_age_days=0.0), wait=True)
    assert len(folder.files("arrivals")) == 2, "the hour is still open"
    assert isinstance(Bundle.load(trained.get("late").path), Bundle)

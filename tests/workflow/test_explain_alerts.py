"""Alerts of a real log: the slice that was broken is named, kept, and told again when the log has gone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import hagane as hg
from hagane.bundle.bundle import Bundle
from hagane.fronts.cli.run import run as run_command
from hagane.fronts.cli.told_rounds import ToldRounds
from hagane.serving.request_log.file_metadata import LoggedModel
from hagane.serving.request_log.hour_writer import write_rows
from hagane.serving.request_log.log_folder import LogFolder
from hagane.serving.request_log.model_file import write_model_file
from hagane.serving.request_log.row_schema import row_schema
from hagane.spec.monitoring import Monitoring
from hagane.workflow.monitor import MonitorReport, monitor
from hagane.workspace.workspace import Workspace

FIRST_HOUR = 20_000 * 24
DAYS, ROWS = 4, 500
ASKED = Monitoring(alert_after=1, min_rows=50, threshold=0.1)


def traffic(num_rows: int, seed: int, *, is_broken: bool = False) -> dict[str, list[object]]:
    """Fares do not depend on the company; the meters of one break."""
    random = np.random.default_rng(seed)
    company = random.choice(["ace", "blue", "city", "dash"], num_rows, p=[0.4, 0.3, 0.2, 0.1])
    fare = random.gamma(4.0, 3.0, num_rows)
    fare = np.where((company == "city") & is_broken, 80.0, fare)
    return {
        "fare": fare.tolist(),
        "company": company.tolist(),
        "hour": random.integers(0, 24, num_rows).tolist(),
        "weekday": [number % 3 or None for number in range(num_rows)],
    }


def write_day(folder: LogFolder, logged: LoggedModel, day: int, columns: dict[str, list[object]]) -> None:
    fixed = {"row": 0, "endpoint": "cab", "deployed_model_id": "c1", "model": "tip", "version": "1", "weight": 1.0,
             "protocol": "vertex", "mirror": False, "latency_seconds": 0.001, "model_seconds": 0.001,
             "row_error": False}  # fmt: skip
    hour = FIRST_HOUR + 24 * day
    answers = [0.1 * fare for fare in traffic(ROWS, seed=50 + day)["fare"]]  # type: ignore[operator]  # they stay
    rows = [
        {
            **fixed,
            "request_id": f"r{day}-{number}",
            "time": hour * 3_600_000_000 + number,
            "instance": instance,
            "prediction": {"predicted_tip": answers[number]},
        }
        for number, instance in enumerate(pa.table(columns).to_pylist())
    ]
    write_rows(folder.make_hour("requests", hour) / "w.parquet", pa.Table.from_pylist(rows, row_schema(logged)))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A model of tips, three days of its log as ever, and one on which the meters of `city` are broken."""
    place = Workspace(tmp_path_factory.mktemp("home"))
    rows = traffic(2000, seed=1)
    tips = [0.1 * fare for fare in rows["fare"]]  # type: ignore[operator]
    trained = hg.train(pa.table({**rows, "tip": tips}), label="tip", model="linear_reg", workspace=place.root)
    write_log(place, trained.bundle)
    return place


def write_log(place: Workspace, bundle: Bundle) -> None:
    logged = LoggedModel(
        endpoint="cab", deployed_model_id="c1", model="tip", version="1", signature=bundle.signature, sensitive={}
    )
    folder = LogFolder(place.logs_folder, "cab")
    for day in range(DAYS):
        write_day(folder, logged, day, traffic(ROWS, seed=10 + day, is_broken=day == DAYS - 1))
    write_model_file(folder, logged)


def of_fare(report: MonitorReport) -> object:
    return next(alert.explained_by for alert in report.alerts if (alert.of, alert.name) == ("input", "fare"))


def test_the_slice_that_broke_is_told_and_kept(place: Workspace, tmp_path: Path) -> None:
    report = monitor("cab", workspace=place, monitoring=ASKED)
    (alert,) = (alert for alert in report.alerts if alert.of == "input")
    assert (alert.title, alert.num_windows) == ("fare", 1)
    effect = alert.explained_by
    assert effect is not None
    assert effect.slice == "company = 'city'"
    broken = traffic(ROWS, seed=10 + DAYS - 1)["company"].count("city")
    assert effect.share == pytest.approx(broken / ROWS)
    assert effect.value == pytest.approx(alert.value, abs=0.03)
    assert effect.without is not None
    assert effect.without < 0.1
    copy = Workspace(shutil.copytree(place.root, tmp_path / "copy"))
    shutil.rmtree(copy.logs_folder / "cab" / "requests")
    assert of_fare(monitor("cab", workspace=copy, monitoring=ASKED)) == effect, "the log's rows have gone, and it stays"


def test_without_the_rows_none_is_claimed(place: Workspace, tmp_path: Path) -> None:
    monitor("cab", workspace=place, monitoring=ASKED)
    copy = Workspace(shutil.copytree(place.root, tmp_path / "copy"))
    shutil.rmtree(copy.logs_folder / "cab" / "requests")
    report = monitor("cab", workspace=copy, monitoring=ASKED, baseline="previous")
    assert of_fare(report) is None
    assert of_fare(monitor("cab", workspace=place, monitoring=ASKED, baseline="previous")) is not None


def test_the_command_tells_programs(place: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "cab.prom"
    copy = Workspace(shutil.copytree(place.root, tmp_path / "copy"))
    command = ["monitor", "cab", "--workspace", str(copy.root), "--log-lines", "--prometheus", str(file)]
    assert run_command([*command, "--baseline", "previous"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == ["round"]
    assert 'hagane_monitor_value{endpoint="cab",model="tip",version="1",of="input",name="fare"' in file.read_text()
    assert run_command(["monitor", "cab", "--workspace", str(copy.root), "--log-lines", "--json"]) != 0
    assert "--log-lines" in capsys.readouterr().out
    assert run_command(["monitor", "cab", "--workspace", str(copy.root), "--metrics-port", "0"]) != 0
    assert "--every" in capsys.readouterr().err


def test_the_service_writes_log_lines_where_nobody_reads(
    place: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = Workspace(shutil.copytree(place.root, tmp_path / "copy"))
    scraped: list[str] = []

    def sleep(rounds: ToldRounds, seconds: float) -> None:
        scraped.append(rounds.metrics.text().decode())
        if len(scraped) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(ToldRounds, "sleep", sleep)
    for place_of_name in ("monitor", "watch_endpoint"):
        monkeypatch.setattr(f"hagane.workflow.{place_of_name}.declared_monitoring", lambda *_: (ASKED, []))
    command = ["monitor", "cab", "--workspace", str(copy.root), "--every", "1h", "--metrics-port", "0"]
    assert run_command(command) != 0, "as Ctrl-C ends it"
    told = capsys.readouterr()
    lines = [json.loads(line) for line in told.out.splitlines()]
    *opened, first, second = lines
    assert (first["event"], second["event"]) == ("round", "round")
    assert {line["event"] for line in opened} == {"alert_opened"}, "before the first round ends, and not again"
    (fare,) = (line for line in opened if line["of"] == "input")
    assert fare["explained_by"]["slice"] == "company = 'city'"
    assert (first["num_open_alerts"], first["faults"]) == (len(opened), [])
    assert "metrics: http://127.0.0.1:" in told.err
    assert all(f'hagane_monitor_open_alerts{{endpoint="cab"}} {len(opened)}' in text for text in scraped)

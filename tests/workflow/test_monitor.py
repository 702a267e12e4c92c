"""Monitoring from first to last: a model, its log over days that drift, and what is told of it."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

import hagane as hg
from hagane.bundle.bundle import Bundle
from hagane.errors import Fault, SpecError, StorageError
from hagane.fronts.cli.run import run as run_command
from hagane.monitoring.channels.channel import Channel
from hagane.monitoring.distribution import Categories, Histogram
from hagane.monitoring.measures.jensen_shannon import jensen_shannon
from hagane.monitoring.measures.l_infinity import l_infinity
from hagane.monitoring.notification import Notification
from hagane.monitoring.view.monitor_view import MonitorView
from hagane.serving.request_log.file_metadata import LoggedModel
from hagane.serving.request_log.hour_writer import write_rows
from hagane.serving.request_log.log_folder import LogFolder
from hagane.serving.request_log.model_file import write_model_file
from hagane.serving.request_log.row_schema import row_schema
from hagane.spec.monitoring import Monitoring
from hagane.spec.read_yaml import read_yaml
from hagane.workflow.monitor import MonitorReport, monitor
from hagane.workflow.watch_endpoint import watch_endpoint
from hagane.workspace.workspace import Workspace

FIRST_HOUR = 20_000 * 24
DAYS = 4
ROWS = 400


def traffic(day: int, num_rows: int, seed: int) -> dict[str, list[object]]:
    """Cash becomes rarer by a quarter a day from the third day on; fares stay, but for the last day's."""
    random = np.random.default_rng(seed)
    cash = 0.8 - 0.25 * max(0, day - 1)
    fares = random.gamma(4.0, 3.0, num_rows) * (3.0 if day == DAYS - 1 else 1.0)
    return {
        "fare": fares.tolist(),
        "paid": np.where(random.random(num_rows) < cash, "cash", "card").tolist(),
        "driver": [f"d{number % 7}" for number in range(num_rows)],
    }


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A model of tips, and four days of its log."""
    place = Workspace(tmp_path_factory.mktemp("home"))
    rows = traffic(0, 2000, seed=1)
    label = [fare > 10 and paid == "card" for fare, paid in zip(rows["fare"], rows["paid"], strict=True)]  # type: ignore[operator]
    model = hg.train(
        pa.table({**rows, "tipped": label}),
        label="tipped",
        model="logistic_reg",
        workspace=place.root,
        serving={"sensitive": {"driver": "hash"}},
        monitoring={"thresholds": {"paid": 0.2}, "min_rows": 50},
    )
    write_log(place, model.bundle)
    return place


def write_log(place: Workspace, bundle: Bundle) -> None:
    logged = LoggedModel(endpoint="tips", deployed_model_id="t1", model="tipped", version="1",
                         signature=bundle.signature, sensitive={"driver": "hash"})  # fmt: skip
    folder = LogFolder(place.logs_folder, "tips")
    for day in range(DAYS):
        num_rows = ROWS if day != 1 else 20
        columns = traffic(day, num_rows, seed=10 + day)
        answered = bundle.predict(pa.table(columns).to_pylist())
        probs = answered.probabilities
        assert probs is not None
        hour = FIRST_HOUR + 24 * day
        fixed = {"row": 0, "endpoint": "tips", "deployed_model_id": "t1", "model": "tipped", "version": "1",
                 "protocol": "vertex", "mirror": False, "weight": 10.0, "latency_seconds": 0.001,
                 "model_seconds": 0.001, "row_error": False}  # fmt: skip
        made = [
            {
                **fixed,
                "request_id": f"r{day}-{number}",
                "time": hour * 3_600_000_000 + number,
                "instance": {
                    "fare": columns["fare"][number],
                    "paid": columns["paid"][number],
                    "driver": f"{number % 7:032x}",
                },
                "prediction": {
                    "predicted_tipped": bool(probs[number, 1] >= 0.5),
                    "predicted_tipped_probs": [
                        {"label": False, "prob": probs[number, 0]},
                        {"label": True, "prob": probs[number, 1]},
                    ],
                },
            }
            for number in range(num_rows)
        ]
        write_rows(folder.make_hour("requests", hour) / "w.parquet", pa.Table.from_pylist(made, row_schema(logged)))
    write_model_file(folder, logged)


def test_what_moves_is_told_and_what_stays_is_not(place: Workspace) -> None:
    report = monitor("tips", workspace=place)
    assert report.monitoring == Monitoring(thresholds={"paid": 0.2}, min_rows=50), "the model's spec says so"
    assert [window.is_judged for window in report.windows] == [True, False, True, True]
    assert [[finding.name for finding in window.anomalies if finding.of == "input"] for window in report.windows] == [
        [], [], ["paid"], ["fare", "paid"]]  # fmt: skip
    assert report.drifted == ("fare", "paid")
    assert {finding.name for finding in report.windows[0].about("input")} == {"fare", "paid"}, "no pseudonym"
    answers = {finding.name: finding for finding in report.windows[0].about("prediction")}
    assert set(answers) == {"predicted_tipped", "probability"}, "against those of the new model"
    assert not any(finding.is_anomaly for finding in answers.values())
    assert [window.summary.traffic for window in report.windows] == [4000.0, 200.0, 4000.0, 4000.0]
    assert monitor("tips", workspace=place).num_new_windows == 0


def test_the_values_are_those_of_the_rows(place: Workspace) -> None:
    trained, came = traffic(0, 2000, seed=1), traffic(3, ROWS, seed=10 + 3)
    shares = [
        Categories({name: float(side["paid"].count(name)) for name in ("cash", "card")}) for side in (trained, came)
    ]
    found = {each.name: each.value for each in monitor("tips", workspace=place).windows[-1].about("input")}
    assert found["paid"] == pytest.approx(l_infinity(*shares), abs=0.02), "the bundle's are those of its training rows"
    sides = [np.array(side["fare"], float) for side in (trained, came)]
    edges = [0.0, *np.quantile(sides[0], np.arange(1, 10) / 10), 1e6]
    counts = [np.histogram(values, edges)[0].astype(float).tolist() for values in sides]
    histograms = [Histogram.of_edges(edges, each) for each in counts]
    assert found["fare"] == pytest.approx(jensen_shannon(*histograms) or 0.0, abs=0.03)


def test_several_measures_of_one_column_each_with_its_own_threshold(place: Workspace) -> None:
    asked = read_yaml(
        "data: f.csv\nlabel: y\nmonitoring: {numeric: [wasserstein, mean_shift], threshold: 0.2, min_rows: 50,"
        " measure_thresholds: {mean_shift: 4}}\n"
    ).monitoring
    window = monitor("tips", workspace=place, monitoring=asked).windows[-1]
    found = {each.measure: each for each in window.about("input") if each.name == "fare"}
    assert {name: each.threshold for name, each in found.items()} == {"WASSERSTEIN": 0.2, "MEAN_SHIFT": 4.0}
    trained, came = (np.array(traffic(day, n, seed)["fare"]) for day, n, seed in ((0, 2000, 1), (3, ROWS, 13)))
    expected = abs(float(stats.ttest_ind(trained, came, equal_var=False).statistic))
    assert found["MEAN_SHIFT"].value == pytest.approx(expected, rel=0.1), "the bundle's are those of its training rows"


def test_drift_from_window_to_window(place: Workspace) -> None:
    report = monitor("tips", workspace=place, baseline="previous", monitoring=Monitoring(min_rows=10))
    first, second, *_ = report.windows
    assert first.about("input", "prediction") == ()
    assert {finding.name for finding in second.about("input")} == {"fare", "paid", "driver"}
    assert {finding.name for finding in second.about("prediction")} >= {"predicted_tipped", "probability"}


def test_the_window_before_the_first_that_is_shown_is_known(place: Workspace) -> None:
    asked = Monitoring(min_rows=10)
    whole = monitor("tips", workspace=place, baseline="previous", monitoring=asked)
    last = monitor("tips", workspace=place, baseline="previous", monitoring=asked, num_windows=1)
    assert last.windows == whole.windows[-1:]


def test_an_alert_keeps_its_beginning_when_fewer_windows_are_shown(place: Workspace) -> None:
    asked = Monitoring(thresholds={"paid": 0.2}, min_rows=50, alert_after=1)
    whole = {alert.place: alert for alert in monitor("tips", workspace=place, monitoring=asked).alerts}
    last = monitor("tips", workspace=place, monitoring=asked, num_windows=1)
    assert len(last.windows) == 1
    (paid,) = (alert for alert in last.alerts if alert.name == "paid")
    assert paid.since == (FIRST_HOUR + 48) * 3_600_000_000 == whole[paid.place].since
    assert paid.share == pytest.approx(8000 / 8000)


def test_a_version_that_is_gone_is_said(place: Workspace, tmp_path: Path) -> None:
    other = Workspace(tmp_path / "other")
    bundle = Bundle.load(place.get("tipped").path)
    write_log(other, bundle)
    report = monitor("tips", workspace=other)
    assert any("tipped@1" in note for note in report.notes)
    assert all(window.about("input") == () for window in report.windows)


def test_the_command(place: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["monitor", "tips", "--workspace", str(place.root)]) == 0
    shown = capsys.readouterr().out
    assert "tips: days (UTC) against the rows of training" in shown
    assert "'cash'" in shown or "'card'" in shown
    assert run_command(["monitor", "tips", "--workspace", str(place.root), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["windows"][-1]["summary"]["num_rows"] == ROWS
    assert run_command(["monitor", "tipps", "--workspace", str(place.root)]) != 0
    assert "tips" in capsys.readouterr().err
    assert run_command(["monitor", "tips", "--window", "dya", "--workspace", str(place.root)]) != 0
    assert "day" in capsys.readouterr().err


def test_rounds_are_watched_by_one_process_and_told_once(place: Workspace) -> None:
    told: list[Notification] = []
    seen: list[tuple[MonitorReport | None, tuple[str, ...]]] = []

    def on_round(report: MonitorReport | None, notification: Notification | None, faults: tuple[str, ...]) -> bool:
        seen.append((report, faults))
        with pytest.raises(StorageError, match="another process monitors 'tips'"):
            watch_endpoint("tips", workspace=place, every_seconds=1.0)
        return len(seen) < 3

    def refuses(notification: Notification) -> None:
        told.append(notification)
        if len(told) == 1:
            raise StorageError(Fault(what="nobody there"))

    channel = Channel(name="a", send=refuses)
    asked = Monitoring(alert_after=1, threshold=0.2, min_rows=50)
    watch_endpoint("tips", workspace=place, every_seconds=60.0, channels=[channel], monitoring=asked,
                   on_round=on_round, sleep=lambda seconds: None)  # fmt: skip
    assert [len(faults) for _, faults in seen] == [1, 0, 0]
    assert [len(each.opened) for each in told] == [5, 5], "again where no channel took it, and then no more"
    watch_endpoint("tips", workspace=place, every_seconds=60.0, channels=[channel], monitoring=asked,
                   on_round=lambda *_: False)  # fmt: skip
    assert len(told) == 2


def test_the_command_wants_a_mail_server(place: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["monitor", "tips", "--email", "a@b.c", "--workspace", str(place.root)]) != 0
    assert "--smtp" in capsys.readouterr().err


def test_what_cannot_be_is_told_at_once() -> None:
    text = (
        "data: f.csv\nlabel: y\nmonitoring: {time_zone: Europe/Berlln, numeric: [wasserstein, wasserstein],"
        " measure_thresholds: {mean_shft: 1}, reference: {since: May, until: 2020-01-01}, threshold: 0, min_rows: 0}\n"
    )
    with pytest.raises(SpecError) as caught:
        read_yaml(text)
    told = [fault.where for fault in caught.value.faults]
    names = ("time_zone", "numeric", "measure_thresholds", "threshold", "min_rows", "reference.since")
    assert [name in where for name, where in zip(names, told, strict=True)] == [True] * 6
    assert [fault.nearest for fault in caught.value.faults[:3]] == ["Europe/Berlin", "", "mean_shift"]


def test_a_report_is_plain_json(place: Workspace) -> None:
    document = msgspec.json.encode(monitor("tips", workspace=place).as_json())
    assert b"kll" not in document


def test_the_page_and_one_column(place: Workspace, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    page, asked = tmp_path / "tips.html", ["monitor", "tips", "--workspace", str(place.root)]
    assert run_command([*asked, "--html", str(page), "--column", "fare"]) == 0
    shown = capsys.readouterr().out
    assert "fare in 2024-10-07, beside the rows of training" in shown
    assert f"wrote {page}" in shown
    text = page.read_text(encoding="utf-8")
    assert "Endpoint tips" in text
    assert MonitorView.from_json(text.partition('id="view">')[2].partition("</script>")[0]).endpoint == "tips"
    assert run_command([*asked, "--html", str(tmp_path / "no" / "tips.html")]) != 0
    assert "there is no folder" in capsys.readouterr().err
    assert run_command([*asked, "--column", "fair"]) != 0
    assert "fare" in capsys.readouterr().err


def test_pseudonyms_are_not_drawn_beside_values(place: Workspace) -> None:
    view = monitor("tips", workspace=place).view
    assert "driver" not in {column.name for column in view.columns}
    drift = monitor("tips", workspace=place, baseline="previous").view
    assert (drift.against, drift.then["input"]) == ("the window before", "the window before")
    assert "driver" in {column.name for column in drift.columns}
    assert MonitorView.from_json(view.to_json()) == view


def test_what_has_no_meaning_beside_two_periods_is_refused(
    place: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["monitor", "tips", "--period", "2024-10-04", "--against", "2024-10-06", "--workspace", str(place.root)]
    assert run_command([*asked, "--every", "1h"]) == 2
    assert "--every has no meaning there" in capsys.readouterr().err


def test_a_service_asks_the_spec_anew_in_each_round(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    thresholds = iter([0.2, 0.9])
    seen: list[MonitorReport | None] = []

    def declared(endpoint: str, workspace: Workspace) -> tuple[Monitoring, list[str]]:
        return Monitoring(threshold=next(thresholds), min_rows=50), []

    monkeypatch.setattr("hagane.workflow.watch_endpoint.declared_monitoring", declared)
    watch_endpoint("tips", workspace=place, every_seconds=1.0, sleep=lambda seconds: None,
                   on_round=lambda report, *_: bool(seen.append(report)) or len(seen) < 2)  # fmt: skip
    assert [report and report.monitoring.threshold for report in seen] == [0.2, 0.9]


def test_a_fault_of_ours_ends_a_round_and_not_the_service(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, ...]] = []

    def breaks(*given: object, **named: object) -> None:
        raise KeyError("d1")

    monkeypatch.setattr("hagane.workflow.watch_endpoint.monitor", breaks)
    watch_endpoint("tips", workspace=place, every_seconds=1.0, sleep=lambda seconds: None,
                   on_round=lambda *given: bool(told.append(given[2])) or len(told) < 2)  # fmt: skip
    assert told == [("internal error: KeyError: 'd1'",)] * 2

"""What monitoring tells Prometheus: read by its own parser, from the port and from the file, over rounds that fail."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from pathlib import Path

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families as parse

from hagane.monitoring.alert import alerts_of
from hagane.monitoring.finding import Finding
from hagane.monitoring.window_findings import WindowFindings
from hagane.monitoring.window_summary import WindowSummary
from hagane.monitoring.windows import Window
from hagane.spec.monitoring import Monitoring
from hagane.statistics.statistics import Statistics
from hagane.workflow.monitor import MonitorReport
from hagane.workflow.monitor_families import MONITOR_FAMILIES
from hagane.workflow.monitor_metrics import MOST_FINDINGS, MonitorMetrics
from hagane.workflow.monitor_port import monitor_port

NOTHING = Statistics(num_rows=0, columns=())
DAY = 86_400_000_000
DOCS = Path(__file__).parents[2] / "docs"


def window(day: int, values: dict[str, float], *, model: str = "t", version: str = "3") -> WindowFindings:
    summary = WindowSummary(window=Window(day * DAY, (day + 1) * DAY), deployed_model_id=model, model="late",
                            version=version, num_rows=10, traffic=100.0, num_errors=2, inputs=NOTHING,
                            predictions=NOTHING)  # fmt: skip
    findings = tuple(Finding.of_distance("input", name, measure="L_INFTY", value=value, threshold=0.3, num_rows=10)
                     for name, value in values.items())  # fmt: skip
    return WindowFindings(summary=summary, is_judged=True, findings=findings)


def report(*windows: WindowFindings) -> MonitorReport:
    return MonitorReport(endpoint="late", baseline="training", monitoring=Monitoring(), num_new_windows=0,
                         windows=windows, alerts=alerts_of(windows, endpoint="late", after=1, back=1))  # fmt: skip


def samples(text: bytes) -> dict[tuple[str, str, str], float]:
    """Name, version and column → value, as Prometheus reads it; each series once."""
    read = [sample for family in parse(text.decode()) for sample in family.samples]
    found = {(each.name, each.labels.get("version", ""), each.labels.get("name", "")): each.value for each in read}
    assert len(found) == len(read)
    return found


def test_values_thresholds_and_alerts_are_gauges() -> None:
    strange = 'a "b"\n\\ö'
    metrics = MonitorMetrics("late")
    metrics.round(report(window(0, {"fare": 0.5, strange: 0.1}), window(1, {"fare": 0.4, strange: 0.2})), ["a fault"],
                  seconds=2.5, now=500.0)  # fmt: skip
    found = samples(metrics.text())
    assert found["hagane_monitor_value", "3", "fare"] == 0.4
    assert found["hagane_monitor_threshold", "3", strange] == 0.3
    assert (found["hagane_monitor_alert", "3", "fare"], found["hagane_monitor_alert", "3", strange]) == (1, 0)
    assert found["hagane_monitor_open_alerts", "", ""] == 1
    assert found["hagane_monitor_window_rows", "3", ""] == 10
    assert found["hagane_monitor_window_error_rows", "3", ""] == 2
    assert found["hagane_monitor_window_end_timestamp_seconds", "3", ""] == 2 * 86_400
    assert found["hagane_monitor_round_faults", "", ""] == 1
    assert found["hagane_monitor_round_duration_seconds", "", ""] == 2.5
    assert {name for name, *_ in found} == {family.name for family in MONITOR_FAMILIES}


def test_a_round_that_fails_keeps_what_was_found() -> None:
    metrics = MonitorMetrics("late")
    metrics.round(report(window(0, {"fare": 0.5})), [], seconds=1.0, now=500.0)
    metrics.round(None, ["the disk is full"], seconds=1.0, now=900.0)
    found = samples(metrics.text())
    assert found["hagane_monitor_alert", "3", "fare"] == 1
    assert found["hagane_monitor_success_timestamp_seconds", "", ""] == 500.0
    assert found["hagane_monitor_round_timestamp_seconds", "", ""] == 900.0


def test_a_model_that_answers_no_more_is_told_no_more() -> None:
    metrics = MonitorMetrics("late")
    old = window(0, {"fare": 0.5}, model="s", version="2")
    metrics.round(report(old, *(window(day, {"fare": 0.1}) for day in (1, 2, 3))), [], seconds=1.0, now=500.0)
    found = samples(metrics.text())
    assert ("hagane_monitor_value", "3", "fare") in found
    assert ("hagane_monitor_value", "2", "fare") not in found
    assert found["hagane_monitor_open_alerts", "", ""] == 0


def test_thousands_of_columns_are_bounded_and_open_alerts_are_among_them() -> None:
    values = {f"c{number}": 0.29 for number in range(2 * MOST_FINDINGS)} | {"fare": 0.2}
    metrics = MonitorMetrics("late")
    still = report(window(0, values | {"fare": 0.5}), window(1, values))
    (alert,) = still.alerts
    open_again = msgspec.structs.replace(alert, until=None)
    metrics.round(msgspec.structs.replace(still, alerts=(open_again,)), [], seconds=1.0, now=500.0)
    found = samples(metrics.text())
    assert sum(name == "hagane_monitor_value" for name, *_ in found) == MOST_FINDINGS
    assert found["hagane_monitor_left_out_findings", "", ""] == MOST_FINDINGS + 1
    assert found["hagane_monitor_alert", "3", "fare"] == 1


def test_the_port_answers_on_the_loopback() -> None:
    metrics = MonitorMetrics("late")
    with monitor_port(metrics, 0) as address:
        assert address.startswith("http://127.0.0.1:")
        metrics.round(report(window(0, {"fare": 0.5})), [], seconds=1.0, now=500.0)
        with urllib.request.urlopen(address) as answer:
            assert answer.headers["Content-Type"].startswith("text/plain")
            assert samples(answer.read())["hagane_monitor_value", "3", "fare"] == 0.5
        asked = urllib.request.Request(address, headers={"Accept": "application/openmetrics-text"})
        with urllib.request.urlopen(asked) as answer:
            assert answer.read().endswith(b"# EOF\n")
        with urllib.request.urlopen(address.replace("/metrics", "/healthz")) as answer:
            assert json.loads(answer.read()) == {"status": "ok"}
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(address.replace("/metrics", "/other"))


def test_rules_and_page_name_what_there_is() -> None:
    told = {family.name: family for family in MONITOR_FAMILIES}
    page = (DOCS / "alerts.md").read_text()
    for name in told:
        assert f"| `{name}` |" in page, name
    rules = (DOCS / "prometheus_rules.yml").read_text()
    asked = set(re.findall(r"\bhagane_monitor_\w+", rules))
    assert asked <= told.keys()
    assert "hagane_monitor_alert" in asked
    assert re.findall(r"\$labels\.(\w+)", rules)
    labels = set(re.findall(r"\$labels\.(\w+)", rules))
    assert labels <= {label for family in MONITOR_FAMILIES for label in family.labels}

"""The rows of a window against the schema that the model was trained with: what breaks it is told, and nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from tests.workflow.made_log import write_answers

import hagane as hg
from hagane.bundle.bundle import Bundle
from hagane.errors import DataError
from hagane.monitoring.finding import Finding
from hagane.monitoring.window_schema import RuleCount, WindowSchema
from hagane.monitoring.window_summary import WindowSummary
from hagane.spec.data_schema import ColumnSchema, DataSchema
from hagane.spec.monitoring import Monitoring
from hagane.types import SqlType
from hagane.workflow.monitor import MonitorReport, monitor
from hagane.workspace.workspace import Workspace

FIRST = 20_000 * 24
ROWS = 200
LATER = (FIRST + 1000) * 3_600_000_000
HOURS = Monitoring(every="hour", min_rows=50)
SCHEMA = DataSchema(
    columns={
        "fare": ColumnSchema(type=SqlType.FLOAT64, min=0, min_present_fraction=0.9),
        "paid": ColumnSchema(type=SqlType.STRING, domain=("cash", "card"), max_unseen_fraction=0.05),
        "driver": ColumnSchema(type=SqlType.STRING, max_length=4),
        "late": ColumnSchema(type=SqlType.BOOL, min_present_fraction=1.0),
    },
    rules={"cash": "fare > 1 OR paid = 'card'", "known": "driver <> 'd9'"},
)
DECLARED = {"min", "min_present_fraction", "domain", "max_length", "rules.cash", "rules.known"}


def traffic(seed: int, *, negative: int = 0, unknown: int = 0, missing: int = 0) -> pa.Table:
    random = np.random.default_rng(seed)
    fares: list[float | None] = [float(fare) for fare in 2 + random.gamma(4.0, 3.0, ROWS)]
    paid = [str(each) for each in np.where(random.random(ROWS) < 0.5, "cash", "card")]
    fares[:negative] = [-1.0] * negative
    paid[:negative] = ["card"] * negative
    paid[ROWS - unknown :] = ["crypto"] * unknown
    fares[50 : 50 + missing] = [None] * missing
    return pa.table({"fare": fares, "paid": paid, "driver": [f"d{place % 9}" for place in range(ROWS)]})


def trained(place: Workspace, name: str, **more: Any) -> None:
    rows = pa.concat_tables([traffic(seed) for seed in range(3)])
    late = pa.array([place % 3 == 0 for place in range(rows.num_rows)])
    hg.train(rows.append_column("late", late), label="late", model="logistic_reg", name=name, workspace=place.root,
             **more)  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Five hours: as in training, with negative fares, twice the same with more, and as in training again."""
    place = Workspace(tmp_path_factory.mktemp("home"))
    trained(place, "late", schema=SCHEMA)
    hours = {FIRST: traffic(10, unknown=4, missing=10), FIRST + 1: traffic(11, negative=1),
             FIRST + 2: traffic(12, negative=3, unknown=60, missing=80),
             FIRST + 3: traffic(13), FIRST + 4: traffic(14)}  # fmt: skip
    write_answers(place, Bundle.load(place.get("late").path), "plain", hours, model="late")
    write_answers(place, Bundle.load(place.get("late").path), "hashed", hours, model="late", hashed=["driver", "paid"])
    for hour, hashed in ((FIRST, ["driver"]), (FIRST + 1, [])):
        write_answers(place, Bundle.load(place.get("late").path), "changed", {hour: hours[hour]}, model="late",
                      hashed=hashed)  # fmt: skip
    return place


def watch(home: Workspace, endpoint: str, asked: Monitoring = HOURS) -> MonitorReport:
    return monitor(endpoint, workspace=home, monitoring=asked, now=LATER)


def declared(report: MonitorReport, place: int) -> dict[tuple[str, str], Finding]:
    """What was looked at in a window."""
    findings = report.windows[place].findings
    return {(each.name, each.measure): each for each in findings if each.of == "schema" and each.measure in DECLARED}


def test_what_breaks_the_schema_is_told_by_its_key(home: Workspace) -> None:
    report = watch(home, "plain")
    wrong = [{key for key, each in declared(report, place).items() if each.is_anomaly} for place in range(5)]
    assert wrong == [set(), {("fare", "min")}, {("fare", "min"), ("fare", "min_present_fraction"), ("paid", "domain")},
                     set(), set()]  # fmt: skip
    found = declared(report, 2)
    assert {key: each.value for key, each in found.items()} == pytest.approx({
        ("fare", "min"): 3 / ROWS, ("fare", "min_present_fraction"): 80 / ROWS, ("paid", "domain"): 60 / ROWS,
        ("driver", "max_length"): 0.0, ("rows", "rules.cash"): 0.0, ("rows", "rules.known"): 0.0})  # fmt: skip
    assert found["fare", "min"].change == "3 rows; expected 0 or more"
    assert found["fare", "min"].place == "schema/fare/min"
    alerts = {alert.place: alert for alert in report.alerts}
    assert alerts["schema/fare/min"].until is not None, "two windows in a row were wrong, and two are well again"
    summary = report.windows[2].summary
    assert summary.data_schema is not None
    assert WindowSummary.from_bytes(summary.to_bytes()) == summary


def test_pseudonyms_and_rules_that_read_them_are_not_looked_at(home: Workspace) -> None:
    found = declared(watch(home, "hashed"), 2)
    assert set(found) == {("fare", "min"), ("fare", "min_present_fraction")}


def test_pseudonyms_of_before_a_change_are_none_either(home: Workspace) -> None:
    report = watch(home, "changed")
    first, second = (declared(report, place) for place in range(2))
    assert ("driver", "max_length") not in first
    assert second["driver", "max_length"].num_rows == ROWS
    assert not second["driver", "max_length"].is_anomaly


@pytest.mark.parametrize("every", ["day", "1000 rows"])
def test_hours_add_up(home: Workspace, every: str) -> None:
    asked = msgspec.structs.replace(HOURS, every=every)
    (window,) = watch(home, "plain", asked).windows
    found = window.summary.data_schema
    assert found is not None
    assert {rule.key: (rule.num_broken, rule.num_rows) for rule in found.rules} == {
        ("fare", "min"): (4, 5 * ROWS), ("fare", "min_present_fraction"): (90, 5 * ROWS),
        ("paid", "domain"): (64, 5 * ROWS), ("driver", "max_length"): (0, 5 * ROWS),
        ("", "rules.cash"): (0, 5 * ROWS), ("", "rules.known"): (0, 5 * ROWS)}  # fmt: skip


def test_what_the_spec_lets_pass_is_no_alarm(tmp_path: Path) -> None:
    place = Workspace(tmp_path / "home")
    trained(place, "late", schema=SCHEMA, anomalies={"max_fraction": 0.02})
    hours = {FIRST: traffic(11, negative=2), FIRST + 1: traffic(12, negative=60)}
    for endpoint in ("e", "gone"):
        write_answers(place, Bundle.load(place.get("late").path), endpoint, hours, model="late")
    report = watch(place, "e")
    assert [declared(report, hour)["fare", "min"].is_anomaly for hour in (0, 1)] == [False, True]
    shutil.rmtree(place.get("late").path)
    report = watch(place, "gone")
    assert report.windows
    assert not declared(report, 0), "without its model no schema is known"


def test_few_rows_are_shown_and_not_judged(home: Workspace) -> None:
    found = declared(watch(home, "plain", msgspec.structs.replace(HOURS, min_rows=ROWS + 1)), 2)
    assert found
    assert not any(each.is_judged for each in found.values())


def test_windows_of_other_schemas_have_none_together() -> None:
    rule = RuleCount(column="fare", rule="min", expected="0 or more", num_broken=1, num_rows=10)
    other = msgspec.structs.replace(rule, rule="max", expected="9 or less")
    both = WindowSchema(rules=(rule,)).merge(WindowSchema(rules=(rule, other)))
    assert [(each.num_broken, each.num_rows) for each in both.rules] == [(2, 20), (1, 10)]
    with pytest.raises(DataError, match="different rules 'min' of 'fare'"):
        both.merge(WindowSchema(rules=(msgspec.structs.replace(rule, expected="1 or more"),)))

"""What people see of windows, as data: in the right order, of a bounded size, and the same after a round trip."""

from __future__ import annotations

import json
import re

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_windows import MONITORING, NUM_WINDOWS, made_view, made_windows

from hagane.monitoring.alert import alerts_of
from hagane.monitoring.finding import Finding
from hagane.monitoring.reference import Reference
from hagane.monitoring.report.monitor_html import monitor_html
from hagane.monitoring.view.make_view import MOST_SERIES, make_view
from hagane.monitoring.view.monitor_view import MonitorView
from hagane.monitoring.view.series import Series
from hagane.monitoring.window_findings import WindowFindings


@pytest.fixture(scope="module")
def view() -> MonitorView:
    return made_view()


def test_every_figure_is_in_its_window(view: MonitorView) -> None:
    windows, _ = made_windows()
    series = {each.place: each for each in view.series}
    assert set(series) == {finding.place for window in windows for finding in window.findings}
    for at, window in enumerate(windows):
        for finding in window.findings:
            shown = series[finding.place]
            assert shown.values[at] == pytest.approx(finding.value, rel=1e-3)
            assert shown.thresholds[at] == finding.threshold
            assert (at in shown.unjudged) is not finding.is_judged
            assert (at in shown.anomalies) is (finding.is_judged and finding.is_anomaly)
    assert all(len(each.values) == len(each.excesses) == NUM_WINDOWS for each in view.series)


def test_what_is_wrong_now_comes_first(view: MonitorView) -> None:
    names = [each.name for each in view.series]
    assert {each.name for each in view.series if each.is_anomaly} == {"fare", "accuracy"}
    assert set(names[:2]) == {"fare", "accuracy"}
    assert names.index("paid") < names.index("hour"), "what was wrong is before what never was"
    assert view.columns[0].name == "fare"


def test_alerts_are_those_of_the_windows_and_lie_where_they_were(view: MonitorView) -> None:
    windows, _ = made_windows()
    assert {shown.alert for shown in view.alerts} == set(alerts_of(windows, endpoint="tips"))
    by_name = {shown.alert.name: shown for shown in view.alerts}
    fare, paid = by_name["fare"], by_name["paid"]
    assert (fare.until, fare.first, fare.last) == (None, 8, 11)
    assert fare.since == "2024-10-12"
    assert (paid.first, paid.last) == (3, 8)
    assert (paid.since, paid.until) == ("2024-10-07", "2024-10-12")
    assert [shown.until is None for shown in view.alerts] == sorted(
        (shown.until is None for shown in view.alerts), reverse=True
    )
    assert view.verdict == "2 alerts open, the earliest since 2024-10-12: fare, quality accuracy."


def test_the_buckets_hold_the_rows(view: MonitorView) -> None:
    for column in view.columns:
        for side in (column.then, column.now):
            if side is None:
                continue
            known = sum(side.shares) + side.below + side.above
            assert known == pytest.approx(1.0, abs=1e-3)
            assert all(share >= 0 for share in side.shares)
    hour = next(column for column in view.columns if column.name == "hour")
    assert hour.then is not None
    assert all(low % 1 == 0.5 for low in hour.edges), "whole numbers do not lie on edges"
    missing = next(column for column in view.columns if "note" in column.name)
    assert missing.now.missing == pytest.approx(2 / 3, abs=0.01)


def test_it_round_trips_and_is_plain_json(view: MonitorView) -> None:
    assert MonitorView.from_json(view.to_json()) == view
    json.loads(view.to_json(), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert json.loads(view.to_json()) == msgspec.to_builtins(view, str_keys=True) | json.loads(view.to_json())


def test_nothing_is_seen_where_nothing_is_over() -> None:
    view = make_view("late", [], [], [], MONITORING)
    assert (view.windows, view.latest, view.verdict) == ((), None, "No window is over yet.")


def test_windows_of_few_rows_are_shown_and_say_nothing() -> None:
    windows, references = made_windows()
    alone = make_view("tips", [windows[7]], [references[7]], [], MONITORING)
    assert alone.verdict == "No window has enough rows to be judged."
    assert alone.latest == 0
    assert alone.columns
    assert all(each.latest is None and each.excess == 0.0 for each in alone.series)


def test_a_canary_is_a_window_and_a_line_of_its_own() -> None:
    windows, references = made_windows()
    canary = [
        msgspec.structs.replace(
            window, summary=msgspec.structs.replace(window.summary, deployed_model_id="t2", version="2", traffic=9.0)
        )
        for window in windows[-3:]
    ]
    together = sorted([*windows, *canary], key=lambda each: each.summary.window.start)
    alerts = alerts_of(together, endpoint="tips")
    view = make_view("tips", together, [references[0]] * 15, alerts, MONITORING)
    assert view.latest is not None
    assert view.windows[view.latest].deployed_model_id == "t1", "most of the traffic"
    assert view.windows[-1].name == view.windows[-2].name
    fare = next(each for each in view.series if each.name == "fare" and each.of == "input")
    course = re.search(r'<svg[^>]*aria-label="fare, Jensen[^>]*>.*?</svg>', monitor_html(view))
    assert course
    assert course[0].count('class="line first"') == 2
    assert len(fare.values) == 15
    by_model = {shown.alert.deployed_model_id: (shown.first, shown.last) for shown in view.alerts
                if shown.alert.name == "fare" and shown.alert.of == "input"}  # fmt: skip
    assert set(by_model) == {"t1", "t2"}
    assert all(view.windows[at].deployed_model_id == model for model, ends in by_model.items() for at in ends if at)


def test_however_many_columns_there_are_its_size_is_bounded() -> None:
    windows, _ = made_windows()
    random = np.random.default_rng(3)
    wide = [
        WindowFindings(summary=windows[0].summary, is_judged=True, findings=tuple(
            Finding.of_distance("input", f"column_{number:04}", measure="L_INFTY", value=float(random.random() / 5),
                                threshold=0.3 if number != 999 else 0.0, num_rows=300)
            for number in range(1000)
        ))
        for _ in range(60)
    ]  # fmt: skip
    alerts = alerts_of(wide, endpoint="tips")
    view = make_view("tips", wide, [Reference(baseline="training")] * 60, alerts, MONITORING)
    assert len(view.series) == MOST_SERIES
    assert view.num_left_out == 1001 - MOST_SERIES
    assert any(each.name == "expected_accuracy" for each in view.series), "nor what is said of the whole endpoint"
    assert view.series[0].name == "column_0999", "what has an alert is not left out"
    assert view.series[0].excess == 99.0
    assert len(view.to_json()) < 1_000_000


FIGURES = st.floats(allow_nan=True, allow_infinity=True)


@given(st.lists(st.none() | st.tuples(FIGURES, FIGURES, st.booleans()), min_size=1, max_size=8))
@settings(max_examples=80, deadline=None)
def test_any_figures_are_json(given_figures: list[tuple[float, float, bool] | None]) -> None:
    if not any(given_figures):
        return
    findings = [
        each and Finding.of_distance("input", "x", measure="M", value=each[0], threshold=each[1], num_rows=1,
                                     is_judged=each[2])
        for each in given_figures
    ]  # fmt: skip
    series = Series.through(findings)
    assert msgspec.json.decode(msgspec.json.encode(series), type=Series) == series
    assert len(series.values) == len(series.thresholds) == len(series.excesses) == len(given_figures)

"""Made windows of an endpoint, with all that can be looked at in them: for what draws them."""

from __future__ import annotations

import functools

import msgspec
import numpy as np
import pyarrow as pa

from hagane.data.open_table import open_table
from hagane.monitoring.alert import alerts_of
from hagane.monitoring.expected_binary import ExpectedBinary
from hagane.monitoring.finding import Finding
from hagane.monitoring.judge_window import judge_window
from hagane.monitoring.reference import Reference
from hagane.monitoring.view.make_view import make_view
from hagane.monitoring.view.monitor_view import MonitorView
from hagane.monitoring.window_findings import WindowFindings
from hagane.monitoring.window_summary import WindowSummary
from hagane.monitoring.windows import Window
from hagane.spec.monitoring import Monitoring
from hagane.statistics.measure import measure_statistics
from hagane.statistics.statistics import Statistics

DAY = 86_400_000_000
FIRST = 20_000 * DAY
NUM_WINDOWS, ROWS = 12, 300
PROBABILITY = "probability"
MONITORING = Monitoring(min_rows=50, thresholds={"paid": 0.2})


@functools.cache
def made_view() -> MonitorView:
    """What people see of `made_windows`."""
    windows, references = made_windows()
    alerts = alerts_of(windows, endpoint="tips", after=MONITORING.alert_after, back=MONITORING.alert_until)
    return make_view("tips", windows, references, alerts, MONITORING, notes=("the log of tips holds 30 days",))


@functools.cache
def made_windows() -> tuple[list[WindowFindings], list[Reference]]:
    """Twelve days: fares double from the ninth on, cash is rare from the fourth to the sixth, the eighth is short."""
    sizes = [20 if day == 7 else ROWS for day in range(NUM_WINDOWS)]
    probs = [np.random.default_rng(day).beta(1 + day / 6, 3, num_rows) for day, num_rows in enumerate(sizes)]
    trained = _statistics({"": _rows(-1, 2000)})[""]
    tables = {
        str(day): {**_rows(day, ROWS), PROBABILITY: probs[day].tolist()} for day in range(NUM_WINDOWS) if day != 7
    }
    came = _statistics(tables) | _statistics({"7": {**_rows(7, 20), PROBABILITY: probs[7].tolist()}})
    windows, references, before = [], [], None
    for day, num_rows in enumerate(sizes):
        inputs, predictions = (
            msgspec.structs.replace(came[str(day)], columns=tuple(
                column for column in came[str(day)] if (column.name == PROBABILITY) is of_answers))
            for of_answers in (False, True)
        )  # fmt: skip
        summary = WindowSummary(
            window=Window(FIRST + day * DAY, FIRST + (day + 1) * DAY),
            deployed_model_id="t1", model="tips", version="1", num_rows=num_rows, traffic=10.0 * num_rows,
            num_errors=day % 5, inputs=inputs, predictions=predictions,
            expected=ExpectedBinary.of(probs[day], threshold=0.5),
        )  # fmt: skip
        reference = Reference(baseline="training", inputs=trained, before=before)
        found = judge_window(summary, reference, MONITORING)
        shown = (*(each for each in found.findings if each.of != "schema"), *_also(day, num_rows))
        windows.append(WindowFindings(summary=summary, is_judged=found.is_judged, findings=shown))
        references.append(reference)
        before = summary
    return windows, references


def _rows(day: int, num_rows: int) -> dict[str, list[object]]:
    random = np.random.default_rng(100 + day)
    cash = 0.25 if 3 <= day <= 5 else 0.7
    fares = random.gamma(4.0, 3.0, num_rows) * (2.5 if day >= 8 else 1.0)
    return {
        "fare": fares.round(2).tolist(),
        "hour": random.integers(0, 24, num_rows).tolist(),
        "paid": np.where(random.random(num_rows) < cash, "cash", "card").tolist(),
        "<tip & 'note'>": [None if number % 3 else "ok" for number in range(num_rows)],
    }


def _statistics(tables: dict[str, dict[str, list[object]]]) -> dict[str, Statistics]:
    """Of several tables of as many rows, in one scan."""
    columns = {f"{key}/{name}": values for key, rows in tables.items() for name, values in rows.items()}
    measured = measure_statistics(open_table(pa.table(columns)))
    return {
        key: msgspec.structs.replace(measured, columns=tuple(
            msgspec.structs.replace(measured[f"{key}/{name}"], name=name) for name in rows))
        for key, rows in tables.items()
    }  # fmt: skip


def _also(day: int, num_rows: int) -> tuple[Finding, ...]:
    """What other judges say: how good answers were, new values."""
    accuracy = 0.91 - 0.012 * max(0, day - 6)
    is_judged = num_rows >= 50
    return (
        Finding(of="quality", name="accuracy", measure="LABELS", value=accuracy, threshold=0.87, num_rows=num_rows,
                is_anomaly=accuracy < 0.87, is_back=accuracy > 0.88, low=accuracy - 0.03, high=accuracy + 0.03,
                is_judged=is_judged, change=f"0.910 → {accuracy:.3f}"),
        Finding(of="quality", name="expected_accuracy", measure="CBPE", value=0.9, threshold=0.87, num_rows=num_rows,
                is_anomaly=False, is_back=True, low=0.87, high=0.93, is_judged=is_judged),
        Finding.of_distance("schema", "paid", measure="NEW_VALUES", value=0.01 * (day == 10), threshold=0.0,
                            num_rows=num_rows, is_judged=is_judged, change="'voucher' 1 %"),
    )  # fmt: skip


def wide_view(num_columns: int = 200, num_windows: int = 60) -> MonitorView:
    """As `made_view`, of a wide table and a long time: every fifth column is off in every third window."""
    view, random = made_view(), np.random.default_rng(4)
    fare = next(each for each in view.series if each.name == "fare")
    both = next(each for each in view.columns if each.name == "fare")
    windows = tuple(
        msgspec.structs.replace(view.windows[at % NUM_WINDOWS], is_judged=True) for at in range(num_windows)
    )
    series, columns = [], []
    for number in range(num_columns):
        name = f"measured_column_{number:04}"
        off = tuple(range(number % 3, num_windows, 3)) if number % 5 == 0 else ()
        values = [float(f"{random.random() * 0.3 + 0.4 * (at in off):.4g}") for at in range(num_windows)]
        series.append(msgspec.structs.replace(
            fare, place=f"input/{name}/{fare.measure}", name=name, values=tuple(values), anomalies=off, unjudged=(),
            thresholds=(0.3,) * num_windows, excesses=tuple(float(f"{value / 0.3:.3g}") for value in values),
            latest=num_windows - 1,
        ))  # fmt: skip
        sides = [msgspec.structs.replace(side, shares=tuple(random.dirichlet(np.ones(20)).round(4).tolist()))
                 for side in (both.now, both.now)]  # fmt: skip
        edges = tuple(np.linspace(-random.random(), 1000 * random.random(), 21).round(2).tolist())
        columns.append(msgspec.structs.replace(both, name=name, then=sides[0], now=sides[1], edges=edges))
    alerts = tuple(
        msgspec.structs.replace(view.alerts[0], place=each.place, title=each.name, first=at % 40, last=at % 40 + 9)
        for at, each in enumerate(series) if each.anomalies
    )  # fmt: skip
    return msgspec.structs.replace(view, windows=windows, series=tuple(series), columns=tuple(columns), alerts=alerts,
                                   latest=num_windows - 1)  # fmt: skip

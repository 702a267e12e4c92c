"""What departs from training's form is found, by counts that numpy makes too; and shuffled rows never are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hagane.data.open_table import open_table
from hagane.monitoring.finding import Finding
from hagane.monitoring.judges.arrivals import judge_arrivals
from hagane.monitoring.judges.schema import judge_schema
from hagane.monitoring.reference import Reference
from hagane.monitoring.schema_share import schema_share
from hagane.monitoring.window_arrivals import WindowArrivals
from hagane.monitoring.window_summary import WindowSummary
from hagane.monitoring.windows import Window
from hagane.spec.monitoring import Monitoring
from hagane.spec.schema_monitoring import SchemaMonitoring
from hagane.statistics.measure import measure_statistics
from hagane.statistics.measure_array import measure_array
from hagane.statistics.statistics import Statistics

BANK = Path(__file__).resolve().parents[3] / "shared" / "data" / "bank_marketing"
ASKED = Monitoring()


def made(num_rows: int, seed: int, **changed: Any) -> pa.Table:
    random = np.random.default_rng(seed)
    columns = {
        "fare": random.gamma(4.0, 3.0, num_rows).tolist(),
        "trips": random.integers(0, 40, num_rows).tolist(),
        "paid": random.choice(["cash", "card", "prcard"], num_rows, p=[0.6, 0.395, 0.005]).tolist(),
        "tip": np.where(random.random(num_rows) < 0.3, None, 1.0).tolist(),
    }
    return pa.table({**columns, **changed})


def measured(table: pa.Table) -> Statistics:
    return measure_statistics(open_table(table))


TRAINED = measured(made(2_000, 1))


def summary(inputs: Statistics, **more: Any) -> WindowSummary:
    known = {"window": Window(0, 1), "deployed_model_id": "d", "model": "m", "version": "1", "traffic": 1.0,
             "num_errors": 0, "predictions": Statistics(num_rows=0, columns=())}  # fmt: skip
    return WindowSummary(num_rows=inputs.num_rows, inputs=inputs, **known | more)


def wrong(inputs: Statistics, *, asked: Monitoring = ASKED, **more: Any) -> dict[tuple[str, str], Finding]:
    reference = Reference(baseline="training", inputs=TRAINED)
    window = summary(inputs, **more)
    found = [*judge_schema(window, reference, asked), *judge_arrivals(window, reference, asked)]
    return {(each.name, each.measure): each for each in found if each.is_anomaly and each.is_judged}


def test_each_departure_is_found_and_nothing_else() -> None:
    rows = 1_000
    table = made(rows, 2).to_pydict()
    fare = [value * 100 if place < 200 else value for place, value in enumerate(table["fare"])]
    paid = ["crypto" if place < 60 else value for place, value in enumerate(table["paid"])]
    tip = [None if place < 500 else value for place, value in enumerate(table["tip"])]
    trips: list[int | None] = [None if place < 100 else value for place, value in enumerate(table["trips"])]
    found = wrong(measured(made(rows, 2, fare=fare, paid=paid, tip=tip, trips=trips)))
    assert set(found) == {
        ("fare", "OUT_OF_RANGE"),
        ("paid", "ENUM_TYPE_UNEXPECTED_STRING_VALUES"),
        ("tip", "FEATURE_TYPE_LOW_FRACTION_PRESENT"),
        ("trips", "FEATURE_TYPE_LOW_FRACTION_PRESENT"),
    }
    highest = TRAINED["fare"].max
    assert isinstance(highest, float)
    beyond = np.mean(np.array(fare) > highest)
    assert found["fare", "OUT_OF_RANGE"].value == pytest.approx(beyond, abs=0.01), "the sketch may err by so much"
    assert found["paid", "ENUM_TYPE_UNEXPECTED_STRING_VALUES"].value == pytest.approx(0.06)
    assert found["paid", "ENUM_TYPE_UNEXPECTED_STRING_VALUES"].change == "'crypto' 6 %"
    missing = sum(value is None for value in tip) / rows
    assert found["tip", "FEATURE_TYPE_LOW_FRACTION_PRESENT"].value == pytest.approx(missing)
    assert found["trips", "FEATURE_TYPE_LOW_FRACTION_PRESENT"].change == "missing 0 % → 10 %"


def test_infinities_and_errors() -> None:
    table = made(500, 3).to_pydict()
    fare = [float("inf") if place < 40 else value for place, value in enumerate(table["fare"])]
    found = wrong(measured(made(500, 3, fare=fare)), num_errors=50)
    assert set(found) == {("fare", "FLOAT_TYPE_HAS_INF"), ("rows", "ROW_ERRORS")}
    assert found["fare", "FLOAT_TYPE_HAS_INF"].value == pytest.approx(0.08)


def test_pseudonyms_are_counted_and_not_compared() -> None:
    hashed = [f"{number:032x}" if number > 300 else None for number in range(1_000)]
    found = wrong(measured(made(1_000, 4, paid=hashed)), hashed=("paid",))
    assert set(found) == {("paid", "FEATURE_TYPE_LOW_FRACTION_PRESENT")}


def test_too_few_rows_are_judged_by_nothing() -> None:
    assert not wrong(measured(made(50, 5, paid=["crypto"] * 50)))
    assert wrong(measured(made(50, 5, paid=["crypto"] * 50)), asked=Monitoring(min_rows=10))


def test_thresholds_are_the_specs() -> None:
    table = measured(made(1_000, 6, paid=["crypto" if place < 60 else "cash" for place in range(1_000)]))
    assert wrong(table)
    assert not wrong(table, asked=Monitoring(schema=SchemaMonitoring(min_domain_mass=0.9)))


def counts(**requests: int) -> list[tuple[str, str, str, int]]:
    found = [("request", "", reason, number) for reason, number in requests.items()]
    rows = sum(number for reason, number in requests.items() if reason not in ("answered", "overload"))
    return [*found, ("row", "", "answered", requests.get("answered", 0)), ("row", "", "refused", rows)]


def test_what_the_server_counted_is_judged() -> None:
    came = WindowArrivals.of([
        *counts(answered=900, type=100, overload=500),
        ("looked", "", "answered", 90), ("looked", "", "refused", 100),
        ("absent", "fare", "answered", 60), ("absent", "fare", "refused", 100), ("absent", "paid", "answered", 20),
        ("unknown", "", "answered", 9), ("unknown", "gratuity", "answered", 9),
        ("nan", "tip", "answered", 45),
        ("fault", "trips", "type", 100),
    ])  # fmt: skip
    found = wrong(measured(made(900, 7)), arrivals=came)
    assert set(found) == {("fare", "SCHEMA_MISSING_COLUMN"), ("rows", "SCHEMA_NEW_COLUMN"),
                          ("tip", "FLOAT_TYPE_HAS_NAN"), ("rows", "UNEXPECTED_DATA_TYPE"),
                          ("requests", "REFUSED")}  # fmt: skip
    assert found["fare", "SCHEMA_MISSING_COLUMN"].value == pytest.approx((900 * 60 / 90 + 100) / 1000)
    assert found["rows", "SCHEMA_NEW_COLUMN"].value == pytest.approx(0.09)
    assert found["rows", "SCHEMA_NEW_COLUMN"].change == "gratuity"
    assert found["tip", "FLOAT_TYPE_HAS_NAN"].value == pytest.approx(0.45)
    assert found["requests", "REFUSED"].value == pytest.approx(0.1), "of overload the requests are not to blame"
    assert found["rows", "UNEXPECTED_DATA_TYPE"].change == "trips 10 %"


COUNTS = st.tuples(
    st.sampled_from(("absent", "unknown", "nan", "looked", "row")),
    st.sampled_from(("", "a", "b")),
    st.sampled_from(("answered", "refused")),
    st.integers(1, 9),
)


@given(st.lists(COUNTS, max_size=30), st.integers(0, 30))
def test_counts_of_parts_merge_to_those_of_the_whole(rows: list[tuple[str, str, str, int]], cut: int) -> None:
    whole, parts = WindowArrivals.of(rows), (WindowArrivals.of(rows[:cut]), WindowArrivals.of(rows[cut:]))
    assert parts[0].merge(parts[1]) == whole
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(whole), type=WindowArrivals) == whole


def test_thresholds_leave_room_for_chance() -> None:
    random = np.random.default_rng(8)
    alarms = sum(
        schema_share("a", "M", random.binomial(100, 0.3) / 100, allowed=random.binomial(400, 0.3) / 400 + 0.01,
                     num_rows=100, num_before=400, min_rows=1).is_anomaly
        for _ in range(5_000)
    )  # fmt: skip
    assert alarms <= 2


@pytest.mark.parametrize("rows", [100, 1_000])
def test_shuffled_rows_raise_no_alarm(rows: int) -> None:
    for seed in range(100, 110):
        assert not wrong(measured(made(rows, seed))), seed


def test_extremes_of_few_rows_are_passed_by_chance() -> None:
    random = np.random.default_rng(9)

    def column() -> Statistics:
        return Statistics(num_rows=150, columns=(measure_array("fare", pa.array(random.normal(size=150))),))

    alarms = sum(
        each.is_anomaly
        for _ in range(1_000)
        for each in judge_schema(summary(column()), Reference(baseline="previous", inputs=column()), ASKED)
        if each.measure == "OUT_OF_RANGE"
    )
    assert alarms <= 2


@pytest.mark.slow
@pytest.mark.skipif(not BANK.exists(), reason="no shared data")
def test_shuffled_rows_of_a_real_table_raise_no_alarm() -> None:
    table = open_table(str(BANK / "bank-full.csv"))
    rows = pa.Table.from_batches(list(table.batches()))
    order = np.random.default_rng(9).permutation(rows.num_rows)
    base = measured(rows.take(pa.array(order[: len(order) // 2])))
    reference = Reference(baseline="training", inputs=base)
    for start in range(40):
        part = order[len(order) // 2 + 500 * start :][:500]
        window = summary(measured(rows.take(pa.array(part))))
        assert [each.place for each in judge_schema(window, reference, ASKED) if each.is_anomaly] == []

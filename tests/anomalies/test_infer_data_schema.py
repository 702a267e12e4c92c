"""What is inferred: never too tight, and the same from the statistics of the parts."""

from __future__ import annotations

import datetime
import math
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hagane.anomalies.check_table import check_table
from hagane.anomalies.infer_data_schema import infer_data_schema, schema_suggestions
from hagane.data.open_table import open_table
from hagane.spec.data_schema import ColumnSchema, DataSchema
from hagane.statistics.measure import measure_statistics
from hagane.types import SqlType
from hagane.workflow.schema import check_schema, infer_schema


def infer(columns: dict[str, object]) -> DataSchema:
    return infer_data_schema(measure_statistics(open_table(pa.table(columns))))


VALUES = {
    "INT64": (pa.int64(), st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 3)),
    "FLOAT64": (pa.float64(), st.floats() | st.sampled_from([0.0, -0.0, 1.5, math.inf])),
    "STRING": (pa.string(), st.text(st.characters(exclude_categories=["Cs"]), max_size=3)),
    "BOOL": (pa.bool_(), st.booleans()),
    "DATE": (pa.date32(), st.dates()),
    "TIMESTAMP": (pa.timestamp("us", "UTC"), st.datetimes(timezones=st.just(datetime.UTC))),
}


@given(st.sampled_from(sorted(VALUES)), st.data(), st.integers(1, 1500))
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_the_rows_a_schema_was_inferred_from_fulfil_it(kind, data, num_rows):
    type_, values = VALUES[kind]
    pool = data.draw(st.lists(values | st.none(), min_size=1, max_size=40))
    power = data.draw(st.floats(0, 4))  # many equal, or a few frequent and a tail
    draw = np.random.default_rng(zlib.crc32(repr((pool, num_rows)).encode()))
    chosen = (draw.random(num_rows) ** (1 + power) * len(pool)).astype(int)
    table = open_table(pa.table({"x": pa.array([pool[index] for index in chosen], type_)}))
    statistics = measure_statistics(table)
    schema = infer_data_schema(statistics)
    assert check_table(table, schema).errors == ()


def test_rules_of_numbers():
    draw = np.random.default_rng(5)
    n = 2_000
    schema = infer(
        {
            "price": draw.uniform(10, 90, n),
            "change": draw.normal(size=n),
            "loss": -draw.uniform(1, 9, n),
            "income": draw.lognormal(10, 3, n),
            "key": np.arange(n) + 5_000,
            "month": np.arange(n) % 12 + 1,
            "children": np.minimum(draw.geometric(0.5, n) - 1, 30),
            "constant": np.full(n, 7.5),
            "infinite": np.where(np.arange(n) == 3, np.inf, 1.0),
        }
    ).columns
    price = schema["price"]
    assert price.finite
    assert (price.min, price.max) == (0, 170)  # 10 - 80 but nothing was negative; 90 + 80
    assert schema["change"].min < -4 < 4 < schema["change"].max
    assert schema["loss"].max == 0
    assert schema["loss"].min <= -16
    assert (schema["income"].min, schema["income"].max) == (0, None)  # a heavy tail
    assert (schema["key"].min, schema["key"].max) == (3000, None)  # keys count upwards
    assert schema["month"].domain == tuple(range(1, 13))
    assert (schema["children"].domain, schema["children"].min) == (None, 0)  # counts thin out
    assert (schema["constant"].min, schema["constant"].max) == (0, None)
    assert (schema["infinite"].finite, schema["infinite"].max) == (False, None)


def test_rules_of_texts():
    n = 5_000
    pay = np.where(np.arange(n) % 3 == 0, "cash", "card").astype(object)
    odd = pay.copy()
    odd[:3] = "voucher"
    many = np.array([f"c{index % 19}" for index in range(n)])
    schema = infer({"pay": pay, "odd": odd, "many": many, "own": [f"id{index}" for index in range(n)]}).columns
    assert (schema["pay"].domain, schema["pay"].max_unseen_fraction) == (("card", "cash"), 0.0006)
    assert (schema["odd"].domain, schema["odd"].max_unseen_fraction) == (("card", "cash", "voucher"), 0.01)
    assert len(schema["many"].domain or ()) == 19
    assert schema["own"].domain is None
    assert not schema["own"].unique  # suggested, never decided
    few = infer({"pay": pay[:120]}).columns["pay"]
    assert (few.domain, few.max_unseen_fraction) == (("card", "cash"), 0.03)


def test_presence_and_dates():
    n = 1_000
    holes = pa.array([None if index % 10 == 0 else index for index in range(n)], pa.int64())
    days = pa.array([datetime.date(2013, 1, 1) + datetime.timedelta(days=index % 300) for index in range(n)])
    moments = pa.array([datetime.datetime(2013, 1, 1, 5) + datetime.timedelta(hours=index) for index in range(n)])
    schema = infer({"holes": holes, "none": pa.nulls(n, pa.string()), "day": days, "at": moments}).columns
    assert schema["holes"].min_present_fraction == 0.79  # 1 - 2 * 0.1 - 3 / 1000, rounded down
    assert schema["none"] == ColumnSchema(type=SqlType.STRING)
    assert schema["day"].min_present_fraction == 1
    assert (schema["day"].min, schema["day"].max) == ("2003-01-01", "2023-10-29")
    assert (schema["at"].min, schema["at"].max) == ("2003-01-01", "2023-02-13")


def test_few_rows_tell_types_alone():
    schema = infer({"x": [1.5] * 99, "job": ["pilot"] * 99})
    assert schema.columns == {"x": ColumnSchema(type=SqlType.FLOAT64), "job": ColumnSchema(type=SqlType.STRING)}


def test_keys_are_suggested():
    table = open_table(pa.table({"key": [f"k{index}" for index in range(200)], "job": ["a", "b"] * 100}))
    assert list(schema_suggestions(measure_statistics(table))) == ["key"]


REAL = {
    "taxi": "chicago_taxi/data.csv",
    "bank": "bank_marketing/bank-full.csv",
    "bank_additional": "bank_marketing/bank-additional.csv",
    "housing": "california_housing/housing.csv",
    "noaa": "noaa_temperatures/*.csv.gz",
}


@pytest.mark.parametrize("name", REAL)
def test_real_data_fulfil_what_was_inferred_from_half_of_them(shared_data: Path, name: str):
    path = str(shared_data / REAL[name])
    half = f"SELECT * FROM (SELECT *, row_number() OVER () AS r FROM read_csv('{path}', sample_size=-1)) WHERE r % 2 = "
    inferred = infer_schema(half + "0").schema
    report = check_schema(half + "1", inferred)
    assert report.errors == (), report.errors


@pytest.mark.parametrize("name", ["taxi", "bank", "housing"])
def test_parts_merged_infer_what_the_whole_does(shared_data: Path, name: str):
    rows = open_table(str(shared_data / REAL[name])).query("SELECT * FROM data")
    third = len(rows) // 3
    parts = [measure_statistics(open_table(part)) for part in (rows.slice(0, third), rows.slice(third))]
    assert infer_data_schema(parts[0].merge(parts[1])) == infer_data_schema(measure_statistics(open_table(rows)))

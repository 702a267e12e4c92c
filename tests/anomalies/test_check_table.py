"""Every rule on data that break it: how many rows, which ones, and nothing else."""

from __future__ import annotations

import csv
import datetime
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hagane.anomalies.anomaly_report import AnomalyReport, Example
from hagane.anomalies.check_table import check_table
from hagane.data.open_table import open_table
from hagane.errors import DataError, ExpressionError
from hagane.spec.data_schema import ColumnSchema, DataSchema
from hagane.types import SqlType
from hagane.workflow.schema import check_schema, infer_schema


def check(columns: dict[str, object], rules: dict[str, str] | None = None, **schema: ColumnSchema) -> AnomalyReport:
    return check_table(open_table(pa.table(columns)), DataSchema(columns=schema, rules=rules or {}))


def only(report: AnomalyReport) -> tuple[str, str, str, int, tuple[Example, ...]]:
    (finding,) = report.findings
    return finding.column, finding.rule, finding.severity, finding.num_rows, finding.examples


def of(type_: str, **rules: object) -> ColumnSchema:
    return ColumnSchema(type=SqlType(type_), **rules)  # type: ignore[arg-type]


MIDNIGHT = datetime.datetime(2013, 1, 1, tzinfo=datetime.UTC)
DAY = datetime.date(2013, 1, 1)
BREACHES = {
    "min": (pa.array([1, 2, -1, None]), of("INT64", min=0), "min", ["-1"]),
    "max": (pa.array([1.0, 2.5, np.inf]), of("FLOAT64", max=2), "max", ["2.5", "inf"]),
    "max of finite": (pa.array([1.0, 2.5]), of("FLOAT64", max=2, finite=True), "max", ["2.5"]),
    "finite": (pa.array([1.0, -np.inf]), of("FLOAT64", max=2, finite=True), "finite", ["-inf"]),
    "date": (pa.array([DAY, datetime.date(1900, 1, 1)]), of("DATE", min="1950-01-01"), "min", ["1900-01-01"]),
    "moment": (
        pa.array([MIDNIGHT, MIDNIGHT + datetime.timedelta(microseconds=1)]),
        of("TIMESTAMP", max="2013-01-01T01:00:00+01:00"),
        "max",
        ["2013-01-01 00:00:00.000001+00"],
    ),
    "short": (pa.array(["ab", "", None]), of("STRING", min_length=1), "min_length", [""]),
    "long": (pa.array(["ab", "äöü日"]), of("STRING", max_length=3), "max_length", ["äöü日"]),
    "absent": (pa.array([1, None]), of("INT64", min_present_fraction=1.0), "min_present_fraction", [None]),
    "NaN is absent": (pa.array([1.0, np.nan]), of("FLOAT64", min_present_fraction=1.0), "min_present_fraction", [None]),
    "text": (pa.array(["a", "it's", None]), of("STRING", domain=("a", "b")), "domain", ["it's"]),
    "whole": (pa.array([1, 2**63 - 1]), of("INT64", domain=(1, 2)), "domain", [str(2**63 - 1)]),
    "truth": (pa.array([True, False]), of("BOOL", domain=(True,)), "domain", ["false"]),
    "twice": (pa.array(["k", "l", "k", None, None]), of("STRING", unique=True), "unique", ["k"]),
    "no number": (pa.array(["1", "x", "NA", None]), of("INT64"), "type", ["x"]),
    "a fraction": (pa.array([1.0, 1.5]), of("INT64", min_present_fraction=0.5), "type", ["1.5"]),
}


@pytest.mark.parametrize("name", BREACHES)
def test_each_rule_finds_what_breaks_it_and_where(name):
    values, column, rule, examples = BREACHES[name]
    found = only(check({'a "b"': values}, **{'a "b"': column}))
    assert found[:3] == ('a "b"', rule, "error")
    assert [example.value for example in found[4]] == examples
    assert found[3] == (2 if name == "twice" else len(examples))
    texts = values.cast(pa.string()).to_pylist() if rule not in ("type", "finite", "max", "min") else None
    if texts is not None and rule not in ("domain", "unique", "min_present_fraction"):
        assert found[4][0].where == f"row {texts.index(examples[0]) + 1}"


def test_what_fulfils_the_schema_says_nothing():
    for values, column, *_ in BREACHES.values():
        kept = ColumnSchema(type=column.type)
        if str(kept.type) not in ("INT64",):
            assert check({"x": values}, x=kept).findings == ()


def test_values_of_a_changed_type_are_checked_as_the_schemas():
    report = check({"n": ["3", "-4", "x"]}, n=of("INT64", min=0, min_present_fraction=1.0))
    assert [(f.rule, f.num_rows) for f in report.findings] == [("type", 1), ("min", 1)]
    (finding,) = check({"n": [3.0, None]}, n=of("INT64", min=0)).findings
    assert (finding.severity, finding.num_rows) == ("warning", 0)
    assert "every value converts" in finding.what


def test_columns_that_are_missing_or_too_many():
    schema = DataSchema(columns={"fare": of("FLOAT64"), "tip": of("FLOAT64", required=False)}, extra_columns="refuse")
    report = check_table(open_table(pa.table({"Fare": [1.0]})), schema)
    assert [(f.column, f.rule, f.severity, f.nearest) for f in report.findings] == [
        ("fare", "required", "error", "Fare"),
        ("Fare", "extra_columns", "error", ""),
    ]
    (finding,) = check({"x": [1], "y": [2]}, x=of("INT64")).findings
    assert (finding.column, finding.severity) == ("y", "warning")


def test_too_few_rows():
    schema = DataSchema(columns={"x": of("INT64", min=0, unique=True, min_present_fraction=1.0)}, min_rows=1)
    (finding,) = check_table(open_table(pa.table({"x": pa.array([], pa.int64())})), schema).findings
    assert (finding.rule, finding.what) == ("min_rows", "there are no rows")


def test_rules_in_sql():
    columns = {"fare": [1.0, 0.0, None, -2.0], "miles": [3.0, 5.0, 1.0, 0.0]}
    rules = {"paid": "fare > 0 OR miles = 0", "errs": "fare / miles < 100"}
    report = check(columns, rules, fare=of("FLOAT64"), miles=of("FLOAT64"))
    found = {f.rule: [example.render() for example in f.examples] for f in report.findings}
    assert found == {
        "rules.paid": ["'fare = 0.0, miles = 5.0' (row 2)"],
        "rules.errs": ["'fare = -2.0, miles = 0.0' (row 4)"],
    }


def test_rules_in_sql_that_cannot_be_are_all_told():
    rules = {"a": "fair > 0", "b": "fare + 1", "c": "ML.STANDARD_SCALER(fare) OVER () > 3"}
    with pytest.raises(ExpressionError) as error:
        check({"fare": [1.0]}, rules, fare=of("FLOAT64"))
    assert [fault.where for fault in error.value.faults] == ["rules.a", "rules.b", "rules.c"]
    assert error.value.faults[0].nearest == "fare"


def test_a_rule_that_reads_a_missing_column_is_left_to_the_column():
    report = check({"fare": [-1.0]}, {"paid": "fare > tip"}, fare=of("FLOAT64"), tip=of("FLOAT64"))
    assert [f.rule for f in report.findings] == ["required"]


def test_an_allowed_share_of_unseen_values():
    values = ["a"] * 990 + ["A "] * 8 + ["zzz"] * 2
    column = of("STRING", domain=("a", "b"), max_unseen_fraction=0.01)
    assert only(check({"x": values}, x=column))[:4] == ("x", "domain", "warning", 10)
    (finding,) = check({"x": [*values, *["zzz"] * 90]}, x=column).findings
    assert (finding.severity, finding.num_rows) == ("error", 100)
    assert finding.examples == (Example("zzz", "row 999", 92), Example("A ", "row 991", 8, "a"))


def test_an_excess_that_may_be_chance_is_a_warning():
    column = of("INT64", min_present_fraction=0.9)
    (few,) = check({"x": pa.array([1] * 8 + [None] * 2)}, x=column).findings
    (many,) = check({"x": pa.array([1] * 800 + [None] * 200)}, x=column).findings
    assert (few.severity, many.severity) == ("warning", "error")
    assert check({"x": pa.array([1] * 9 + [None])}, x=column).findings == ()


def test_rows_are_named_with_their_file(tmp_path):
    for index in range(2):
        pq.write_table(pa.table({"x": [index, -index]}), tmp_path / f"part{index}.parquet")
    schema = DataSchema(columns={"x": of("INT64", min=0, unique=True)})
    report = check_schema(str(tmp_path / "*.parquet"), schema)
    assert {f.rule: f.examples[0].where for f in report.findings} == {
        "min": f"{tmp_path / 'part1.parquet'} row 2",
        "unique": f"{tmp_path / 'part0.parquet'} row 1",
    }


@given(
    st.lists(st.none() | st.integers(-5, 5), min_size=1), st.integers(-5, 5), st.sets(st.integers(-5, 5), min_size=1)
)
def test_counts_are_those_of_a_loop(values, least, domain):
    column = of("INT64", min=least, domain=tuple(domain), min_present_fraction=1.0, unique=True)
    found = {f.rule: f.num_rows for f in check({"x": pa.array(values, pa.int64())}, x=column).findings}
    present = [value for value in values if value is not None]
    expected = {
        "min": sum(value < least for value in present),
        "domain": sum(value not in domain for value in present),
        "min_present_fraction": values.count(None),
        "unique": sum(present.count(value) > 1 for value in present),
    }
    assert found == {rule: count for rule, count in expected.items() if count}


def test_a_refusal_tells_every_finding_as_a_fault():
    columns = {"fare": [1.0, -3.0] + [1.0] * 98, "pay": ["Cash"] * 99 + ["Crad"]}
    report = check(columns, fare=of("FLOAT64", min=0), pay=of("STRING", domain=("Cash", "Card")), tip=of("FLOAT64"))
    with pytest.raises(DataError) as error:
        report.check()
    assert error.value.render() == Path(__file__).with_name("refusal.txt").read_text(encoding="utf-8").rstrip("\n")
    assert [finding.rule for finding in report.refused(0.01)] == ["required"]
    assert AnomalyReport.from_json(report.to_json()) == report


def test_memory_is_bounded(tmp_path):
    duckdb.execute(
        f"COPY (SELECT i, 'key' || (i % 1250000)::VARCHAR || repeat('x', 40) AS k FROM range(2500000) r(i)) "
        f"TO '{tmp_path / 'keys.parquet'}'"
    )
    table = open_table(str(tmp_path / "keys.parquet"), memory_limit="100MB")
    schema = DataSchema(columns={"k": of("STRING", unique=True, max_length=20), "i": of("INT64", max=2_499_997)})
    found = {f.rule: f.num_rows for f in check_table(table, schema).findings}
    assert found == {"unique": 2_500_000, "max_length": 2_500_000, "max": 2}


def inject(source: Path, target: Path, changes: dict[str, dict[int, str]], **dialect: str) -> Path:
    """A copy of a CSV file in which some cells (column → row from 0 → text) are others."""
    with source.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file, **dialect))
    for column, cells in changes.items():
        for row, text in cells.items():
            rows[row + 1][rows[0].index(column)] = text
    with target.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, **dialect).writerows(rows)
    return target


def test_anomalies_put_into_the_taxi_trips_are_found_and_no_others(shared_data, tmp_path):
    source = shared_data / "chicago_taxi" / "data.csv"
    changes = {
        "fare": {10: "-5", 20: "", 30: ""},
        "payment_type": dict.fromkeys(range(100, 400), "Credit Crad"),
        "pickup_latitude": {77: "0.0"},
        "trip_start_month": dict.fromkeys(range(500, 900), "13"),
        "trip_seconds": {3: "-60"},
        "pickup_longitude": {5: "87.6"},
    }
    report = check_schema(str(inject(source, tmp_path / "bad.csv", changes)), infer_schema(str(source)).schema)
    found = {(f.column, f.rule): (f.num_rows, f.examples[0].where) for f in report.findings}
    assert found == {
        ("fare", "min"): (1, "row 11"),
        ("fare", "min_present_fraction"): (2, "row 21"),
        ("payment_type", "domain"): (300, "row 101"),
        ("pickup_latitude", "min"): (1, "row 78"),
        ("trip_start_month", "domain"): (400, "row 501"),
        ("trip_seconds", "min"): (1, "row 4"),
        ("pickup_longitude", "max"): (1, "row 6"),
    }
    assert next(f for f in report.findings if f.column == "payment_type").examples[0].nearest == "Credit Card"


def test_the_words_for_null_travel_in_the_schema(tmp_path):
    ages = [str(20 + index % 50) for index in range(300)]
    (tmp_path / "old.csv").write_text("age,job\n" + "\n".join(f"{age},pilot" for age in [*ages, "?"]))
    (tmp_path / "new.csv").write_text("age,job\n" + "\n".join(f"{age},pilot" for age in [*ages[:50], "?"]))
    schema = infer_schema(str(tmp_path / "old.csv")).schema
    assert "?" in (schema.null_words or ())
    assert check_schema(str(tmp_path / "new.csv"), schema).findings == ()


def test_unknown_of_the_bank_is_a_value_that_another_file_lacks(shared_data):
    folder = shared_data / "bank_marketing"
    schema = infer_schema(
        f"SELECT * EXCLUDE (poutcome), nullif(poutcome, 'unknown') AS poutcome FROM '{folder}/bank-full.csv'"
    )
    report = check_schema(str(folder / "bank.csv"), schema.schema)
    (finding,) = [f for f in report.findings if f.rule == "domain"]
    assert (finding.column, finding.num_rows, finding.examples[0].value) == ("poutcome", 3705, "unknown")
    with (folder / "bank.csv").open(newline="") as file:
        assert finding.num_rows == sum(row["poutcome"] == "unknown" for row in csv.DictReader(file, delimiter=";"))


def test_arrays_are_checked_for_type_and_presence():
    table = pa.table({"tags": [["a"], None, []] * 500, "n": [[1.0, None]] * 1_500})
    schema = infer_schema(table).schema
    assert {name: column.type.value for name, column in schema.columns.items()} == {
        "tags": "ARRAY<STRING>",
        "n": "ARRAY<FLOAT64>",
    }
    assert check_schema(table, schema).findings == ()
    (finding,) = check_schema(
        table.set_column(1, "n", pa.array([None] * 1_500, pa.list_(pa.float64()))), schema
    ).findings
    assert (finding.column, finding.rule) == ("n", "min_present_fraction")
    flat = table.set_column(1, "n", pa.array(["x"] * 1_500))
    (finding,) = check_schema(flat, schema).findings
    assert (finding.rule, finding.num_rows) == ("type", 1_500)

"""Types, rows and parameters in the shapes of the API."""

from __future__ import annotations

import datetime as dt
import decimal
import math

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hagane.errors import DataError
from hagane.session.rest.encode_rows import encode_rows
from hagane.session.rest.field_type import FieldType
from hagane.session.rest.query_parameters import query_parameters
from hagane.session.variable import Variable

scalars = st.sampled_from(
    [
        *("INT64", "FLOAT64", "BOOL", "STRING", "BYTES", "DATE", "DATETIME", "TIME", "TIMESTAMP", "JSON"),
        "GEOGRAPHY",
    ]
)
names = st.sampled_from(["a", "b c", "_x", "label"])


def _structs(inner):
    fields = st.lists(st.tuples(names, inner), min_size=1, max_size=3)
    return fields.map(lambda each: FieldType("STRUCT", tuple(each)))


types = st.recursive(
    scalars.map(FieldType) | st.just(FieldType("NUMERIC", precision="(10, 2)")),
    lambda inner: _structs(inner | inner.map(lambda kind: FieldType(kind.name, kind.fields, True, kind.precision))),
    max_leaves=6,
)


@given(types)
def test_a_type_is_read_back_from_sql_and_from_the_api(kind):
    assert FieldType.parse(kind.sql) == kind
    assert FieldType.of_resource(kind.resource("x")) == FieldType.parse(kind.sql.replace("(10, 2)", "(10, 2)"))


@pytest.mark.parametrize(
    "text", ["", "INT", "ARRAY<", "STRUCT<a>", "INT64 INT64", "ARRAY<INT64", "INT64;", "STRUCT<a INT64"]
)
def test_what_is_no_type_is_refused(text):
    with pytest.raises(DataError, match="no type"):
        FieldType.parse(text)


def encoded(values, arrow_type, sql_type, **options):
    table = pa.table({"x": pa.array(values, arrow_type)})
    return [row["f"][0]["v"] for row in encode_rows(table, [FieldType.parse(sql_type)], **options)]


def test_scalars_as_text():
    assert encoded([1, None], pa.int64(), "INT64") == ["1", None]
    assert encoded([1.0, math.nan, -math.inf, 1e300], pa.float64(), "FLOAT64") == ["1.0", "NaN", "-Infinity", "1e+300"]
    assert encoded([True, False], pa.bool_(), "BOOL") == ["true", "false"]
    assert encoded([b"ab"], pa.binary(), "BYTES") == ["YWI="]
    assert encoded([decimal.Decimal("1.50"), decimal.Decimal("100")], pa.decimal128(38, 9), "NUMERIC") == ["1.5", "100"]
    assert encoded([dt.date(2020, 1, 2)], pa.date32(), "DATE") == ["2020-01-02"]
    assert encoded([dt.time(1, 2, 3), dt.time(1, 2, 3, 4)], pa.time64("us"), "TIME") == ["01:02:03", "01:02:03.000004"]
    times = [dt.datetime(2020, 1, 2, 3), dt.datetime(2020, 1, 2, 3, 0, 0, 500_000)]
    assert encoded(times, pa.timestamp("us"), "DATETIME") == ["2020-01-02T03:00:00", "2020-01-02T03:00:00.500000"]


def test_timestamps_as_microseconds_or_seconds():
    times = [dt.datetime(2020, 1, 1, 0, 0, 0, 5, tzinfo=dt.UTC), dt.datetime(1969, 12, 31, 23, 59, 59, 500_000, dt.UTC)]
    assert encoded(times, pa.timestamp("us", "UTC"), "TIMESTAMP") == ["1577836800000005", "-500000"]
    seconds = encoded(times, pa.timestamp("us", "UTC"), "TIMESTAMP", int64_timestamps=False)
    assert seconds == ["1577836800.000005", "-0.500000"]


def test_intervals():
    interval = pa.array([pa.MonthDayNano([14, -3, 3_723_500_000_000])], pa.month_day_nano_interval())
    assert encoded(interval, None, "INTERVAL") == ["1-2 -3 1:2:3.5"]


def test_arrays_and_structs_in_slices():
    arrow = pa.list_(pa.struct([("n", pa.int64()), ("tags", pa.list_(pa.string()))]))
    values = [[], [{"n": 1, "tags": ["a", None]}], None, [{"n": None, "tags": None}, None]]
    table = pa.table({"x": pa.array(values, arrow)}).slice(1)
    kind = FieldType.parse("ARRAY<STRUCT<n INT64, tags ARRAY<STRING>>>")
    found = [row["f"][0]["v"] for row in encode_rows(table, [kind])]
    one = {"f": [{"v": "1"}, {"v": [{"v": "a"}, {"v": None}]}]}
    assert found == [[{"v": one}], [], [{"v": {"f": [{"v": None}, {"v": []}]}}, {"v": None}]]


def test_parameters_of_every_type():
    def scalar(kind, value):
        return {"name": kind.lower(), "parameterType": {"type": kind}, "parameterValue": {"value": value}}

    given_ = [
        scalar("INT64", "3"), scalar("FLOAT64", "nan"), scalar("BOOL", "true"), scalar("STRING", "x"),
        scalar("BYTES", "YWI="), scalar("DATE", "2020-01-02"), scalar("TIME", "01:02:03.5"), scalar("NUMERIC", "1.5"),
        scalar("DATETIME", "2020-01-02T03:04:05.5"), scalar("TIMESTAMP", "2020-01-01 09:00:00+09:00"),
        scalar("JSON", None),
    ]  # fmt: skip
    found = query_parameters(given_)
    assert isinstance(found, dict)
    assert math.isnan(found.pop("float64").value)
    assert {name: variable.value for name, variable in found.items()} == {
        "int64": 3, "bool": True, "string": "x", "bytes": b"ab", "date": dt.date(2020, 1, 2),
        "time": dt.time(1, 2, 3, 500_000), "numeric": decimal.Decimal("1.5"),
        "datetime": dt.datetime(2020, 1, 2, 3, 4, 5, 500_000), "timestamp": dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
        "json": None,
    }  # fmt: skip


def test_parameters_that_nest():
    array = {"type": "ARRAY", "arrayType": {"type": "INT64"}}
    fields = [{"name": "p", "type": {"type": "FLOAT64"}}, {"name": "q", "type": array}]
    struct = {"type": "STRUCT", "structTypes": fields}
    value = {"structValues": {"p": {"value": 0.5}, "q": {"arrayValues": [{"value": "1"}]}}}
    array = {"parameterType": {"type": "ARRAY", "arrayType": struct}, "parameterValue": {"arrayValues": [value]}}
    text = "STRUCT<`p` FLOAT64, `q` ARRAY<INT64>>"
    assert query_parameters([array]) == [Variable(f"ARRAY<{text}>", [{"p": 0.5, "q": [1]}])]


def test_every_parameter_that_cannot_be_read_is_named():
    given_ = [
        {"name": "a", "parameterType": {"type": "INT64"}, "parameterValue": {"value": "x"}},
        {"name": "b", "parameterType": {"type": "INTEGRAL"}, "parameterValue": {"value": "1"}},
        {"name": "c", "parameterValue": {"value": "1"}},
    ]
    with pytest.raises(DataError) as caught:
        query_parameters(given_)
    assert [fault.what.split()[-4] for fault in caught.value.faults] == ["a", "b", "c"]

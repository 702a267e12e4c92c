"""The border's rules, type by type: against numpy, Python's own parsers, and values worked out by hand."""

from __future__ import annotations

import datetime
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hagane.bundle import values
from hagane.bundle.column_decoder import ColumnDecoder
from hagane.bundle.values import CONVERTERS, Refusal
from hagane.types import SqlType as T

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
TAKEN = [
    (T.BOOL, True, 1),
    (T.BOOL, False, 0),
    (T.BOOL, np.True_, 1),
    (T.INT64, 3.0, 3),
    (T.INT64, -0.0, 0),
    (T.INT64, 2**63 - 1, 2**63 - 1),
    (T.INT64, -(2**63), -(2**63)),
    (T.INT64, np.int32(7), 7),
    (T.INT64, 2**53 + 1, 2**53 + 1),
    (T.FLOAT64, 3, 3.0),
    (T.FLOAT64, 2**63, 2.0**63),
    (T.FLOAT64, "Infinity", math.inf),
    (T.FLOAT64, "-Infinity", -math.inf),
    (T.FLOAT64, "NaN", None),
    (T.FLOAT64, math.nan, None),
    (T.FLOAT64, np.float32(0.5), 0.5),
    (T.FLOAT64, math.inf, math.inf),
    (T.STRING, "", ""),
    (T.STRING, "鋼\0🙂", "鋼\0🙂"),
    (T.STRING, "NULL", "NULL"),
    (T.TIMESTAMP, "2013-01-01T05:00:00Z", 1_357_016_400_000_000),
    (T.TIMESTAMP, "2013-01-01 05:00:00", 1_357_016_400_000_000),
    (T.TIMESTAMP, "2013-01-01T00:00:00-05:00", 1_357_016_400_000_000),
    (T.TIMESTAMP, "2013-01-01", 1_356_998_400_000_000),
    (T.TIMESTAMP, "2013-01-01 05:00:00 UTC", 1_357_016_400_000_000),
    (T.TIMESTAMP, "2013-01-01T05:00z", 1_357_016_400_000_000),
    (T.TIMESTAMP, "2013-01-01 05:00:00+00", 1_357_016_400_000_000),
    (T.TIMESTAMP, "1970-01-01T00:00:00.1234567Z", 123_456),
    (T.TIMESTAMP, "1969-12-31T23:59:59.999999Z", -1),
    (T.TIMESTAMP, "0001-01-01T00:00:00Z", -62_135_596_800_000_000),
    (T.TIMESTAMP, "9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
    (T.TIMESTAMP, datetime.datetime(1970, 1, 1, 0, 0, 1), 1_000_000),
    (T.TIMESTAMP, np.datetime64("1970-01-01T00:00:01", "ns"), 1_000_000),
    (T.TIMESTAMP, np.datetime64("NaT"), None),
    (T.DATE, "1970-01-02", 1),
    (T.DATE, "2000-02-29", 11_016),
    (T.DATE, datetime.date(1969, 12, 31), -1),
]
REFUSED = [
    (T.BOOL, 1, values.NOT_BOOL),
    (T.BOOL, "true", values.NOT_BOOL),
    (T.INT64, 3.5, values.NOT_INT64),
    (T.INT64, True, values.NOT_INT64),
    (T.INT64, "x", values.NOT_INT64),
    (T.INT64, math.nan, values.NOT_INT64),
    (T.INT64, math.inf, values.NOT_INT64),
    (T.INT64, [], values.NOT_INT64),
    (T.INT64, 2**63, values.INT64_RANGE),
    (T.INT64, 1e19, values.INT64_RANGE),
    (T.INT64, 2.0**63, values.INT64_RANGE),
    (T.INT64, -(2**63) - 1, values.INT64_RANGE),
    (T.INT64, 10**400, values.INT64_RANGE),
    (T.FLOAT64, True, values.NOT_FLOAT64),
    (T.FLOAT64, "inf", values.NOT_FLOAT64),
    (T.FLOAT64, "nan", values.NOT_FLOAT64),
    (T.FLOAT64, 10**400, values.FLOAT64_RANGE),
    (T.FLOAT64, {}, values.NOT_FLOAT64),
    (T.STRING, 3, values.NOT_STRING),
    (T.STRING, "\ud800", values.NOT_UNICODE),
    (T.STRING, b"x", values.NOT_STRING),
    (T.TIMESTAMP, 1_357_016_400, values.NOT_TIMESTAMP),
    (T.TIMESTAMP, "yesterday", values.NOT_TIMESTAMP),
    (T.TIMESTAMP, "20130101T050000Z", values.NOT_TIMESTAMP),
    (T.TIMESTAMP, "2013-01-01T05", values.NOT_TIMESTAMP),
    (T.TIMESTAMP, "2013-01-01T05:00:00Z\n", values.NOT_TIMESTAMP),
    (T.TIMESTAMP, "2013-13-01", values.TIMESTAMP_RANGE),
    (T.TIMESTAMP, "2013-01-01T24:00:00Z", values.TIMESTAMP_RANGE),
    (T.TIMESTAMP, "2013-01-01T05:00:60Z", values.TIMESTAMP_RANGE),
    (T.TIMESTAMP, "0001-01-01T00:00:00+01:00", values.TIMESTAMP_RANGE),
    (T.TIMESTAMP, "0000-01-01", values.TIMESTAMP_RANGE),
    (T.TIMESTAMP, "9999-12-31T23:59:59-01:00", values.TIMESTAMP_RANGE),
    (T.TIMESTAMP, "٢٠١٣-01-01", values.NOT_TIMESTAMP),
    (T.DATE, "2013-02-30", values.DATE_RANGE),
    (T.DATE, "2013-1-1", values.NOT_DATE),
    (T.DATE, 5, values.NOT_DATE),
    (T.DATE, "2013-01-01T00:00:00Z", values.NOT_DATE),
    (T.DATE, datetime.datetime(2013, 1, 1), values.NOT_DATE),
]


@pytest.mark.parametrize(("sql_type", "value", "expected"), TAKEN, ids=repr)
def test_taken(sql_type: T, value: object, expected: object) -> None:
    result = CONVERTERS[sql_type](value, False)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(("sql_type", "value", "refusal"), REFUSED, ids=lambda part: ascii(part)[:60])
def test_refused(sql_type: T, value: object, refusal: Refusal) -> None:
    assert CONVERTERS[sql_type](value, False) == refusal


@pytest.mark.parametrize("sql_type", T)
def test_null_is_null(sql_type: T) -> None:
    assert CONVERTERS[sql_type](None, False) is None


@pytest.mark.parametrize(
    ("sql_type", "text", "expected"),
    [
        (T.INT64, "42", 42),
        (T.INT64, "-9223372036854775808", -(2**63)),
        (T.FLOAT64, "1e3", 1000.0),
        (T.FLOAT64, ".5", 0.5),
        (T.INT64, "9223372036854775808", values.INT64_RANGE),
        (T.INT64, "1_000", values.NOT_INT64),
        (T.INT64, "0x10", values.NOT_INT64),
        (T.FLOAT64, "1,5", values.NOT_FLOAT64),
        (T.FLOAT64, "1e999", values.FLOAT64_RANGE),
        (T.INT64, " 1", values.NOT_INT64),
    ],
)
def test_numbers_in_quotes_only_when_asked(sql_type: T, text: str, expected: object) -> None:
    assert CONVERTERS[sql_type](text, True) == expected
    assert isinstance(CONVERTERS[sql_type](text, False), Refusal)


def test_a_number_in_quotes_says_what_to_do() -> None:
    assert CONVERTERS[T.INT64]("3", False) == Refusal(values.NOT_INT64.expected, values.QUOTED)


OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: datetime.timezone(datetime.timedelta(minutes=minutes)))


@given(
    st.datetimes(datetime.datetime(2, 1, 1), datetime.datetime(9998, 12, 31), timezones=OFFSETS), st.sampled_from("T t")
)
def test_timestamps_agree_with_the_calendar_of_python(moment: datetime.datetime, separator: str) -> None:
    expected = (moment - EPOCH) // datetime.timedelta(microseconds=1)
    assert CONVERTERS[T.TIMESTAMP](moment.isoformat(separator), False) == expected
    assert CONVERTERS[T.TIMESTAMP](moment, False) == expected


@given(st.dates())
def test_dates_agree_with_numpy(day: datetime.date) -> None:
    assert CONVERTERS[T.DATE](day.isoformat(), False) == int(np.datetime64(day, "D").astype(np.int64))


RAW = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.text(st.characters()), st.just([]))
HOMOGENEOUS = st.one_of(
    st.lists(st.integers(-(2**70), 2**70)),
    st.lists(st.floats() | st.integers() | st.none()),
    st.lists(st.text(st.characters())),
    st.lists(st.booleans()),
    st.lists(RAW),
    st.lists(st.text(st.characters(categories=["Cs", "Lu"]), max_size=2)),
)


@given(st.sampled_from(list(T)), HOMOGENEOUS)
def test_the_fast_way_agrees_with_the_slow_way(sql_type: T, raw: list[object]) -> None:
    decoder = ColumnDecoder(sql_type, numeric_strings=False)
    fast, (slow, refusals) = decoder.fast(raw), decoder.slow(raw)
    if fast is None:
        return
    assert refusals == []
    assert fast.valid is None
    assert slow.valid is None or slow.valid.all()
    assert fast.data.dtype == slow.data.dtype
    np.testing.assert_array_equal(fast.data, slow.data)


@given(st.lists(RAW))
def test_slow_columns_mark_exactly_the_nulls_and_the_refused(raw: list[object]) -> None:
    column, refusals = ColumnDecoder(T.INT64, numeric_strings=False).slow(raw)
    assert column.valid is not None
    missing = {row for row, value in enumerate(raw) if value is None} | {row for row, _ in refusals}
    assert missing == set(np.flatnonzero(~column.valid).tolist())

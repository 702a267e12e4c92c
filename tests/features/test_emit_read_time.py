"""Dates and times read from text, held against Python's datetime."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hagane.features import emit_read_time
from hagane.features.emit import Emitter
from hagane.runtime.session import Session
from hagane.sql.coerce import date_days, timestamp_microseconds

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def read(texts: list[str], name: str) -> list[Any]:
    found = SESSIONS[name].run({"text": np.array(texts, object)[:, None]}, ["data", "failed"])
    return [None if f else d for d, f in zip(found["data"][:, 0].tolist(), found["failed"][:, 0], strict=True)]


def _session(name: str) -> Session:
    e = Emitter()
    data, failed = getattr(emit_read_time, name)(e, e.input("text", str, ("n", 1)))
    e.output("data", data, np.int64, ("n", 1))
    e.output("failed", failed, np.bool_, ("n", 1))
    return Session(e.model().SerializeToString())


SESSIONS = {name: _session(name) for name in ("to_date", "to_timestamp")}
OFFSETS = st.integers(-14 * 60, 14 * 60)
MOMENTS = st.datetimes(datetime.datetime(2, 1, 1), datetime.datetime(9998, 12, 31))


@settings(max_examples=100, deadline=None)
@given(days=st.lists(st.dates(), min_size=1, max_size=50))
def test_days(days: list[datetime.date]) -> None:
    expected = [(day - EPOCH.date()).days for day in days]
    assert read([day.isoformat() for day in days], "to_date") == expected
    short = [f"{day.year:04}-{day.month}-{day.day}" for day in days]
    assert read(short, "to_date") == expected
    assert read(short, "to_timestamp") == [day * 86_400_000_000 for day in expected]


@settings(max_examples=100, deadline=None)
@given(moments=st.lists(st.tuples(MOMENTS, OFFSETS, st.sampled_from([" ", "T", "t"])), min_size=1, max_size=50))
def test_moments_with_offsets(moments: list[tuple[datetime.datetime, int, str]]) -> None:
    texts, expected = [], []
    for moment, minutes, separator in moments:
        zoned = moment.replace(tzinfo=datetime.timezone(datetime.timedelta(minutes=minutes)))
        texts.append(zoned.isoformat(separator))
        expected.append((zoned - EPOCH) // datetime.timedelta(microseconds=1))
    assert read(texts, "to_timestamp") == expected
    joined = [text[:-3] + text[-2:] for text in texts]
    assert read(joined, "to_timestamp") == expected


ANY = st.one_of(
    st.from_regex(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([ Tt][0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(\.[0-9]{1,7})?)?"
                  r"( UTC)?([+-][0-9]{1,4}(:[0-9]{1,2})?|Z|z)?", fullmatch=True, alphabet=st.characters(codec="ascii")),
    st.text("0123456789-:. TZUC+", max_size=30),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(texts=st.lists(ANY, min_size=1, max_size=50))
def test_the_graph_reads_what_the_binder_reads(texts: list[str]) -> None:
    first, last = -62_135_596_800_000_000, 253_402_300_799_999_999
    inside = [None if value is None or not first <= value <= last else value for value in read(texts, "to_timestamp")]
    assert inside == [timestamp_microseconds(text) for text in texts]
    assert read(texts, "to_date") == [date_days(text) for text in texts]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2020-01-02 23:59:60", "2020-01-03 00:00:00"),
        ("2020-01-02 +09", "2020-01-01 15:00:00"),
        ("2020-01-02 03:04:05 UTC+2", "2020-01-02 01:04:05"),
        ("2020-01-02 03:04:05+093", "2020-01-01 18:01:05"),
        ("2020-01-02 03:04:05+930", None),
        ("2020-01-02 03:04", None),
        ("2020-01-02 24:00:00", None),
        ("2020-01-02 03:04:05+14:01", None),
        ("2020-01-02 03:04:05 Asia/Tokyo", None),
        (" 2020-01-02", None),
    ],
)
def test_forms(text: str, expected: str | None) -> None:
    """By GoogleSQL's rules of canonical timestamps."""
    moment = expected and datetime.datetime.fromisoformat(f"{expected}+00:00")
    microseconds = moment and (moment - EPOCH) // datetime.timedelta(microseconds=1)
    assert read([text], "to_timestamp") == [microseconds]
    assert timestamp_microseconds(text) == microseconds

"""ML.FEATURES_AT_TIME and ML.ENTITY_FEATURES_AT_TIME, against Python that looks at one row after the other."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa
import pytest
from function_calls import call_table
from hypothesis import given, settings
from hypothesis import strategies as st

from hagane.errors import DataError

DAY = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
SCHEMA = pa.schema(
    [
        ("Entity_ID", pa.string()),
        ("visits", pa.int64()),
        ("place", pa.string()),
        ("feature_timestamp", pa.timestamp("us", "UTC")),
    ]
)
TIMES = pa.schema([("entity_id", pa.string()), ("time", pa.timestamp("us", "UTC")), ("label", pa.int64())])

rows = st.lists(
    st.fixed_dictionaries(
        {
            "Entity_ID": st.sampled_from(["a", "b", "c"]),
            "visits": st.none() | st.integers(0, 3),
            "place": st.none() | st.sampled_from(["x", "y"]),
            "feature_timestamp": st.integers(0, 6).map(lambda day: DAY + dt.timedelta(days=day)),
        }
    ),
    max_size=14,
)
asked_rows = st.lists(
    st.fixed_dictionaries(
        {
            "entity_id": st.sampled_from(["a", "b", "c", "d"]),
            "time": st.integers(-1, 7).map(lambda day: DAY + dt.timedelta(days=day)),
            "label": st.just(1),
        }
    ),
    max_size=6,
)


def latest(known: list[dict], entity: str, time: dt.datetime, num_rows: int, ignore_nulls: bool) -> list[dict]:
    """The definition, slowly."""

    def order(row: dict) -> tuple:
        nulls_first = (
            (row[name] is not None, row[name] or 0 if name == "visits" else row[name] or "") for name in FEATURES
        )
        return (row["feature_timestamp"], *nulls_first)

    before = sorted((r for r in known if r["Entity_ID"] == entity and r["feature_timestamp"] <= time), key=order)
    filled: list[dict[str, Any]] = []
    for row in before:
        last = filled[-1] if filled and ignore_nulls else {}
        filled.append({name: last.get(name) if row[name] is None and ignore_nulls else row[name] for name in row})
    return [row | {"feature_timestamp": time} for row in filled[-num_rows:]]


FEATURES = ("visits", "place")


def as_set(found: list[dict]) -> list[str]:
    names = ("Entity_ID", "feature_timestamp", *FEATURES)
    return sorted(repr([str(row[name]) for name in names]) for row in found)


@settings(max_examples=20)
@given(rows, st.integers(-1, 7), st.integers(1, 3), st.booleans())
def test_one_time_for_all(shared_workspace, known, day, num_rows, ignore_nulls):
    time = DAY + dt.timedelta(days=day)
    table = call_table(
        "ML.FEATURES_AT_TIME",
        shared_workspace,
        None,
        pa.Table.from_pylist(known, SCHEMA),
        time=time,
        num_rows=num_rows,
        ignore_feature_nulls=ignore_nulls,
    )
    assert table.schema.names == SCHEMA.names
    expected = [row for entity in "abc" for row in latest(known, entity, time, num_rows, ignore_nulls)]
    assert as_set(table.to_pylist()) == as_set(expected)


@settings(max_examples=20)
@given(rows, asked_rows, st.integers(1, 3), st.booleans())
def test_a_time_for_each(shared_workspace, known, asked, num_rows, ignore_nulls):
    table = call_table(
        "ML.ENTITY_FEATURES_AT_TIME",
        shared_workspace,
        None,
        pa.Table.from_pylist(known, SCHEMA),
        pa.Table.from_pylist(asked, TIMES),
        num_rows=num_rows,
        ignore_feature_nulls=ignore_nulls,
    )
    assert table.schema.names == SCHEMA.names  # the label is to be joined back
    expected = [row for ask in asked for row in latest(known, ask["entity_id"], ask["time"], num_rows, ignore_nulls)]
    assert as_set(table.to_pylist()) == as_set(expected)


def test_now_is_the_default_and_the_future_is_not_known(shared_workspace):
    now = dt.datetime.now(dt.UTC)
    known = [
        {"Entity_ID": "a", "visits": 1, "place": "x", "feature_timestamp": now - dt.timedelta(hours=1)},
        {"Entity_ID": "a", "visits": 2, "place": "x", "feature_timestamp": now + dt.timedelta(hours=1)},
    ]
    [row] = call_table("ML.FEATURES_AT_TIME", shared_workspace, None, pa.Table.from_pylist(known, SCHEMA)).to_pylist()
    assert row["visits"] == 1
    assert now <= row["feature_timestamp"] < now + dt.timedelta(hours=1)


def test_a_time_without_zone_is_utc(shared_workspace):
    naive = pa.schema([*list(SCHEMA)[:3], ("feature_timestamp", pa.timestamp("us"))])
    known = [{"Entity_ID": "a", "visits": 1, "place": "x", "feature_timestamp": dt.datetime(2024, 1, 1)}]
    for time in (dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 1, 9, tzinfo=dt.timezone(dt.timedelta(hours=9)))):
        table = pa.Table.from_pylist(known, naive)
        [row] = call_table("ML.FEATURES_AT_TIME", shared_workspace, None, table, time=time).to_pylist()
        assert row["feature_timestamp"] == dt.datetime(2024, 1, 1)


@pytest.mark.parametrize(
    ("schema", "faults"),
    [
        ({"entity_id": pa.int64(), "x": pa.int64(), "feature_timestamp": pa.date32()}, ["another type"] * 2),
        ({"x": pa.int64()}, ["no column 'entity_id'", "no column 'feature_timestamp'"]),
        ({"entity_id": pa.string(), "feature_timestamp": pa.timestamp("us")}, ["holds no feature"]),
    ],
)
def test_other_tables_are_refused(shared_workspace, schema, faults):
    with pytest.raises(DataError) as caught:
        call_table("ML.FEATURES_AT_TIME", shared_workspace, None, pa.schema(schema).empty_table())
    assert len(caught.value.faults) == len(faults)
    for fault, part in zip(caught.value.faults, faults, strict=True):
        assert part in fault.what


def test_entity_times_must_name_their_time(shared_workspace):
    asked = pa.table({"entity_id": ["a"], "feature_timestamp": pa.array([DAY], pa.timestamp("us", "UTC"))})
    with pytest.raises(DataError, match="no column 'time'"):
        call_table("ML.ENTITY_FEATURES_AT_TIME", shared_workspace, None, SCHEMA.empty_table(), asked)

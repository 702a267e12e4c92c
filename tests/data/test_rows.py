"""Rows from Python's iterators."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hagane.data.open_table import open_table
from hagane.errors import DataError


def test_a_generator_of_mappings() -> None:
    def rows() -> Iterator[dict[str, Any]]:
        for i in range(200_000):
            yield {"id": i, "job": "pilot" if i % 2 else None} | ({"late": 1.5} if i == 150_000 else {})

    table = open_table(rows())
    assert [(column.name, column.type.value) for column in table.schema] == [
        ("id", "INT64"), ("job", "STRING"), ("late", "FLOAT64")
    ]  # fmt: skip
    found = table.query("SELECT count(*) AS n, sum(id) AS s, count(job) AS jobs, max(late) AS late FROM data")
    assert found.to_pylist() == [{"n": 200_000, "s": sum(range(200_000)), "jobs": 100_000, "late": 1.5}]


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_frames_piece_by_piece(make: Any) -> None:
    table = open_table(make({"x": [i, i + 1]}) for i in range(0, 10, 2))
    assert table.query("SELECT x FROM data")["x"].to_pylist() == list(range(10))


def test_whole_numbers_become_decimals_where_they_turn_up() -> None:
    rows = [{"x": 1}] * 70_000 + [{"x": 0.5}]
    table = open_table(rows)
    assert table.schema["x"].type.value == "FLOAT64"
    assert table.query("SELECT sum(x) AS s FROM data").to_pylist() == [{"s": 70_000.5}]


def test_a_list_of_mappings_is_rows_and_a_list_of_paths_is_paths() -> None:
    assert open_table([{"x": None}, {"x": "a"}]).schema["x"].type.value == "STRING"
    with pytest.raises(DataError, match="no file at"):
        open_table(["none.csv"])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"x": 1}, {"x": "one"}], "row 1"),
        ([{"x": 1}, {"x": True}], "row 1"),
        ([{"x": 1}] * 65_536 + [{"x": "one"}], "rows from 65536"),
        ([{"x": 1}, 7], "row 1"),
        ([(1, 2)], "row 0"),
        ([], "there are no rows"),
        ([{}, {}], "there are no columns"),
        ([{"x": 1, "X": 2}], "two columns are named 'X'"),
    ],
)
def test_faults_say_which_row(rows: list[Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        open_table(iter(rows))


@given(st.lists(st.fixed_dictionaries({}, optional={"a": st.none() | st.integers(-9, 9) | st.floats(-1, 1),
                                                     "b": st.text()}), min_size=1))  # fmt: skip
def test_rows_come_back(rows: list[dict[str, Any]]) -> None:
    if not any(rows):
        return
    found = open_table(iter(rows)).query("SELECT * FROM data").to_pylist()
    for row, back in zip(rows, found, strict=True):
        assert {name: row.get(name) for name in back} == back


NOTHING = [None, math.nan, np.float32("nan"), pd.NA, pd.NaT]


@pytest.mark.parametrize("nothing", NOTHING, ids=repr)
@pytest.mark.parametrize(
    "value", ["a", 7, 2**53 + 1, 1.5, True, dt.datetime(2020, 1, 2, tzinfo=dt.UTC), dt.date(2020, 1, 2)], ids=repr
)
def test_what_stands_for_no_value_is_null_beside_any_value(value: object, nothing: object) -> None:
    for rows in ([value, nothing], [nothing, value], [value] * 65_536 + [nothing], [nothing] * 65_536 + [value]):
        table = open_table([{"x": each} for each in rows])
        assert table.schema["x"].type == open_table([{"x": value}]).schema["x"].type
        found = table.query("SELECT count(x) AS n, any_value(x) AS x FROM data").to_pylist()
        assert found == [{"n": sum(each is value for each in rows), "x": value}]


def test_a_column_of_nothing_but_nan_is_a_number() -> None:
    for rows in ([math.nan] * 2, [math.nan] + [None] * 70_000):
        table = open_table([{"x": x} for x in rows])
        assert table.schema["x"].type.value == "FLOAT64"
        assert table.query("SELECT count(x) AS n FROM data")["n"].to_pylist() == [0]


def test_pandas_rows_come_back_as_the_frame_does() -> None:
    frame = pd.DataFrame(
        {
            "n": [1.0, None, 3.0],
            "s": ["a", None, np.nan],
            "b": [True, None, False],
            "at": pd.to_datetime(["2020-01-02", None, "2021-03-04"]),
            "i": pd.array([1, None, 2], "Int64"),
        }
    )
    rows, whole = open_table(frame.to_dict("records")), open_table(frame)
    assert rows.schema == whole.schema
    assert rows.query("SELECT * FROM data").to_pylist() == whole.query("SELECT * FROM data").to_pylist()


def test_frames_piece_by_piece_may_be_empty_in_a_column() -> None:
    pieces = [pd.DataFrame({"x": [None, None]}), pd.DataFrame({"x": [np.nan]}), pd.DataFrame({"x": ["a"]})]
    assert open_table(pieces).query("SELECT x FROM data")["x"].to_pylist() == [None, None, None, "a"]


def test_a_lazy_frame_piece_by_piece() -> None:
    assert open_table([pl.DataFrame({"x": [1]}).lazy()] * 2).num_rows == 2

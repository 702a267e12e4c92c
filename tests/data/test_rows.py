"""Rows from Python's iterators."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

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

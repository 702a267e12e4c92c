"""Batches: types, order and content are the same by every road."""

from __future__ import annotations

import datetime
import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from hagane.data.arrow_types import ARROW_TYPES
from hagane.data.batches import can_read_directly
from hagane.data.column_data import column_data, columns_data
from hagane.data.engine import Engine
from hagane.data.keep_stream import keep_stream
from hagane.data.open_table import open_table
from hagane.data.wanted import Wanted
from hagane.progress import SILENT
from hagane.types import SqlType

VALUES = {
    SqlType.BOOL: st.booleans(),
    SqlType.INT64: st.integers(-(2**63), 2**63 - 1),
    SqlType.FLOAT64: st.floats(allow_nan=True),
    SqlType.STRING: st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    SqlType.TIMESTAMP: st.datetimes(
        datetime.datetime(1700, 1, 1), datetime.datetime(2200, 1, 1), timezones=st.just(datetime.UTC)
    ),
    SqlType.DATE: st.dates(datetime.date(1700, 1, 1), datetime.date(2200, 1, 1)),
}


@st.composite
def tables(draw):
    num_rows = draw(st.integers(0, 40))
    columns = {
        type_.value: pa.array(
            draw(st.lists(st.none() | values, min_size=num_rows, max_size=num_rows)), ARROW_TYPES[type_]
        )
        for type_, values in VALUES.items()
    }
    return pa.table(columns)


def without_nan(rows):
    return [{k: None if isinstance(v, float) and math.isnan(v) else v for k, v in row.items()} for row in rows]


@settings(max_examples=15, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(tables(), st.integers(1, 17), st.integers(1, 9))
def test_parquet_read_directly_equals_duckdb_equals_the_rows(tmp_path_factory, rows, batch_rows, group_rows):
    path = tmp_path_factory.mktemp("rows") / "rows.parquet"
    pq.write_table(rows, path, row_group_size=group_rows)
    table = open_table(path)
    assert can_read_directly(table.origin, table.schema)
    expected = without_nan(rows.to_pylist())
    for narrowed in (table, table.where("true")):
        for dictionary in (False, True):
            batches = list(narrowed.batches(batch_rows=batch_rows, dictionary=dictionary))
            assert all(0 < batch.num_rows <= batch_rows for batch in batches)
            assert [row for batch in batches for row in batch.to_pylist()] == expected
            for batch in batches:
                for column in table.schema:
                    is_text = dictionary and column.type is SqlType.STRING
                    wanted = pa.dictionary(pa.int32(), pa.string()) if is_text else ARROW_TYPES[column.type]
                    assert batch.schema.field(column.name).type == wanted


def test_nan_beside_extremes_that_leave_it_out_is_null(tmp_path):
    pq.write_table(pa.table({"x": [None, float("nan"), 1.5]}), tmp_path / "x.parquet")
    table = open_table(tmp_path / "x.parquet").where("true")
    assert [batch.column(0).to_pylist() for batch in table.batches()] == [[None, None, 1.5]]


def test_order_and_batches_are_the_same_on_every_pass(tmp_path):
    numbers = np.random.default_rng(0).permutation(300_000)
    rows = pa.table({"n": numbers, "s": (numbers % 7).astype(str)})
    for index in range(3):
        pq.write_table(rows.slice(index * 100_000, 100_000), tmp_path / f"{index}.parquet", row_group_size=7_000)
    table = open_table(tmp_path)
    for narrowed, expected in ((table, numbers), (table.where("n % 3 = 0"), numbers[numbers % 3 == 0])):
        for _ in range(3):
            read = np.concatenate([batch.column(0).to_numpy() for batch in narrowed.batches(["n"])])
            np.testing.assert_array_equal(read, expected)


@pytest.mark.parametrize(
    ("array", "type_", "data", "valid"),
    [
        (pa.array([1, None, -(2**63)]), SqlType.INT64, [1, 0, -(2**63)], [True, False, True]),
        (pa.array([True, None, False]), SqlType.BOOL, [1, 0, 0], [True, False, True]),
        (pa.array([True, False]), SqlType.BOOL, [1, 0], None),
        (pa.array([datetime.date(1969, 12, 31), None]), SqlType.DATE, [-1, 0], [True, False]),
        (pa.array([-1, None], pa.timestamp("us", "UTC")), SqlType.TIMESTAMP, [-1, 0], [True, False]),
        (pa.array(["é", None, ""]), SqlType.STRING, ["é", "", ""], [True, False, True]),
        (
            pa.array(["é", None, "", "é"]).dictionary_encode(),
            SqlType.STRING,
            ["é", "", "", "é"],
            [True, False, True, True],
        ),
        (pa.array([None, None], pa.dictionary(pa.int32(), pa.string())), SqlType.STRING, ["", ""], [False, False]),
        (pa.array(["a", "b", "c"]).dictionary_encode().slice(1), SqlType.STRING, ["b", "c"], None),
        (pa.array([1, None, 3]).slice(1), SqlType.INT64, [0, 3], [False, True]),
        (pa.array([], pa.int64()), SqlType.INT64, [], None),
    ],
)
def test_column_data(array, type_, data, valid):
    found = column_data(array, type_)
    assert found.data.dtype == (object if type_ is SqlType.STRING else np.int64)
    assert found.data.tolist() == data
    assert (found.valid is None and valid is None) or found.valid.tolist() == valid


def test_column_data_of_floats_has_nan_for_null():
    found = column_data(pa.array([1.0, None, float("inf")]), SqlType.FLOAT64)
    np.testing.assert_array_equal(found.data, [1.0, np.nan, np.inf])
    assert found.valid is None


def test_columns_data_takes_columns_by_name():
    table = open_table(pa.table({"a": [1], "b": ["x"]}))
    batch = next(iter(table.batches(["b", "a"])))
    assert {name: values.data.tolist() for name, values in columns_data(batch, table.schema).items()} == {
        "a": [1],
        "b": ["x"],
    }


def test_fingerprints_change_with_what_they_stand_for(tmp_path):
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"n": [1, 2]}), path)
    table = open_table(path)
    first = table.fingerprint()
    assert open_table(path).fingerprint() == first
    others = [table.where("n > 1").fingerprint(), open_table(f"SELECT n FROM '{path}'").fingerprint()]
    frames = [open_table(pa.table({"n": values})).fingerprint() for values in ([1, 2], [1, 3])]
    assert frames[0] == open_table(pa.table({"n": pa.chunked_array([[1], [2]])})).fingerprint()
    query = open_table(f"SELECT n + 1 AS n FROM '{path}'").fingerprint()
    assert query == open_table(f"SELECT n + 1 AS n FROM '{path}'").fingerprint()
    pq.write_table(pa.table({"n": [1, 4]}), path)
    changed = open_table(path).fingerprint()
    changed_query = open_table(f"SELECT n + 1 AS n FROM '{path}'").fingerprint()
    assert len({first, *others, *frames, query, changed, changed_query}) == 8


def test_what_was_parsed_is_known_by_its_rows(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("s,y\n" + "unknown,1\nb,2\n" * 50)
    plain = open_table(path, wanted=Wanted(null_words=()))
    with_nulls = open_table(path, wanted=Wanted(null_words=("unknown",)))
    assert plain.fingerprint() != with_nulls.fingerprint()
    (tmp_path / "moved.csv").write_bytes(path.read_bytes())
    assert open_table(tmp_path / "moved.csv", wanted=Wanted(null_words=())).fingerprint() == plain.fingerprint()


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl"])
@pytest.mark.parametrize("source", ["{path}", "SELECT n + 1 AS n FROM '{path}'"])
def test_a_file_that_changed_after_it_was_parsed_is_not_taken_for_its_rows(tmp_path, name, source):
    path = tmp_path / name
    line = "{}" if name == "rows.csv" else '{{"n": {}}}'
    path.write_text("n\n" * (name == "rows.csv") + f"{line.format(1)}\n{line.format(2)}\n")
    table = open_table(source.format(path=path))
    path.write_text(path.read_text().replace("1", "3"))
    assert table.fingerprint() != open_table(source.format(path=path)).fingerprint()


def test_a_query_whose_rows_differ_from_run_to_run_is_other_data_each_time(tmp_path):
    pq.write_table(pa.table({"n": range(100)}), tmp_path / "rows.parquet")
    for query, is_same in (("SELECT n, random() AS r", False), ("SELECT n, n % 7 AS r", True)):
        first, second = (open_table(f"{query} FROM '{tmp_path}/rows.parquet'").fingerprint() for _ in range(2))
        assert (first == second) is is_same


def test_the_order_of_a_stream_counts():
    one, other = pa.table({"n": [1, 2, 3]}), pa.table({"n": [1, 3, 2]})
    kept = [
        keep_stream(Engine(), rows.schema, iter(rows.to_batches()), what="rows", is_ordered=ordered, progress=SILENT)
        for rows, ordered in ((one, True), (other, True), (one, False), (other, False))
    ]
    identities = [origin.identity() for origin in kept]
    assert identities[0] != identities[1]
    assert identities[2] == identities[3]
